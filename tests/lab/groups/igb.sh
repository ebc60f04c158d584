# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A network card with virtual functions, as real ones are: with the PF's driver its VFs go away.
#
#more
#device igb
#iommu on
#seconds 300
#qemu -device pcie-root-port,id=rp1,chassis=1 -device igb,bus=rp1,romfile=,mac=52:54:00:00:00:51
#qemu -device pcie-root-port,id=rp2,chassis=2 -device igb,bus=rp2,romfile=,mac=52:54:00:00:00:52

prepare() {
	for module in igb igbvf vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	wait_for 10 test -n "$(nic_name 51)"
}

# vf PF N: its Nth virtual function, counted from 0.
vf() {
	cd -P "$devices/$1/virtfn$2" || fail "the lab: $1 has no VF $2"
	echo "${PWD##*/}"
	cd /
}

# vfs PF N: as an administrator makes them.
vfs() {
	echo "$2" >"$devices/$1/sriov_numvfs" || fail "the lab: no $2 VFs on $1"
	[ "$2" = 0 ] || wait_for 10 test -e "$devices/$(vf "$1" "$(($2 - 1))")/driver" || fail "the lab: no igbvf"
}

t_igb_pf() {
	pf=$(nic 51)
	vm 100 "machine: q35" "hostpci0: $pf,pcie=1"
	start 100 "$pf=igb"
	vfio-use "$pf" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	expect "ids read through VFIO" 8086:10c9 "$(head -n 1 /tmp/use)"
	stop 100
	wait_for 10 test -n "$(nic_name 51)" || fail "expected the network device back, seen none"
}

# One VF: neither its PF nor the VF beside it is touched. The ids of a VF's header are ff, but vfio-pci knows them.
t_igb_vf() {
	pf=$(nic 51)
	name=$(nic_name 51)
	vfs "$pf" 2
	first=$(vf "$pf" 0)
	second=$(vf "$pf" 1)
	[ "$(group_of "$first")" != "$(group_of "$second")" ] || fail "the lab: both VFs are in one group"
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
	start 100 "$first=igbvf"
	vfio-use "$first" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	expect "ids read through VFIO" 8086:10ca "$(head -n 1 /tmp/use)"
	expect_free "$pf" igb
	expect_free "$second" igbvf
	expect "the PF's name" "$name" "$(nic_name 51)"
	stop 100
	step "two VFs for two VMs"
	vm 101 "machine: q35" "hostpci0: $second,pcie=1"
	before=$(machine)
	hook_ok 100 pre-start
	hook_ok 101 pre-start
	expect_taken 100 "$first" igbvf
	expect_taken 101 "$second" igbvf
	hook_ok 100 post-stop
	expect_taken 101 "$second" igbvf
	hook_ok 101 post-stop
	expect_machine "$before"
	vfs "$pf" 0
}

# It would take its VFs with it.
t_igb_pf_with_vfs() {
	pf=$(nic 51)
	vfs "$pf" 2
	vm 100 "machine: q35" "hostpci0: $pf,pcie=1"
	refused 100 "$pf" VF
	vfs "$pf" 0
	start 100 "$pf=igb"
	stop 100
	wait_for 10 test -n "$(nic_name 51)"
}

# Its VF is taken, and the PF loses its VFs meanwhile: nothing is left to give back, and nothing stays.
t_igb_vfs_go_away() {
	pf=$(nic 52)
	vfs "$pf" 1
	first=$(vf "$pf" 0)
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
	hook_ok 100 pre-start
	expect_taken 100 "$first" igbvf
	echo 0 >"$devices/$pf/sriov_numvfs"
	[ ! -e "$devices/$first" ] || fail "the lab: $first is still there"
	hook 100 post-stop
	hook 100 post-stop
	[ ! -e "$records/$first" ] || fail "record of $first: expected none, seen one"
}

# ---- VFs that host-setup makes

# The card carries the host's network: nothing without --now, which resets it.
t_igb_sriov_in_use() {
	pf=$(nic 51)
	name=$(nic_name 51)
	fake_systemctl
	before=$(sriov_state "$pf")
	ip link set "$name" up
	ip addr add 198.51.100.1/24 dev "$name"
	setup_exits 0 sriov "$pf" 4 -y
	expect_said "$name carries the host's network: address 198.51.100.1"
	expect_said "4 VFs from the next boot on, because the host uses it"
	expect "VFs of $pf" 0 "$(vfs_of "$pf")"
	step "at boot"
	setup_exits 0 sriov --boot
	expect "VFs of $pf" 4 "$(vfs_of "$pf")"
	expect_driver "$(vf "$pf" 3)" none
	setup_exits 0 sriov
	expect_said "VFs: 7 possible, 4 now, 4 at every boot"
	expect_said "$(vf "$pf" 3)  no driver"
	iproute2 link set "$name" vf 3 mac 52:54:00:00:51:03 vlan 30 || fail "the lab: no MAC for VF 3"
	setup_exits 0 sriov
	expect_said "MAC 52:54:00:00:51:03, VLAN 30"
	step "undone now"
	setup_exits 0 sriov "$pf" 0 -y --now
	expect "the host" "$before" "$(sriov_state "$pf")"
	step "a VM's start does not reset it either"
	setup_exits 0 sriov "$pf" 2 -y
	setup_exits 0 sriov "$pf" 2 -y --now
	first=$(vf "$pf" 0)
	echo 0 >"$devices/$pf/sriov_numvfs"
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
	refused 100 "host-setup sriov $pf 2 --now"
	ip addr del 198.51.100.1/24 dev "$name"
	hook_ok 100 pre-start
	expect_taken 100 "$first" none
	hook_ok 100 post-stop
	expect_free "$first" none
	ip link set "$name" down
	setup_exits 0 sriov
	expect_said "ip link set $name up"
	setup_exits 0 sriov "$pf" 0 -y
	expect "the host" "$before" "$(sriov_state "$pf")"
	rm /bin/systemctl
}

# With drivers of the host the VFs have interfaces, and one that is in use is not removed.
t_igb_sriov_host_driver() {
	pf=$(nic 52)
	fake_systemctl
	before=$(sriov_state "$pf")
	setup_exits 0 sriov "$pf" 2 -y --host-driver
	wait_for 10 test -e "$devices/$(vf "$pf" 1)/net" || fail "expected an interface of the VF, seen none"
	expect_driver "$(vf "$pf" 1)" igbvf
	interface=$(ls "$devices/$(vf "$pf" 1)/net")
	ip addr add 198.51.100.2/24 dev "$interface"
	setup_exits 2 sriov "$pf" 4 -y --now
	expect_said "the VF $(vf "$pf" 1) is in use and would vanish"
	ip addr del 198.51.100.2/24 dev "$interface"
	setup_exits 0 sriov "$pf" 0 -y
	expect "the host" "$before" "$(sriov_state "$pf")"
	rm /bin/systemctl
}

# What is said of a capture is what is said here.
t_captured_igb() {
	all_captured
}
