# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# enable, to be confirmed. This boot and the five after it can be run by themselves: LAB_HOST_ONLY=confirm. The initramfs
# is not made anew in any of them: the boots before do that, and it takes minutes here.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end shutdown
#seconds 900

t_nothing_to_confirm() {
	[ -e "$kept/before" ] || files >"$kept/before"
	setup 0 disable -y
	files >/tmp/after
	same "$kept/before" /tmp/after "not as before enable"
	setup 0 confirm
	expect_line 'nothing is to be confirmed'
}

t_armed() {
	stand_ins
	setup 2 enable -y --confirm-within 1
	expect_line 'systemctl enable pve-passthrough-confirm.service'
	systemctl enable --quiet pve-passthrough-confirm.service
	files >"$kept/before-confirm"
	setup 0 enable -y --confirm-within 1
	expect_line 'guests that run then are shut down'
	expect_line "in GRUB's menu: Advanced options for Debian GNU/Linux > .*\(recovery mode\)"
	setup 2 confirm
	expect_line 'has not been tried yet'
	expect "state of the unit" inactive "$(systemctl is-active pve-passthrough-confirm.service)"
}

t_captured_armed() {
	all_captured
}
