# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After disable and a reboot; then enable dies in several places, and at the last one the
# machine, too.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#end sync-and-cut
#seconds 600

t_words_are_gone() {
	cat /proc/cmdline
	expect_no_words
	files >/tmp/after
	same "$kept/before" /tmp/after "not as before enable"
}

# In one go: each run starts from what the one before has left. The unit tests do this at every
# write; here it is about the files that GRUB and systemd read.
t_enable_killed_at_its_own_writes() {
	for point in "-d /var/lib/pve-passthrough 1" "-a -d /var/lib/pve-passthrough 1" \
		"-a -d /etc 1" "-d /etc 2"; do
		killer="killat $point" setup 137 enable -y
		expect_nothing_torn
	done
}

t_enable_killed_in_update_initramfs() {
	kill_when '/boot/initrd.img-*.new' enable -y
	expect_nothing_torn
}
