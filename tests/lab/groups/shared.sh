# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# IOMMU groups with more in them than the device that is wanted, and a device that belongs to
# vfio-pci already.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device pcie-pci-bridge,id=br1,bus=rp1
#qemu -device e1000,bus=br1,addr=1,romfile=,mac=52:54:00:00:00:11
#qemu -device e1000,bus=br1,addr=2,romfile=,mac=52:54:00:00:00:12
#qemu -device pcie-root-port,id=rp2,chassis=2 -device pcie-pci-bridge,id=br2,bus=rp2
#qemu -device e1000,bus=br2,addr=1,romfile=,mac=52:54:00:00:00:13 -device edu,bus=br2,addr=2
#qemu -device pcie-root-port,id=rp3,chassis=3,disable-acs=on
#qemu -device e1000e,bus=rp3,romfile=,mac=52:54:00:00:00:14
#qemu -device pcie-root-port,id=rp4,chassis=4 -device nec-usb-xhci,bus=rp4
#qemu -device pcie-root-port,id=rp5,chassis=5 -device e1000e,bus=rp5,romfile=,mac=52:54:00:00:00:15
#qemu -device pcie-root-port,id=rp6,chassis=6,disable-acs=on,addr=0x10.0,multifunction=on
#qemu -device e1000e,bus=rp6,romfile=,mac=52:54:00:00:00:16
#qemu -device pcie-root-port,id=rp7,chassis=7,disable-acs=on,addr=0x10.1
#qemu -device e1000e,bus=rp7,romfile=,mac=52:54:00:00:00:17
#append vfio-pci.ids=1033:0194

# vfio-pci first, as with a softdep in modprobe.d: so the USB controller is its, by ids=.
prepare() {
	echo "options vfio-pci ids=1033:0194" >/etc/modprobe.d/vfio.conf
	for module in vfio_pci e1000 e1000e xhci_pci; do
		modprobe "$module"
	done
}

# Conventional PCI: no pcie=1 needed. The NIC beside it must come along, the bridge above must not.
t_behind_bridge() {
	nic=$(nic 11)
	neighbour=$(nic 12)
	bridge=$(above "$nic")
	expect "group of the neighbour" "$(group_of "$nic")" "$(group_of "$neighbour")"
	expect "group of the bridge" "$(group_of "$nic")" "$(group_of "$bridge")"
	bridge_driver=$(driver "$bridge")
	vm 100 "machine: q35" "hostpci0: $nic"

	start 100 "$nic=e1000" "$neighbour=e1000"
	expect_free "$bridge" "$bridge_driver"
	vfio-use "$nic" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	expect "ids read through VFIO" 8086:100e "$(head -n 1 /tmp/use)"
	stop 100
}

# A neighbour without a driver is taken too (Proxmox VE would otherwise), and goes back to none.
t_driverless_neighbour() { # once
	nic=$(nic 13)
	edu=$(pci 1234:11e8)
	expect "group of the neighbour" "$(group_of "$nic")" "$(group_of "$edu")"
	vm 100 "machine: q35" "hostpci0: $nic"
	start 100 "$nic=e1000" "$edu=none"
	stop 100
}

# Without ACS the root port is in the group; it stays with pcieport.
t_no_acs() {
	nic=$(nic 14)
	port=$(above "$nic")
	expect "group of the root port" "$(group_of "$nic")" "$(group_of "$port")"
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	expect_free "$port" pcieport
	vfio-use "$nic" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	stop 100
}

# One that was on vfio-pci before stays there.
t_already_vfio() {
	usb=$(pci 1033:0194)
	expect_driver "$usb" vfio-pci
	vm 100 "machine: q35" "hostpci0: $usb,pcie=1"
	start 100 "$usb=vfio-pci"
	vfio-use "$usb" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	stop 100
	expect_free "$usb" vfio-pci
	expect_override "$usb" "(null)"
}

