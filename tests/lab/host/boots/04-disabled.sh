# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After disable and a reboot; then enable dies in several places, and at the last one the
# machine, too.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme-subsys,id=sub,nqn=lab
#qemu -device nvme,bus=rp2,subsys=sub,serial=lab1,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=26,msix_qsize=17
#end sync-and-cut
#seconds 600

# By the unit, before the network.
t_vfs_are_made_at_boot() {
	unit=pve-passthrough-sriov.service
	systemctl status "$unit" --no-pager
	pf=$(nvme lab1)
	expect "state of $unit" active "$(systemctl is-active "$unit")"
	expect "VFs of $pf" 2 "$(vfs_of "$pf")"
	journalctl -b -u "$unit" --no-pager >/tmp/hook.out
	cat /tmp/hook.out
	expect_said "$pf: 2 VFs"
	made=$(systemctl show -P ActiveEnterTimestampMonotonic "$unit")
	network=$(systemctl show -P ActiveEnterTimestampMonotonic network-pre.target)
	[ "$made" -le "$network" ] || fail "the VFs were made after network-pre.target: $made, $network"
}

t_vfs_are_undone() {
	pf=$(nvme lab1)
	rm /etc/modules-load.d/lab.conf
	setup 0 sriov "$pf" 0 -y
	expect "VFs of $pf" 0 "$(vfs_of "$pf")"
	[ ! -e /etc/pve-passthrough.d ] || fail "/etc/pve-passthrough.d is left"
}

t_words_are_gone() {
	cat /proc/cmdline
	expect_no_words
	files >/tmp/after
	same "$kept/before" /tmp/after "not as before enable"
}

t_captured_disabled() {
	all_captured
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
