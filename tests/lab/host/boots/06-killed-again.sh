# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After the second power cut: the host boots, and enabling again completes it.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#end shutdown
#seconds 600

t_boots_after_another_power_cut() {
	cat /proc/cmdline
	expect_old_or_new_words
	expect_nothing_torn
}

t_enable_completes() {
	setup 0 enable -y
	files >/tmp/after
	same "$kept/enabled" /tmp/after "not as after an enable that was not disturbed"
	touched >/tmp/before
	setup 0 enable -y
	touched >/tmp/after
	same /tmp/before /tmp/after "one more enable changed something"
}
