# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A third NIC of the kind was added to the machine: none of them is held; the NVMe is. Then all is undone.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:02
#qemu -device pcie-root-port,id=rp3,chassis=3 -drive if=none,id=n1,driver=null-co,size=64M -device nvme,bus=rp3,drive=n1,serial=early
#qemu -device pcie-root-port,id=rp4,chassis=4 -device e1000e,bus=rp4,romfile=,mac=52:54:00:00:00:03
#end shutdown
#seconds 1200

t_none_of_a_changed_kind_is_held() {
	dmesg | grep pve-passthrough
	for n in 01 02 03; do
		expect "driver of NIC $n" e1000e "$(driver "$(nic $n)")"
	done
	expect "the NIC" "$(cat "$kept/nic")" "$(nic 02)"
	expect "driver of the NVMe" vfio-pci "$(driver "$(cat "$kept/nvme")")"
	dmesg | grep -q 'not held early: one of its kind has appeared' || fail "the log does not say so"
}

t_check_says_what_has_changed() {
	setup 0 check
	expect_line "$(cat "$kept/nic"): no longer held early.* one has appeared at $(nic 03)"
	expect_line "host-setup early $(cat "$kept/nic")"
	systemctl status pve-passthrough-early.service --no-pager
	expect "state of the unit" failed "$(systemctl is-active pve-passthrough-early.service)"
}

t_early_undone() {
	setup 0 early --remove -y "$(cat "$kept/nic")" "$(cat "$kept/nvme")"
	expect_line 'nothing is held early'
	files >/tmp/after
	same "$kept/before-early" /tmp/after "not as before early"
	lsinitramfs "/boot/initrd.img-$(uname -r)" >/tmp/list
	! grep pve-passthrough /tmp/list || fail "the initramfs still has something"
}
