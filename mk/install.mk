# SPDX-License-Identifier: GPL-2.0-or-later
# make install: DESTDIR= and prefix= as usual; snippetdir= is Proxmox VE's directory for hookscripts, unitdir= that of
# systemd's units, kerneldir= that of what is run for each kernel that is installed.

UNITS := $(patsubst systemd/%.in,%,$(wildcard systemd/*.in))
PAGES := $(wildcard man/*.[578])
SCHEMAS := $(wildcard docs/schema/*.json)
SNIPPET := $(snippetdir)/pve-passthrough
KERNEL_HOOK := $(kerneldir)/zzz-pve-passthrough

INSTALLED = $(PROGRAMS:%=$(sbindir)/%) $(UNITS:%=$(unitdir)/%) $(tmpfilesdir)/pve-passthrough.conf \
	$(patsubst man/%.5,$(mandir)/man5/%.5,$(filter %.5,$(PAGES))) \
	$(patsubst man/%.7,$(mandir)/man7/%.7,$(filter %.7,$(PAGES))) \
	$(patsubst man/%.8,$(mandir)/man8/%.8,$(filter %.8,$(PAGES))) \
	$(PROGRAMS:%=$(bashcompdir)/%) $(PROGRAMS:%=$(zshcompdir)/_%) \
	$(KERNEL_HOOK) $(LANGUAGES:%=$(localedir)/%/$(CATALOG)) $(LANGUAGES:%=$(localesdir)/%.utf8) $(docdir)/examples/pve-passthrough.conf \
	$(SCHEMAS:docs/schema/%=$(schemadir)/%)

# On the running system systemd is told of its units, and those that are to run by themselves are enabled.
install: all ## below /usr/local; DESTDIR= and prefix= as usual
	install -d $(sort $(dir $(SNIPPET:%=$(DESTDIR)%) $(INSTALLED:%=$(DESTDIR)%)))
	install -m 755 $(PROGRAMS:%=$(B)/%) $(DESTDIR)$(sbindir)
	ln -sfn $(sbindir)/pve-passthrough $(DESTDIR)$(SNIPPET)
	for unit in $(UNITS); do \
		sed 's|@sbindir@|$(sbindir)|' "systemd/$$unit.in" >"$(DESTDIR)$(unitdir)/$$unit" || exit 1; \
	done
	sed 's|@sbindir@|$(sbindir)|g' kernel/zzz-pve-passthrough.in >"$(DESTDIR)$(KERNEL_HOOK)"
	chmod 755 "$(DESTDIR)$(KERNEL_HOOK)"
	install -m 644 systemd/pve-passthrough.tmpfiles $(DESTDIR)$(tmpfilesdir)/pve-passthrough.conf
	install -m 644 $(filter %.5,$(PAGES)) $(DESTDIR)$(mandir)/man5
	install -m 644 $(filter %.7,$(PAGES)) $(DESTDIR)$(mandir)/man7
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
	install -m 644 $(SCHEMAS) $(DESTDIR)$(schemadir)
	$(if $(DESTDIR),,$(call systemd_runs,systemctl daemon-reload && systemctl --quiet enable $(ENABLED_UNITS)))

ENABLED_UNITS := pve-passthrough-restore.service pve-passthrough-early.service pve-passthrough-confirm.service
systemd_runs = [ ! -d /run/systemd/system ] || { $(1); }

# What runs by itself ends, and what stays on the host is told, as when a package is removed; but where a package is
# installed, too, that goes on, and the units and the state are its own. The link may be that of a package by now.
packaged := /usr/sbin/pve-passthrough
unless_packaged = { [ $(sbindir)/pve-passthrough != $(packaged) ] && [ -e $(packaged) ]; } || { $(1); }
STOPPED_UNITS = $(ENABLED_UNITS) pve-passthrough-sriov.service

uninstall: ## takes out what install has put there
	$(if $(DESTDIR),,$(call unless_packaged,$(call systemd_runs,systemctl --quiet disable --now $(STOPPED_UNITS) || true)))
	$(if $(DESTDIR),,$(call unless_packaged,sh debian/pve-passthrough.prerm remove))
	rm -f $(INSTALLED:%=$(DESTDIR)%)
	[ "$$(readlink $(DESTDIR)$(SNIPPET))" != $(sbindir)/pve-passthrough ] || rm -f $(DESTDIR)$(SNIPPET)
	-rmdir $(DESTDIR)$(docdir)/examples $(DESTDIR)$(docdir) $(DESTDIR)$(localesdir) $(dir $(DESTDIR)$(localesdir)) 2>/dev/null
	$(if $(DESTDIR),,$(call systemd_runs,systemctl daemon-reload))

.PHONY: install uninstall
