# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Started by EFI and systemd-boot; GRUB's files lie around as they did.
#
#firmware efi
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end shutdown
#seconds 600

t_started_by_systemd_boot() {
	cat /proc/cmdline
	[ -d /sys/firmware/efi ] || fail "not booted by EFI"
	bootctl status --no-pager 2>&1 | head -n 20
	expect_no_words
	files >/tmp/after
	same "$kept/systemd-boot" /tmp/after "not as it was left"
}

t_enabled_for_systemd_boot() {
	setup 0 enable -y
	expect_line 'boot loader: systemd-boot'
	expect_line 'LoaderInfo says "systemd-boot'
	expect_line 'entries have the words'
	expect_line 'reboot is needed'
	grep -H '^options.* intel_iommu=on iommu=pt' /boot/efi/loader/entries/*.conf ||
		fail "no entry has the words"
	[ ! -e /etc/default/grub.d/zz-pve-passthrough.cfg ] || fail "GRUB was told, too"
}

t_second_enable_changes_nothing_here() {
	touched >/tmp/before
	setup 0 enable -y
	touched >/tmp/after
	same /tmp/before /tmp/after "the second enable changed something"
}

t_captured_enabled_here() {
	all_captured
}
