# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Begun unconfirmed: it is undone at once, but that fails. The host stays up.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end shutdown
#seconds 600

t_failed_undo_stays_up() {
	expect_words
	wait_for 180 unit_has_failed || fail "the unit is $(systemctl is-active pve-passthrough-confirm.service)"
	journalctl -b -u pve-passthrough-confirm.service --no-pager
	grep -q 'could not be undone' /run/motd.d/pve-passthrough || fail "nobody is told"
	[ ! -e /run/lab.asked ] || fail "it reboots"
	grep -q '^stage not-done' /var/lib/pve-passthrough/confirm || fail "it is not disarmed"
}

unit_has_failed() {
	[ "$(systemctl is-active pve-passthrough-confirm.service)" = failed ]
}

t_disarmed_for_good() {
	systemctl reset-failed
	systemctl start pve-passthrough-confirm.service
	wait_for 20 test ! -e /var/lib/pve-passthrough/confirm || fail "it is not told once"
	[ ! -e /run/lab.asked ] || fail "it reboots"
	rm "$kept/fail"
	setup 0 disable -y
	setup 0 enable -y --confirm-within 30
}
