# SPDX-License-Identifier: GPL-2.0-or-later
# The tests; docs/testing.md says how to run one of them, and why one fails.

MAN_DEPS := mandoc zsh

TEST_SOURCES := $(call files,tests/unit,-name 'test_*.c')
TEST_SUPPORT := $(filter-out $(TEST_SOURCES),$(call files,tests/unit,-name '*.c'))
# Those that take longest first, so that none of them is alone at the end: some compute, some wait.
LONG	     := $(foreach t,answer capture commit enable errors hanging hook main progress setup_hanging watch,%/test_$(t))
TESTS	     := $(TEST_SOURCES:tests/unit/%.c=$(B)/tests/%)
TESTS	     := $(filter $(LONG),$(TESTS)) $(filter-out $(LONG),$(TESTS))

FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TARGETS := $(FUZZ_SOURCES:tests/fuzz/fuzz_%.c=$(B)/fuzz/%)

JOBS := -j$(shell nproc)

# UNIT="bdf fs" makes check-unit, check-san and check-valgrind run these suites alone.
UNIT	 ?=
RUN_TESTS = $(if $(UNIT),$(filter $(UNIT:%=\%/test_%),$(TESTS)),$(TESTS))
NO_SUITES = $(strip $(foreach suite,$(UNIT),$(if $(filter %/test_$(suite),$(TESTS)),,$(suite))))

# Before a command that may print nothing for minutes.
still = mk/still-running $@

known-suites:
	$(if $(NO_SUITES),@echo 'no such suite: $(NO_SUITES)' >&2; false)

# Those that build, one after the other, whatever -j says: two of them build into the same directory.
check: ## every test but check-more, check-host and check-deb
	@mk/install-packages $(DEPS) $(MAN_DEPS) $(SCRIPTS_DEPS)
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE) --no-print-directory $(JOBS) --output-sync=target check-man check-po check-scripts
	@rm -rf $(B)/json
	@$(MAKE) --no-print-directory check-unit
	@$(MAKE) --no-print-directory check-kept-json
	@$(MAKE) --no-print-directory check-html
	@$(MAKE) --no-print-directory check-san
	@$(MAKE) --no-print-directory check-fuzz
	@$(MAKE) --no-print-directory check-kernel

# ---- texts and scripts ----

deps-man:
	@mk/install-packages $(DEPS) $(MAN_DEPS)

# What the programs have, against what the manual pages, the completions and debian/ say of it.
check-man: deps-man same-version ## manual pages, --help, completions, debian/control agree with the programs
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(still) tests/package/check-man $(B) '$(filter-out build-essential,$(DEPS))'

# Messages, against what po/ has of them.
check-po: deps ## every message is translated; the two READMEs agree
	@$(still) tests/package/check-po $(TEXTS)
	@tests/package/check-readme

# What --json prints, against docs/schema/.
JSON_DEPS := mandoc python3-jsonschema
JSON_SUITES := plan_json show_json rehearse mapping_verb sriov_verb check_print early_verb
check-json: deps ## what --json prints fits its schemas, and is in the manual page
	@rm -rf $(B)/json
	@$(MAKE) --no-print-directory check-unit UNIT='$(JSON_SUITES)'
	@$(MAKE) --no-print-directory check-kept-json

# The same after check-unit, which keeps it, too.
check-kept-json: deps
	@mk/install-packages $(JSON_DEPS)
	@$(still) tests/json/check $(B)

SCRIPTS_DEPS := cpio
check-scripts: deps ## the scripts of mk/ and tests/ in odd surroundings
	@mk/install-packages $(SCRIPTS_DEPS)
	@$(still) tests/scripts/check

# ---- unit tests ----

# Each suite is a cmocka program; summarise adds their totals up and fails when any test did.
check-unit: known-suites deps ## the unit tests; UNIT="bdf fs" names suites
	@$(MAKE) --no-print-directory $(JOBS) all unit-tests
	@$(still) tests/summarise unit $(RUN_TESTS)

# The pages of `host-setup groups --html` in a browser.
check-html: deps ## the page of a host in Debian's chromium; HTML_KEEP=DIR keeps screenshots
	@mk/install-packages chromium
	@$(MAKE) --no-print-directory $(JOBS) all $(B)/html-host
	@$(still) tests/html/check $(CURDIR)/$(B)

