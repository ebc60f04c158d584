# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# The power goes while the clock runs.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end cut
#seconds 600

t_clock_is_on_disk() {
	expect_words
	wait_for 60 grep -q '^tried-in ' /var/lib/pve-passthrough/confirm || fail "the clock does not run"
	setup 2 confirm --root /tmp
	# The next undo is to fail.
	: >"$kept/fail"
	sync -f "$kept"
}
