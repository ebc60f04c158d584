# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# The NIC and the NVMe were on no driver of the host; the NIC's twin is on its own.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:02
#qemu -device pcie-root-port,id=rp3,chassis=3 -drive if=none,id=n1,driver=null-co,size=64M -device nvme,bus=rp3,drive=n1,serial=early
#end shutdown
#seconds 900

t_drivers_never_bound_them() {
	nic=$(cat "$kept/nic") nvme=$(cat "$kept/nvme")
	dmesg | grep -E "pve-passthrough|e1000e|nvme|vfio"
	expect "driver of the NIC" vfio-pci "$(driver "$nic")"
	expect "driver of the NVMe" vfio-pci "$(driver "$nvme")"
	expect "override of the NIC" vfio-pci "$(override "$nic")"
	for device in "$nic" "$nvme"; do
		dmesg | grep -q "$device is held early for vfio-pci" || fail "the script said nothing of $device"
		! dmesg | grep -E "(e1000e|nvme).*$device" || fail "a driver of the host had $device"
	done
	! ls /dev/nvme* 2>/dev/null || fail "the NVMe has a node"
}

t_twin_is_on_its_driver() {
	expect "driver of the twin" e1000e "$(driver "$(nic 01)")"
}

t_early_is_shown() {
	nic=$(cat "$kept/nic")
	setup 0 check
	expect_line "$nic: held early"
	setup 0 groups
	expect_line 'early:.*held early'
	setup 0 early --json
	expect "the states" "held held" "$(jq -r '.devices[].state' /tmp/hook.out | xargs)"
	expect "state of the unit" active "$(systemctl is-active pve-passthrough-early.service)"
	journalctl -b -u pve-passthrough-early.service --no-pager
	! systemctl --failed --no-legend | grep . || fail "units have failed"
}

t_captured_early_held() {
	all_captured
}

t_vm_gets_it_and_it_stays_held() {
	nic=$(cat "$kept/nic")
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	pve-passthrough plan 100 >/tmp/hook.out 2>&1
	cat /tmp/hook.out
	expect_said 'held early'
	start 100 "$nic=vfio-pci"
	vfio-use "$nic" || fail "the device cannot be used through VFIO"
	stop 100
	expect "driver of the NIC" vfio-pci "$(driver "$nic")"
	expect "override of the NIC" vfio-pci "$(override "$nic")"
	rm /etc/pve/qemu-server/100.conf
}

# As somebody types it in GRUB's menu, for the next boot.
t_word_for_the_next_boot() {
	cp -p "$grub_cfg" "$kept/grub.cfg"
	sed -i '/^[[:blank:]]*linux/ s/$/ pve_passthrough.early=0/' "$grub_cfg"
}