$(B)/html-host: tests/html/host.c $(B)/tests/unit/tree.o $(B)/tests/unit/picturecase.o $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# For everything that runs under LeakSanitizer. The suppressions are for libpci 3.13 and later, and go by function
# names: libraries are built without frame pointers, so that only the slow unwinder finds those.
export LSAN_OPTIONS := suppressions=$(CURDIR)/tests/sanitizers/suppressions:print_suppressions=0$(shell \
	pkg-config --atleast-version=3.13 libpci 2>/dev/null && echo :fast_unwind_on_malloc=0:malloc_context_size=8)

# What is freed is kept apart, and so is copied by each fork, and searched at the end of each process: 16 MB of it in
# place of 256 halve what the suites take that start the programs often.
export ASAN_OPTIONS := quarantine_size_mb=16

SAN_B := $(B)/san
SAN := B=$(SAN_B) CFLAGS='-O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' \
	FORTIFY=-U_FORTIFY_SOURCE LDFLAGS='-fsanitize=address,undefined'
check-san: known-suites deps ## the same under AddressSanitizer and UBSan
	@$(MAKE) --no-print-directory $(JOBS) $(SAN) all unit-tests $(SAN_B)/lookup
	@tests/sanitizers/check-suppressions $(SAN_B)/lookup
	@$(still) tests/summarise sanitizers $(RUN_TESTS:$(B)/%=$(SAN_B)/%)

$(B)/lookup: tests/sanitizers/lookup.c Makefile
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBS)

# Under memcheck, for what the sanitizers do not see: memory that was never written, and the descriptors with which
# the programs end. Part of check-more: it takes minutes, most of it in starting processes. Left out are hook, vf,
# errors and commit, which make thousands of processes to die or to fail and run under the sanitizers, and program and
# early_script, which look at what a program inherits or prints: under valgrind that is valgrind's, too. Without
# optimization, because memcheck does not look into the registers of fork()'s caller for what is still held.
VG_B := $(B)/valgrind
VG_TESTS = $(filter-out %/test_hook %/test_vf %/test_errors %/test_commit %/test_program %/test_early_script,$(RUN_TESTS:$(B)/%=$(VG_B)/%))
check-valgrind: known-suites deps ## the unit tests and the programs under valgrind
	@mk/install-packages valgrind
	@$(MAKE) --no-print-directory $(JOBS) B=$(VG_B) CFLAGS='-O0 -g1' FORTIFY=-U_FORTIFY_SOURCE RUN_VALGRIND=1 \
		all unit-tests $(VG_B)/preload.so
	@RUN='tests/valgrind/run $(VG_B)/preload.so' $(still) tests/summarise valgrind $(VG_TESTS)

$(B)/preload.so: tests/valgrind/preload.c Makefile
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -O1 -g -shared -fPIC -o $@ $<

unit-tests: $(RUN_TESTS) $(CATALOGS) $(LOCALES)

