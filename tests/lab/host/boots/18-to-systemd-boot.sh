# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# systemd-boot is put onto an EFI system partition, while GRUB still starts the host. That partition
# is then handed to a stand-in for proxmox-boot-tool, which Debian does not have: it mounts the
# partition only while it writes there, so host-setup has to look at one that is not mounted. This boot and those after
# it can be run by themselves: LAB_HOST_ONLY=systemd-boot.
#
#end shutdown
#seconds 1200

esp=/dev/vda2
tool=/usr/local/sbin/proxmox-boot-tool
uuids=/etc/kernel/proxmox-boot-uuids

t_disabled_for_grub() {
	[ -e "$kept/before" ] || files >"$kept/before"
	setup 0 disable -y
	files >/tmp/after
	same "$kept/before" /tmp/after "not as before enable"
}

t_systemd_boot_installed() {
	mkfs.vfat -F 32 $esp
	mkdir -p /boot/efi
	echo "$esp /boot/efi vfat umask=0077 0 0" >>/etc/fstab
	mount /boot/efi || fail "the lab could not mount $esp"
	bootctl install --esp-path=/boot/efi --no-variables || fail "bootctl install failed"
	echo 'timeout 0' >/boot/efi/loader/loader.conf
	# As they are, but for what GRUB puts before them, and what enable had put behind them for this boot.
	sed 's/BOOT_IMAGE=[^ ]* *//; s/ intel_iommu=on//; s/ iommu=pt//' /proc/cmdline >/etc/kernel/cmdline
	for image in /boot/vmlinuz-*; do
		kernel-install add "${image#/boot/vmlinuz-}" "$image" || fail "kernel-install failed"
	done
	grep -H '^options' /boot/efi/loader/entries/*.conf || fail "there are no entries"
	files >"$kept/systemd-boot"
}

not_mounted() {
	! grep "^$esp " /proc/mounts || fail "$esp is mounted"
	expect "what is in /mnt" '' "$(ls -A /mnt)"
}

t_unmounted_esp_is_read() {
	# systemd mounts an EFI system partition by itself where it finds one.
	systemctl mask --quiet --runtime --now efi.automount efi.mount
	umount /boot/efi
	udevadm settle
	cat >$tool <<-'END'
	#!/bin/sh -e
	[ "$1" = refresh ] || exit 64
	[ ! -e /run/idle ] || exit 0
	while read -r uuid; do
		mkdir -p /run/esp
		mount -t vfat "/dev/disk/by-uuid/$uuid" /run/esp
		sed -i "s|^options .*|options $(cat /etc/kernel/cmdline)|" /run/esp/loader/entries/*.conf
		umount /run/esp
	done </etc/kernel/proxmox-boot-uuids
	END
	chmod 755 $tool
	blkid -s UUID -o value $esp >$uuids
	cp $uuids /tmp/uuid
	files >/tmp/before

	setup 0 enable -y --bootloader=systemd-boot
	expect_line "entries have the words"
	not_mounted
	setup 2 check --bootloader=systemd-boot
	expect_line "up to date"
	expect_line "the ESP $(cat /tmp/uuid)"
	not_mounted
	setup 0 disable -y --bootloader=systemd-boot
	expect_line "entries no longer have the words"
	files >/tmp/after
	same /tmp/before /tmp/after "not as before enable"
	not_mounted
}

# Mounted writable by somebody else, as an administrator who looks around leaves it.
t_mounted_esp_is_read() {
	mount -t vfat $esp /media
	setup 0 enable -y --bootloader=systemd-boot
	expect_line "entries have the words"
	setup 0 disable -y --bootloader=systemd-boot
	umount /media
	not_mounted
}

t_idle_tool_is_found_out() {
	files >/tmp/before
	: >/run/idle
	setup 1 enable -y --bootloader=systemd-boot
	rm /run/idle
	expect_line "the ESP $(cat $uuids) has no entry with intel_iommu=on"
	files >/tmp/after
	same /tmp/before /tmp/after "a failed enable left something"
	rm $tool $uuids
	mount /boot/efi
	files >/tmp/after
	same "$kept/systemd-boot" /tmp/after "the lab left something"
}
