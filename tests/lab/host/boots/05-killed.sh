# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After the first power cut, in the middle of update-initramfs: the host boots. Enabled again, and
# now the power goes while update-grub writes, with nothing synced.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#end cut
#seconds 600

t_boots_after_a_power_cut() {
	cat /proc/cmdline
	expect_old_or_new_words
	expect_nothing_torn
}

t_enable_killed_in_update_grub() {
	kill_when /boot/grub/grub.cfg.new enable -y
	expect_nothing_torn
}
