# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Begun unconfirmed: undone at once.
#
#firmware efi
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end reboot
#seconds 600

t_undone_at_once() {
	expect_words
	wait_for 180 test -e /run/lab.asked || fail "no reboot is asked for"
	journalctl -b -u pve-passthrough-confirm.service --no-pager
	! grep -H 'intel_iommu=on' /boot/efi/loader/entries/*.conf || fail "an entry has the words"
}
