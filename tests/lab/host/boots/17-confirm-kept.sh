# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Confirmed; and then once more, with disable in between.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#end shutdown
#seconds 600

t_confirmed() {
	expect_words
	wait_for 60 test -e /run/motd.d/pve-passthrough || fail "the clock does not run"
	setup 0 confirm
	expect_line 'confirmed'
	wait_for 20 unit_is_inactive || fail "the unit is $(systemctl is-active pve-passthrough-confirm.service)"
	[ ! -e /run/motd.d/pve-passthrough ] || fail "logins still say so"
	[ ! -e /var/lib/pve-passthrough/confirm ] || fail "it is still armed"
}

unit_is_inactive() {
	[ "$(systemctl is-active pve-passthrough-confirm.service)" = inactive ]
}

t_disabled_meanwhile() {
	setup 0 enable -y --confirm-within 30 --ignore-msrs
	setup 0 disable -y
	expect_line 'nothing is to be confirmed any more'
	files >/tmp/after
	same "$kept/before-confirm" /tmp/after "not as before enable"
	# For the boots after this.
	systemctl disable --quiet pve-passthrough-confirm.service
	no_stand_ins
	setup 0 enable -y
}
