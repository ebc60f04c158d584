# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After the undo; and confirmed, once more.
#
#firmware efi
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end shutdown
#seconds 600

t_as_before_and_told_here() {
	expect_no_words
	wait_for 60 test -e /run/motd.d/pve-passthrough || fail "nobody is told"
	grep -q 'was undone' /run/motd.d/pve-passthrough || fail "it does not say that it was undone"
	files >/tmp/after
	same "$kept/before-confirm" /tmp/after "not as before enable"
}
