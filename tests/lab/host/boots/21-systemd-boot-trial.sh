# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Started by systemd-boot: the power goes while the clock runs.
#
#firmware efi
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end cut
#seconds 600

t_clock_is_on_disk_here() {
	expect_words
	wait_for 60 grep -q '^tried-in ' /var/lib/pve-passthrough/confirm || fail "the clock does not run"
}
