# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make` builds the programs into build/, `make help` lists what else there is. This file is the build; the rest:
#
#	mk/install.mk	make install and make uninstall
#	mk/package.mk	the Debian package
#	mk/tests.mk	the tests, from check-man to check-kernel
#	mk/lint.mk	layers, analyzers, format, translations

# The first entry of debian/changelog says the same; `make same-version` compares them.
VERSION := 0.2.0

prefix	    ?= /usr/local
sbindir	    ?= $(prefix)/sbin
snippetdir  ?= /var/lib/vz/snippets
unitdir	    ?= $(prefix)/lib/systemd/system
kerneldir   ?= /etc/kernel/postinst.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
mandir	    ?= $(prefix)/share/man
localedir   ?= $(prefix)/share/locale
localesdir  ?= $(prefix)/share/pve-passthrough/locales
schemadir   ?= $(prefix)/share/pve-passthrough/schema
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
LIBRARIES := libpci libconfig libkmod json-c

# files DIRECTORIES,NAMES: such files, however deep below these directories.
files = $(sort $(shell find $(1) -type f \( $(2) \)))

MAINS	:= $(foreach p,$(PROGRAMS),$(MAIN_$(p)))
SOURCES := $(filter-out $(MAINS),$(call files,host vmcfg hookscript,-name '*.c'))
HEADERS := $(call files,host vmcfg hookscript,-name '*.h')
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
ARCHIVE := $(B)/parts.a

# ---- how ----

CC     ?= cc
CFLAGS ?= -O2 -g
# WERROR=1 in CI: a newer compiler's new warning should not keep a user from building.
WERROR ?=

# Whether the compiler takes the options $(1) on an empty file.
takes = $(shell printf '\043include <features.h>\n' | \
	$(CC) $(1) -Werror -O2 -x c -c -o /dev/null - 2>/dev/null && echo '$(1)')

# Those in `takes` are gcc's alone.
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
ALL_CFLAGS   = -std=gnu11 $(WARNINGS) $(HARDENING) $(shell pkg-config --cflags $(LIBRARIES)) $(CFLAGS)
ALL_LDFLAGS  = $(HARDENING_LINK) $(LDFLAGS)
LIBS	     = $(shell pkg-config --libs $(LIBRARIES))

# The languages of messages (po/), each a catalog for both programs; and what stands for locales that nobody has
# generated.
LANGUAGES := $(patsubst po/%.po,%,$(wildcard po/*.po))
CATALOG	  := LC_MESSAGES/pve-passthrough.mo
CATALOGS  := $(LANGUAGES:%=$(B)/locale/%/$(CATALOG))
LOCALES	  := $(LANGUAGES:%=$(B)/locales/%.utf8)

all: $(PROGRAMS:%=$(B)/%) $(CATALOGS) $(LOCALES) ## builds the programs into build/ (the default)

$(B)/locale/%/$(CATALOG): po/%.po
	$(call say,MSGFMT,$@)
	@mkdir -p $(@D)
	$(Q)msgfmt --check -o $@ $<

$(LOCALES):
	@mkdir -p $(@D)
	$(Q)ln -sfn /usr/lib/locale/C.utf8 $@

# The mains know where catalogs are installed, and are built again when that changes.
$(MAINS:%.c=$(B)/%.o): ALL_CPPFLAGS += -DLOCALEDIR='"$(localedir)"' -DLOCALES='"$(localesdir)"'
$(MAINS:%.c=$(B)/%.o): $(B)/localedir
$(B)/localedir: always
	@mkdir -p $(@D)
	@[ "$$(cat $@ 2>/dev/null)" = '$(localedir) $(localesdir)' ] || echo '$(localedir) $(localesdir)' >$@

$(B)/pve-passthrough: $(B)/hookscript/main.o
$(B)/host-setup: $(B)/host/setup/main.o
$(PROGRAMS:%=$(B)/%): $(ARCHIVE)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(ARCHIVE) $(LIBS)

$(ARCHIVE): $(OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

# It is made of these.
$(B)/host/setup/picture/page_files.o: host/setup/picture/page.css host/setup/picture/page.js

$(B)/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJECTS:.o=.d) $(MAINS:%.c=$(B)/%.d)

# ---- what it needs ----

# debian/control names the same (`make check-man` compares them), but for build-essential.
DEPS := build-essential gettext pkgconf libpci-dev libconfig-dev libkmod-dev libjson-c-dev libcmocka-dev

deps: ## installs what the build and check-unit need (Debian, as root)
	@mk/install-packages $(DEPS)

clean: ## removes build/
	rm -rf $(B)

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

include mk/install.mk mk/package.mk mk/tests.mk mk/lint.mk

.DELETE_ON_ERROR:
.PHONY: all always deps clean help