# What a second compiler has to say of it all, without linking.
objects: $(OBJECTS) $(MAINS:%.c=$(B)/%.o) $(patsubst %.c,$(B)/%.o,$(TEST_SOURCES) $(TEST_SUPPORT) $(wildcard tests/fuzz/*.c))

RUN_VALGRIND := 0
TEST_CPPFLAGS := -DTESTS_DIR='"$(CURDIR)/tests"' -DTEST_BUILD='"$(CURDIR)/$(B)"' -DRUN_VALGRIND=$(RUN_VALGRIND) -Itests/unit
# The fake kernel of the tests stands behind the one raw write below /sys; host-setup dies or fails at
# any of its own writes and commands (tests/unit/hosttree.c). Every suite runs through descriptors.c, which
# fails a test that leaves a descriptor open.
TEST_LDFLAGS := -Wl,--wrap=fs_write_attr -Wl,--wrap=modules_load -Wl,--wrap=netlink_open \
	-Wl,--wrap=netlink_send -Wl,--wrap=activity_begin -Wl,--wrap=ioctl -Wl,--wrap=fork -Wl,--wrap=_cmocka_run_group_tests \
	$(foreach f,fs_replace_durably fs_remove_durably fs_remove_empty_dir fs_make_dir \
	fs_free_space program_act program_may_act commit_load_modules,-Wl,--wrap=$(f))

# There are over a hundred suites to be linked, in three builds: by a linker that takes a third of the time, where
# there is one.
FAST_LD := $(firstword $(foreach l,gold lld,$(if $(shell command -v ld.$(l)),-fuse-ld=$(l))))

$(B)/tests/unit/%.o: ALL_CPPFLAGS += $(TEST_CPPFLAGS)
$(TESTS): $(B)/tests/%: $(B)/tests/unit/%.o $(TEST_SUPPORT:%.c=$(B)/%.o) $(ARCHIVE)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(FAST_LD) $(TEST_LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVE) \
		$(LIBS) -lcmocka

# ---- hostile inputs ----

# Each target over its corpus, and over the same few thousand mutations of it every time.
check-fuzz: deps ## every parser over its corpus and thousands of mutations of it
	@$(MAKE) --no-print-directory $(JOBS) $(SAN) fuzz-targets
	@$(still) tests/fuzz/run check $(SAN_B)/fuzz

# The search itself. New inputs that it finds stay in $(FUZZ_B)/corpus for the next time.
FUZZ_SECONDS ?= 30
FUZZ	     ?=
FUZZ_B	     := $(B)/libfuzzer
FUZZ_CC	     := $(if $(filter clang%,$(notdir $(CC))),$(CC),clang)
fuzz: deps ## searches with libFuzzer for inputs that break a parser; FUZZ_SECONDS=, FUZZ="mapping vmcfg"
	@echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	$(FUZZ_CC) -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null || { \
		echo 'make fuzz needs clang with libFuzzer: apt-get install -y clang libclang-rt-dev' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(JOBS) B=$(FUZZ_B) CC=$(FUZZ_CC) FUZZ_DRIVER= FORTIFY=-U_FORTIFY_SOURCE \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
		LDFLAGS='-fsanitize=fuzzer,address,undefined' fuzz-targets
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(still) tests/fuzz/run search $(FUZZ_B)/fuzz $(FUZZ)

fuzz-targets: $(FUZZ_TARGETS)

# libFuzzer brings a main of its own. What is said is not looked at here.
FUZZ_DRIVER  ?= $(B)/tests/fuzz/driver.o
FUZZ_LDFLAGS := -Wl,--wrap=log_device
$(FUZZ_TARGETS): $(B)/fuzz/%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/fuzz.o $(FUZZ_DRIVER) $(ARCHIVE)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(FUZZ_LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVE) $(LIBS)

.PRECIOUS: $(B)/tests/unit/%.o $(B)/tests/fuzz/%.o
-include $(patsubst %.c,$(B)/%.d,$(TEST_SOURCES) $(TEST_SUPPORT) $(wildcard tests/fuzz/*.c))

# ---- whole machines ----

deps-lab:
	@tests/lab/deps

check-kernel: deps-lab deps ## scenarios on two real kernels, in QEMU; LAB_ONLY=, LAB_KEEP=, LAB_SUITES=
	@$(still) tests/lab/check-kernel

# What check-kernel has no time for. There is no limit of time; what cannot be had here is no success.
check-more: deps-lab deps ## the same under AMD's IOMMU, on the newest kernel, with SR-IOV cards, valgrind (an hour)
	@$(still) tests/lab/check-more

# A whole Debian in a disk image, from an untouched host to a VM's start and back. Its boots take minutes.
# LAB_HOST_SUITE=trixie takes another Debian.
check-host: deps-lab deps ## host-setup on a Debian with GRUB, then systemd-boot, in QEMU (minutes)
	@$(still) tests/lab/check-host

check-deb: ## the package's whole life in trees of Debian 12 and 13 (as root; minutes)
	@$(still) tests/package/check-deb

demo: deps-lab deps ## shows the program at work on a real kernel, in QEMU
	@$(still) tests/lab/demo

# What the programs cost: a report, no test. It takes minutes, and the network for the peers.
bench: deps-lab deps ## what the programs cost, as a report (minutes)
	@mk/install-packages valgrind strace
	@$(MAKE) --no-print-directory $(JOBS) all $(B)/bench-host $(B)/bench-uses
	@$(MAKE) --no-print-directory $(B)/valgrind/preload.so B=$(B)/valgrind
	@tests/bench/run $(CURDIR)/$(B)

$(B)/bench-host: tests/bench/host.c $(B)/tests/unit/tree.o $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

$(B)/bench-uses: tests/bench/uses.c $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

.PHONY: known-suites check check-man check-po check-json check-kept-json check-scripts check-unit check-html check-san check-valgrind unit-tests objects \
	check-fuzz fuzz fuzz-targets deps-man deps-lab check-kernel check-more check-host check-deb demo bench