# An override that the user had set, for the next probe, is there again afterwards.
t_override_kept() {
	nic=$(nic 14)
	echo pci-stub >"$devices/$nic/driver_override"
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	stop 100
	expect_override "$nic" pci-stub
	echo >"$devices/$nic/driver_override"
}

# Both NICs of one group, each by an entry of its own: each is taken once.
t_same_group_twice() { # once
	nic=$(nic 11)
	neighbour=$(nic 12)
	vm 100 "machine: q35" "hostpci0: $nic" "hostpci1: $neighbour"
	start 100 "$nic=e1000" "$neighbour=e1000"
	stop 100
}

# Two VMs want devices of one group, and the second comes while the first is being started: Proxmox
# VE's reservations name no neighbours, the records do.
t_neighbour_of_a_start() { # once
	nic=$(nic 11)
	neighbour=$(nic 12)
	vm 100 "machine: q35" "hostpci0: $nic"
	vm 101 "machine: q35" "hostpci0: $neighbour"
	start 100 "$nic=e1000" "$neighbour=e1000"
	step "the start of 101, while that of 100 is under way"
	background flock /var/lock/qemu-server/lock-100.conf sleep 1000
	sleep 0.5
	end_vm 100
	refused 101 "$neighbour" "it is taken for VM 100, which is being started, stopped or changed"
	end_background
	killall sleep
	before_101=$before_start
	step "and when it has failed"
	back_within 5 "$before_101"
	start 101 "$nic=e1000" "$neighbour=e1000"
	stop 101
}

# The proofs that guides ask for: the IOMMU, interrupt remapping and the groups, each in the kernel's log, and the
# groups in sysfs. What the next boot does is nothing that this machine has.
t_check_proofs() { # once
	table=DMAR line='DMAR: IOMMU enabled'
	[ "$iommu" = intel ] || table=IVRS line='AMD-Vi: Interrupt remapping enabled'
	check_host '[023456789]'
	check_item firmware-iommu ok
	expect_said "/sys/firmware/acpi/tables/$table"
	check_item iommu-active ok
	check_item interrupt-remapping ok
	check_item kernel-log note
	expect_said "$line"
	expect_said "to iommu group"
	step "groups"
	nic=$(nic 11)
	host-setup groups >/tmp/hook.out 2>&1 </dev/null || fail "host-setup groups: exit code $?"
	cat /tmp/hook.out
	expect_said "${nic#0000:}"
	expect_said "$(id_of "$nic")"
}

# Two root ports of one slot, without ACS, are one group. What is said to split it does: a card in the slot of another
# port, which is empty until it is put there. What is said not to, does not: the bridge of conventional PCI is below a
# port that isolates.
t_what_splits() {
	nic=$(nic 16)
	other=$(nic 17)
	card=$(nic 15)
	port=$(above "$card")
	expect "group of the other card" "$(group_of "$nic")" "$(group_of "$other")"
	setup_exits 0 groups
	! grep "another slot" /tmp/hook.out || fail "a slot is said to be empty"
	expect_said "to split it: ports $(above "$nic"), $(above "$other") show no ACS"
	expect_said "Proxmox VE's kernels know that word, this one ($(uname -r)) does not"
	! grep "host-setup enable --acs-override" /tmp/hook.out || fail "this kernel has no ACS override"
	expect_said "to split it: nothing splits conventional PCI (below $(above "$(nic 11)"))"
	step "a slot is empty"
	echo 1 >"$devices/$card/remove"
	setup_exits 0 groups
	expect_said "to split it: another slot: a card in that of port $port"
	step "the card is put there"
	echo 1 >/sys/bus/pci/rescan
	wait_for 5 test -e "$devices/$card/driver" || fail "the lab: $card is not back"
	expect "what is in the card's group" "$card" "$(ls "/sys/kernel/iommu_groups/$(group_of "$card")/devices")"
}

# What is said of a capture is what is said here.
t_captured_shared() { # more
	all_captured
}
