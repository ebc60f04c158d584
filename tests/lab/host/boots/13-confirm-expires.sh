# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Nobody confirms it: after a minute it is undone, and the host reboots.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end reboot
#seconds 600

t_clock_runs() {
	expect_words
	wait_for 60 test -e /run/motd.d/pve-passthrough || fail "no message for logins"
	cat /run/motd.d/pve-passthrough
	grep -q 'host-setup confirm' /run/motd.d/pve-passthrough || fail "it does not say how to confirm"
	[ ! -e /run/lab.asked ] || fail "it reboots at once"
}

t_undone_after_a_minute() {
	wait_for 240 test -e /run/lab.asked || fail "no reboot is asked for"
	journalctl -b -u pve-passthrough-confirm.service --no-pager
	grep -q 'the host reboots' /run/motd.d/pve-passthrough || fail "the message for logins is another"
}
