# SPDX-License-Identifier: GPL-2.0-or-later
#
# make            builds the program into build/
# make deps       installs what the build and `make check-unit` need (Debian, as root)
# make check      every test; make demo shows the program at work on a real kernel
# make fuzz       searches with libFuzzer for inputs that break the parsers; FUZZ_SECONDS= for each target, FUZZ=
#                 names the targets
# make install    DESTDIR= prefix= as usual; snippetdir= is Proxmox VE's folder for hookscripts, unitdir=
#                 that of systemd's units
# make deb        a Debian package of all that, in build/deb/

# The first entry of debian/changelog says the same; `make same-version` compares them.
VERSION := 0.1.0

prefix	    ?= /usr/local
sbindir	    ?= $(prefix)/sbin
snippetdir  ?= /var/lib/vz/snippets
unitdir	    ?= $(prefix)/lib/systemd/system
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
mandir	    ?= $(prefix)/share/man
localedir   ?= $(prefix)/share/locale
localesdir  ?= $(prefix)/share/pve-passthrough/locales
docdir	    ?= $(prefix)/share/doc/pve-passthrough
bashcompdir ?= $(prefix)/share/bash-completion/completions
zshcompdir  ?= $(prefix)/share/zsh/site-functions

B ?= build

# V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)	$(2)')

# ---- what is built ----

PROGRAMS := pve-passthrough host-setup
MAIN_pve-passthrough := hookscript/main.c
MAIN_host-setup := host/setup/main.c
PACKAGES := libpci libconfig libkmod json-c

