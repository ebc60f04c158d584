# SPDX-License-Identifier: GPL-2.0-or-later
# What keeps the sources clean.

layers: all ## includes point downwards only; no two files include or call each other in a circle
	@tests/package/layers -o $(B) $(MAINS)

ANALYZED := $(SOURCES) $(MAINS)
SCRIPTS := .ci/run $(shell grep -rIlE '^\#!/bin/(ba)?sh' mk tests debian kernel)
COMPLETIONS := $(wildcard completions/*.bash)

# cppcheck does not know __attribute__((cleanup)), so it sees leaks in every use: LeakSanitizer and memcheck judge
# those. Newer ones do not follow "err = p ? f() : -ENOMEM" to its check (nullPointerOutOfMemory), and say of a long
# file that they did not look at every branch (normalCheckLevelMaxBranches).
analyze: ## shellcheck, cppcheck, gcc's analyzer and clang-tidy
	@echo 'analyze: shellcheck'
	@shellcheck -x $(SCRIPTS)
	@shellcheck -s bash $(COMPLETIONS)
	@echo 'analyze: cppcheck'
	@cppcheck $(JOBS) --quiet --error-exitcode=1 --inline-suppr --enable=warning,portability,performance \
		--suppress=memleak --suppress=nullPointerOutOfMemory \
		--suppress=normalCheckLevelMaxBranches -I. -D_GNU_SOURCE $(ANALYZED)
	@echo 'analyze: gcc -fanalyzer and clang-tidy, $(words $(ANALYZED)) files each, some minutes'
	@$(still) $(MAKE) --no-print-directory $(JOBS) analyze-gcc analyze-tidy
	@echo 'analyze: good'

# gcc's analyzer, which knows cleanup, over code that is not optimized: otherwise it takes a variable that only its
# cleanup reads for one that was never written. Left out everywhere:
# malloc-leak	it loses what is stored in an array, or through a pointer of the caller's
# fd-leak	(of gcc 13 and later) it knows neither close_range(2) nor that 0, 1 and 2 are to stay open; every
#		test compares descriptors (tests/unit/descriptors.c)
# use-of-uninitialized-value	names no place and no variable, only "<unknown>", where one with a cleanup is
#		declared in a loop; clang-tidy and memcheck judge those
ANALYZER := -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-fd-leak -Wno-analyzer-use-of-uninitialized-value
# What gcc 14 alone sees: a verb that has no function at all.
analyze-gcc/hookscript/main.c: ANALYZER += -Wno-analyzer-jump-through-null

GCC_ANALYZED := $(ANALYZED:%=analyze-gcc/%)
analyze-gcc: $(GCC_ANALYZED)
$(GCC_ANALYZED): analyze-gcc/%:
	$(Q)gcc -std=gnu11 -O0 -Werror $(ANALYZER) $(ALL_CPPFLAGS) $(shell pkg-config --cflags $(LIBRARIES)) \
		-c -o /dev/null $*

# Nine tenths of clang-tidy's time are its analyzer's, which stays with a function until it has seen 225,000 states of it.
# With 30,000 it takes a fifth of the time, and has still been in the same blocks (its checker debug.Stats tells), but in
# the files below.
TIDY_STATES := 30000
analyze-tidy/host/setup/boot/bootcfg.c analyze-tidy/host/setup/commit.c \
	analyze-tidy/host/usage/owner.c: TIDY_STATES := 225000

TIDIED := $(ANALYZED:%=analyze-tidy/%)
analyze-tidy: $(TIDIED)
$(TIDIED): analyze-tidy/%:
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $* -- -std=gnu11 $(ALL_CPPFLAGS) \
		-Xclang -analyzer-config -Xclang max-nodes=$(TIDY_STATES) \
		$(shell pkg-config --cflags $(LIBRARIES)) 2>/dev/null

FORMATTED := $(HEADERS) $(SOURCES) $(MAINS) $(call files,tests,-name '*.[ch]' ! -path 'tests/upgrade/*')
format: ## formats the C files
	@clang-format -i $(FORMATTED)
format-check: ## says which C files are not formatted
	@clang-format --dry-run --Werror $(FORMATTED)

# Brings po/ up to the messages in the code; new ones are without translation then.
TEXTS := $(SOURCES) $(HEADERS) $(MAINS)
po: ## brings po/ up to the messages in the code
	@mkdir -p $(B)
	@tests/package/extract $(TEXTS) >$(B)/pve-passthrough.pot
	@for language in $(LANGUAGES); do \
		msgmerge --quiet --update --backup=none --no-fuzzy-matching --add-location=file --no-wrap --sort-by-file \
			po/$$language.po $(B)/pve-passthrough.pot && \
		msgattrib --no-obsolete --add-location=file --no-wrap -o po/$$language.po po/$$language.po && \
		sed -i '/^"POT-Creation-Date/d' po/$$language.po && \
		echo "po/$$language.po: $$(LC_ALL=C msgfmt --statistics -o /dev/null po/$$language.po 2>&1)" || exit 1; \
	done

.PHONY: layers analyze analyze-gcc analyze-tidy $(GCC_ANALYZED) $(TIDIED) format format-check po
