# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After the undo and its reboot, which the next power cut is to follow.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end shutdown
#seconds 600

t_as_before_and_told() {
	expect_no_words
	wait_for 60 test -e /run/motd.d/pve-passthrough || fail "nobody is told"
	cat /run/motd.d/pve-passthrough
	grep -q 'was undone' /run/motd.d/pve-passthrough || fail "it does not say that it was undone"
	files >/tmp/after
	same "$kept/before-confirm" /tmp/after "not as before enable"
}

t_armed_again() {
	setup 0 enable -y --confirm-within 30
	expect_line 'armed: after the reboot there are 30 minutes'
}