MAINS	:= $(foreach p,$(PROGRAMS),$(MAIN_$(p)))
SOURCES := $(filter-out $(MAINS),$(sort $(wildcard host/*.c host/usage/*.c host/setup/*.c vmcfg/*.c hookscript/*.c)))
HEADERS := $(sort $(wildcard host/*.h host/usage/*.h host/setup/*.h vmcfg/*.h hookscript/*.h))
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
LIBRARY := $(B)/parts.a

TEST_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
TEST_SUPPORT := $(filter-out $(TEST_SOURCES),$(sort $(wildcard tests/unit/*.c)))
TESTS	     := $(TEST_SOURCES:tests/unit/%.c=$(B)/tests/%)

FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TARGETS := $(FUZZ_SOURCES:tests/fuzz/fuzz_%.c=$(B)/fuzz/%)

# ---- how ----

CC     ?= cc
CFLAGS ?= -O2 -g
# WERROR=1 in CI: a newer compiler's new warning should not keep a user from building.
WERROR ?=

# Whether the compiler takes the options $(1) on an empty file.
takes = $(shell printf '\043include <features.h>\n' | \
	$(CC) $(1) -Werror -O2 -x c -c -o /dev/null - 2>/dev/null && echo '$(1)')

# Those behind takes are gcc's alone.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wvla -Wformat=2 -Wundef \
	-Wcast-align -Wpointer-arith -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference \
	-Wredundant-decls -Wnested-externs -Wfloat-equal -Wdate-time -Wbad-function-cast \
	$(call takes,-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wjump-misses-init -Wtrampolines) \
	$(if $(WERROR),-Werror)

FORTIFY := $(or $(call takes,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDENING := $(FORTIFY) -fstack-protector-strong $(call takes,-fstack-clash-protection) \
	$(call takes,-fcf-protection) -fPIE
HARDENING_LINK := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed

ALL_CPPFLAGS = -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS   = -std=gnu11 $(WARNINGS) $(HARDENING) $(shell pkg-config --cflags $(PACKAGES)) $(CFLAGS)
ALL_LDFLAGS  = $(HARDENING_LINK) $(LDFLAGS)
LIBS	     = $(shell pkg-config --libs $(PACKAGES))

# What people read is in these languages too (po/), each a catalog for both programs.
LANGUAGES := $(patsubst po/%.po,%,$(wildcard po/*.po))
CATALOG	  := LC_MESSAGES/pve-passthrough.mo
CATALOGS  := $(LANGUAGES:%=$(B)/locale/%/$(CATALOG))
# What stands for locales that nobody has generated (host/language.h).
LOCALES	  := $(LANGUAGES:%=$(B)/locales/%.utf8)

all: $(PROGRAMS:%=$(B)/%) $(CATALOGS) $(LOCALES)

$(B)/locale/%/$(CATALOG): po/%.po
	$(call say,MSGFMT,$@)
	@mkdir -p $(@D)
	$(Q)msgfmt --check -o $@ $<

$(LOCALES):
	@mkdir -p $(@D)
	$(Q)ln -sfn /usr/lib/locale/C.utf8 $@

# The mains know where catalogs are installed, so they are built again when that is said otherwise.
$(MAINS:%.c=$(B)/%.o): ALL_CPPFLAGS += -DLOCALEDIR='"$(localedir)"' -DLOCALES='"$(localesdir)"'
$(MAINS:%.c=$(B)/%.o): $(B)/localedir
$(B)/localedir: always
	@mkdir -p $(@D)
	@[ "$$(cat $@ 2>/dev/null)" = '$(localedir) $(localesdir)' ] || echo '$(localedir) $(localesdir)' >$@

$(PROGRAMS:%=$(B)/%): $(B)/%: $(LIBRARY)
$(B)/pve-passthrough: $(B)/hookscript/main.o
$(B)/host-setup: $(B)/host/setup/main.o

$(PROGRAMS:%=$(B)/%):
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LIBS)

$(LIBRARY): $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d) $(MAINS:%.c=$(B)/%.d) $(wildcard $(B)/tests/unit/*.d $(B)/tests/fuzz/*.d)

# ---- what it needs ----

# debian/control names the same (`make check-man` compares them), but for build-essential.
DEPS := build-essential gettext pkgconf libpci-dev libconfig-dev libkmod-dev libjson-c-dev libcmocka-dev
# And what more these need.
DEB_DEPS := debhelper
MAN_DEPS := mandoc zsh

# Nothing is installed, and no network asked, when nothing is missing.
install_missing = missing=; for p in $(1); do \
		dpkg-query -W -f '$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || \
		missing="$$missing $$p"; done; \
	[ -z "$$missing" ] || { \
		echo "installing:$$missing"; \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; }

deps:
	@$(call install_missing,$(DEPS))

deps-deb:
	@$(call install_missing,$(DEPS) $(DEB_DEPS))

deps-man:
	@$(call install_missing,$(DEPS) $(MAN_DEPS))

deps-lab:
	tests/lab/deps

# ---- tests ----

# One after the other, whatever -j says: two of them build into the same folder.
check:
	@$(MAKE) --no-print-directory check-man
	@$(MAKE) --no-print-directory check-po
	@$(MAKE) --no-print-directory check-unit
	@$(MAKE) --no-print-directory check-san
	@$(MAKE) --no-print-directory check-fuzz
	@$(MAKE) --no-print-directory check-kernel

JOBS := -j$(shell nproc)

# Each suite is a cmocka program; summarise adds their totals up and fails when any test did.
check-unit: deps
	@$(MAKE) --no-print-directory $(JOBS) all unit-tests
	@tests/summarise unit $(TESTS)

SAN_B := $(B)/san
SAN := B=$(SAN_B) CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all' \
	FORTIFY=-U_FORTIFY_SOURCE LDFLAGS='-fsanitize=address,undefined'
check-san: deps
	@$(MAKE) --no-print-directory $(JOBS) $(SAN) all unit-tests
	@tests/summarise sanitizers $(TESTS:$(B)/%=$(SAN_B)/%)

# The same under memcheck, for what the sanitizers do not see: memory that was never written, and the descriptors
# with which the programs end. Not part of check but of CI: it takes over a minute, most of it in starting
# processes. Left out are hook and commit, which make thousands of processes to die at every write and run under
# the sanitizers, and exec, which looks at what a program inherits: under valgrind that is valgrind's, too.
# Without optimization, because a variable in a register of fork()'s caller is no place where memcheck
# looks for what is still held.
VG_B := $(B)/valgrind
VG_TESTS := $(filter-out %/test_hook %/test_commit %/test_exec,$(TESTS:$(B)/%=$(VG_B)/%))
check-valgrind: deps
	@$(MAKE) --no-print-directory deps DEPS=valgrind
	@$(MAKE) --no-print-directory $(JOBS) B=$(VG_B) CFLAGS='-O0 -g' FORTIFY=-U_FORTIFY_SOURCE RUN_VALGRIND=1 \
		all unit-tests $(VG_B)/preload.so
	@RUN='tests/valgrind/run $(VG_B)/preload.so' tests/summarise valgrind $(VG_TESTS)

$(B)/preload.so: tests/valgrind/preload.c Makefile
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -O1 -g -shared -fPIC -o $@ $<

unit-tests: $(TESTS) $(CATALOGS) $(LOCALES)

RUN_VALGRIND := 0
TEST_CPPFLAGS := -DTESTS_DIR='"$(CURDIR)/tests"' -DTEST_BUILD='"$(CURDIR)/$(B)"' -DRUN_VALGRIND=$(RUN_VALGRIND) -Itests/unit
# The fake kernel of the tests stands behind the one raw write below /sys; host-setup dies or fails at
# any of its own writes and commands (tests/unit/hosttree.c). Every suite runs through descriptors.c, which
# fails a test that leaves a descriptor open.
TEST_LDFLAGS := -Wl,--wrap=fs_write_attr -Wl,--wrap=modules_load -Wl,--wrap=_cmocka_run_group_tests \
	$(foreach f,fs_replace_durably fs_remove_durably fs_remove_empty_dir fs_make_dir \
	fs_free_space command_run moduleset_load,-Wl,--wrap=$(f))

$(B)/tests/unit/%.o: ALL_CPPFLAGS += $(TEST_CPPFLAGS)
$(TESTS): $(B)/tests/%: $(B)/tests/unit/%.o $(TEST_SUPPORT:%.c=$(B)/%.o) $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LIBS) -lcmocka

.PRECIOUS: $(B)/tests/unit/%.o $(B)/tests/fuzz/%.o

# ---- hostile inputs ----

# Each target over its corpus, and over the same few thousand mutations of it every time.
check-fuzz: deps
	@$(MAKE) --no-print-directory $(JOBS) $(SAN) fuzz-targets
	@tests/fuzz/run check $(SAN_B)/fuzz

# The search itself. What it finds new stays in $(FUZZ_B)/corpus for the next time.
FUZZ_SECONDS ?= 30
FUZZ	     ?=
FUZZ_B	     := $(B)/libfuzzer
FUZZ_CC	     := $(if $(filter clang%,$(notdir $(CC))),$(CC),clang)
fuzz: deps
	@echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' | \
	$(FUZZ_CC) -fsanitize=fuzzer,address -x c -o /dev/null - 2>/dev/null || { \
		echo 'make fuzz needs clang with libFuzzer: apt-get install -y clang libclang-rt-dev' >&2; exit 1; }
	@$(MAKE) --no-print-directory $(JOBS) B=$(FUZZ_B) CC=$(FUZZ_CC) FUZZ_DRIVER= FORTIFY=-U_FORTIFY_SOURCE \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' \
		LDFLAGS='-fsanitize=fuzzer,address,undefined' fuzz-targets
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run search $(FUZZ_B)/fuzz $(FUZZ)

fuzz-targets: $(FUZZ_TARGETS)

# libFuzzer brings a main of its own. What is said is not looked at here.
FUZZ_DRIVER  ?= $(B)/tests/fuzz/driver.o
FUZZ_LDFLAGS := -Wl,--wrap=log_say
$(FUZZ_TARGETS): $(B)/fuzz/%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/fuzz.o $(FUZZ_DRIVER) $(LIBRARY)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(FUZZ_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBRARY) $(LIBS)

check-kernel: deps-lab deps
	tests/lab/check-kernel

# A whole Debian in a disk image, from an untouched host to a VM's start and back. Not part of check: its
# boots take minutes. LAB_HOST_SUITE=trixie takes another Debian.
check-host: deps-lab deps
	tests/lab/check-host

# What the programs have, against what the manual pages, the completions and debian/ say of it.
check-man: deps-man same-version
	@$(MAKE) --no-print-directory $(JOBS) all
	@tests/package/check-man $(B) '$(filter-out build-essential,$(DEPS))'

# What is said, against what po/ has of it.
check-po: deps
	@tests/package/check-po $(TEXTS)
	@tests/package/check-readme

# Brings po/ up to what the code says; texts that are new there are without translation then.
TEXTS := $(SOURCES) $(HEADERS) $(MAINS)
po:
	@mkdir -p $(B)
	@tests/package/extract $(TEXTS) >$(B)/pve-passthrough.pot
	@for language in $(LANGUAGES); do \
		msgmerge --quiet --update --backup=none --no-fuzzy-matching --add-location=file --no-wrap --sort-by-file \
			po/$$language.po $(B)/pve-passthrough.pot && \
		msgattrib --no-obsolete --add-location=file --no-wrap -o po/$$language.po po/$$language.po && \
		sed -i '/^"POT-Creation-Date/d' po/$$language.po && \
		echo "po/$$language.po: $$(LC_ALL=C msgfmt --statistics -o /dev/null po/$$language.po 2>&1)" || exit 1; \
	done

same-version:
	@changelog=$$(sed -n '1s/^[^ ]* (\([^)]*\)).*/\1/p' debian/changelog); [ "$$changelog" = $(VERSION) ] || { \
		echo "Makefile: VERSION is $(VERSION), but debian/changelog begins with $$changelog"; exit 1; }

# The package, built, installed, upgraded, removed and purged in trees of Debian 12 and 13. Not part of check:
# it takes minutes.
check-deb:
	tests/package/check-deb

# What the programs cost: a report, no test. Not part of check: it takes minutes, and the network for the peers.
bench: deps-lab deps
	@$(MAKE) --no-print-directory deps DEPS='valgrind strace'
	@$(MAKE) --no-print-directory $(JOBS) all $(B)/bench-host
	@$(MAKE) --no-print-directory $(B)/valgrind/preload.so B=$(B)/valgrind
	@tests/bench/run $(CURDIR)/$(B)

$(B)/bench-host: tests/bench/host.c $(B)/tests/unit/tree.o $(LIBRARY)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) -Itests/unit $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

demo: deps-lab deps
	tests/lab/demo

# ---- keeping it clean ----

# Includes point only downwards: host/ knows only host/ (and not the room of host-setup), host/setup/ only
# host/, vmcfg/ only base, bdf and itself. A program's main stands above them all.
layers:
	@bad=$$(grep -n '#include "host/setup/' host/*.[ch] host/usage/*.[ch] hookscript/*.[ch]; \
	grep -n '#include "' $(filter-out $(MAINS),$(wildcard host/*.[ch] host/usage/*.[ch] host/setup/*.[ch])) | grep -v '#include "host/'; \
	grep -n '#include "' vmcfg/*.[ch] | grep -Ev '#include "(vmcfg/|host/base\.h|host/bdf\.h)'); \
	[ -z "$$bad" ] || { echo "$$bad"; echo 'layers: these includes point upwards'; exit 1; }
	@echo 'layers: good'

ANALYZED := $(SOURCES) $(MAINS)
SCRIPTS := .ci/run tests/summarise tests/fuzz/run tests/valgrind/run $(shell grep -lE '^\#!/bin/(ba)?sh' \
	tests/lab/* tests/lab/host/* tests/bench/* tests/fakes/* tests/package/* debian/* 2>/dev/null)
COMPLETIONS := $(wildcard completions/*.bash)
# cppcheck does not know __attribute__((cleanup)), so it sees leaks in every use: LeakSanitizer and memcheck judge
# those. Newer ones do not follow "err = p ? f() : -ENOMEM" to its check (nullPointerOutOfMemory), and say of a long
# file that they did not look at every branch (normalCheckLevelMaxBranches).
analyze:
	@shellcheck -x $(SCRIPTS)
	@shellcheck -s bash $(COMPLETIONS)
	@cppcheck $(JOBS) --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability,performance \
		--suppress=memleak --suppress=nullPointerOutOfMemory \
		--suppress=normalCheckLevelMaxBranches -I. -D_GNU_SOURCE $(ANALYZED)
	@$(MAKE) --no-print-directory $(JOBS) analyze-gcc analyze-tidy

# gcc's analyzer, which knows cleanup, over what is not optimized: otherwise it takes a variable that only its
# cleanup reads for one that was never written. Left out everywhere:
# malloc-leak	what is stored in an array, or through a pointer of the caller's, is lost to it
# fd-leak	(of gcc 13 and later) it knows neither close_range(2) nor that 0, 1 and 2 are to stay open; every
#		test compares descriptors (tests/unit/descriptors.c)
# use-of-uninitialized-value	names no place and no variable, only "<unknown>", where one with a cleanup is
#		declared in a loop; clang-tidy and memcheck judge those
ANALYZER := -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-fd-leak -Wno-analyzer-use-of-uninitialized-value
# What gcc 14 alone sees: free() of two pointers that are both NULL; a verb that has no function at all.
analyze-gcc/host/setup/bootplace.c: ANALYZER += -Wno-analyzer-double-free
analyze-gcc/hookscript/main.c: ANALYZER += -Wno-analyzer-jump-through-null

GCC_ANALYZED := $(ANALYZED:%=analyze-gcc/%)
analyze-gcc: $(GCC_ANALYZED)
$(GCC_ANALYZED): analyze-gcc/%:
	$(Q)gcc -std=gnu11 -O0 -Werror $(ANALYZER) $(ALL_CPPFLAGS) $(shell pkg-config --cflags $(PACKAGES)) \
		-c -o /dev/null $*

TIDIED := $(ANALYZED:%=analyze-tidy/%)
analyze-tidy: $(TIDIED)
$(TIDIED): analyze-tidy/%:
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $* -- -std=gnu11 $(ALL_CPPFLAGS) \
		$(shell pkg-config --cflags $(PACKAGES)) 2>/dev/null

FORMATTED := $(HEADERS) $(SOURCES) $(MAINS) $(sort $(wildcard tests/unit/*.[ch] tests/fuzz/*.[ch] tests/lab/*.c tests/bench/*.c tests/valgrind/*.c))
format:
	@clang-format -i $(FORMATTED)
format-check:
	@clang-format --dry-run --Werror $(FORMATTED)

# ---- installation ----

UNITS := $(patsubst systemd/%.in,%,$(wildcard systemd/*.in))
PAGES := $(wildcard man/*.[58])
SNIPPET := $(snippetdir)/pve-passthrough

INSTALLED = $(PROGRAMS:%=$(sbindir)/%) $(UNITS:%=$(unitdir)/%) $(tmpfilesdir)/pve-passthrough.conf \
	$(patsubst man/%.5,$(mandir)/man5/%.5,$(filter %.5,$(PAGES))) \
	$(patsubst man/%.8,$(mandir)/man8/%.8,$(filter %.8,$(PAGES))) \
	$(PROGRAMS:%=$(bashcompdir)/%) $(PROGRAMS:%=$(zshcompdir)/_%) \
	$(LANGUAGES:%=$(localedir)/%/$(CATALOG)) $(LANGUAGES:%=$(localesdir)/%.utf8) $(docdir)/examples/pve-passthrough.conf

# On the running system systemd is told of its units, and the one that is to run by itself is enabled.
install: all
	install -d $(sort $(dir $(SNIPPET:%=$(DESTDIR)%) $(INSTALLED:%=$(DESTDIR)%)))
	install -m 755 $(PROGRAMS:%=$(B)/%) $(DESTDIR)$(sbindir)
	ln -sfn $(sbindir)/pve-passthrough $(DESTDIR)$(SNIPPET)
	for unit in $(UNITS); do \
		sed 's|@sbindir@|$(sbindir)|' "systemd/$$unit.in" >"$(DESTDIR)$(unitdir)/$$unit" || exit 1; \
	done
	install -m 644 systemd/pve-passthrough.tmpfiles $(DESTDIR)$(tmpfilesdir)/pve-passthrough.conf
	install -m 644 $(filter %.5,$(PAGES)) $(DESTDIR)$(mandir)/man5
	install -m 644 $(filter %.8,$(PAGES)) $(DESTDIR)$(mandir)/man8
	for program in $(PROGRAMS); do \
		install -m 644 completions/$$program.bash "$(DESTDIR)$(bashcompdir)/$$program" && \
		install -m 644 completions/_$$program "$(DESTDIR)$(zshcompdir)" || exit 1; \
	done
	for language in $(LANGUAGES); do \
		install -m 644 "$(B)/locale/$$language/$(CATALOG)" "$(DESTDIR)$(localedir)/$$language/LC_MESSAGES" && \
		cp -P "$(B)/locales/$$language.utf8" "$(DESTDIR)$(localesdir)" || exit 1; \
	done
	install -m 644 snippets/pve-passthrough.conf $(DESTDIR)$(docdir)/examples
	$(if $(DESTDIR),,$(call systemd_runs,systemctl daemon-reload && systemctl --quiet enable $(RESTORE_UNIT)))

RESTORE_UNIT := pve-passthrough-restore.service
systemd_runs = [ ! -d /run/systemd/system ] || { $(1); }

# The link may be that of a package by now.
uninstall:
	$(if $(DESTDIR),,$(call systemd_runs,systemctl --quiet disable $(RESTORE_UNIT) || true))
	rm -f $(INSTALLED:%=$(DESTDIR)%)
	[ "$$(readlink $(DESTDIR)$(SNIPPET))" != $(sbindir)/pve-passthrough ] || rm -f $(DESTDIR)$(SNIPPET)
	-rmdir $(DESTDIR)$(docdir)/examples $(DESTDIR)$(docdir) $(DESTDIR)$(localesdir) $(dir $(DESTDIR)$(localesdir)) 2>/dev/null
	$(if $(DESTDIR),,$(call systemd_runs,systemctl daemon-reload))

# ---- the package ----

# Built in a copy, for the build leaves files in debian/ and puts its results into the folder above.
DEB_B := $(B)/deb
deb: deps-deb same-version
	rm -rf $(DEB_B)
	mkdir -p $(DEB_B)/pve-passthrough-$(VERSION)
	tar --exclude-vcs --exclude=./$(B) --exclude=./.cache -c . | tar -x -C $(DEB_B)/pve-passthrough-$(VERSION)
	cd $(DEB_B)/pve-passthrough-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc
	rm -rf $(DEB_B)/pve-passthrough-$(VERSION)
	@ls $(DEB_B)/*.deb

clean:
	rm -rf $(B)

.DELETE_ON_ERROR:
.PHONY: all always deps deps-lab deps-deb deps-man check check-man check-po po same-version check-unit check-san check-valgrind \
	unit-tests check-fuzz fuzz fuzz-targets check-kernel check-host check-deb bench demo layers analyze \
	analyze-gcc analyze-tidy $(GCC_ANALYZED) $(TIDIED) \
	format format-check install uninstall deb clean
