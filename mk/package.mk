# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian package.

DEB_DEPS := debhelper

deps-deb:
	@mk/install-packages $(DEPS) $(DEB_DEPS)

# For scripts: what building the package needs.
list-deps-deb:
	@echo $(DEPS) $(DEB_DEPS)

# Built in a copy, for the build leaves files in debian/ and puts its results into the directory above.
DEB_B := $(B)/deb
deb: deps-deb same-version ## a Debian package, in build/deb/
	rm -rf $(DEB_B)
	mkdir -p $(DEB_B)/pve-passthrough-$(VERSION)
	tar --exclude-vcs --exclude=./$(B) --exclude=./.cache -c . | tar -x -C $(DEB_B)/pve-passthrough-$(VERSION)
	cd $(DEB_B)/pve-passthrough-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc
	rm -rf $(DEB_B)/pve-passthrough-$(VERSION)
	@ls $(DEB_B)/*.deb

same-version:
	@changelog=$$(sed -n '1s/^[^ ]* (\([^)]*\)).*/\1/p' debian/changelog); [ "$$changelog" = $(VERSION) ] || { \
		echo "Makefile: VERSION is $(VERSION), but debian/changelog begins with $$changelog"; exit 1; }

.PHONY: deps-deb list-deps-deb deb same-version
