# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After the reboot by systemd-boot: all is ready, and disable takes everything back.
#
#firmware efi
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end shutdown
#seconds 600

t_words_reached_the_kernel_here() {
	cat /proc/cmdline
	expect_words
}

t_check_says_ready_here() {
	setup 0 check
	expect_line 'host is ready'
	expect_line 'systemd-boot, configured in /etc/kernel/cmdline'
	expect_line 'the boot entries are up to date'
}

t_captured_ready_here() {
	all_captured
}

t_disabled_for_systemd_boot() {
	setup 0 disable -y
	files >/tmp/after
	same "$kept/systemd-boot" /tmp/after "not as before enable"
	! grep -H 'intel_iommu=on' /boot/efi/loader/entries/*.conf || fail "an entry has the words"
}

# For the boots after this.
t_armed_here() {
	stand_ins
	systemctl enable --quiet pve-passthrough-confirm.service
	files >"$kept/before-confirm"
	setup 0 enable -y --confirm-within 30
	expect_line 'press e in the boot menu, delete intel_iommu=on iommu=pt'
}

t_captured_armed_here() {
	all_captured
}
