# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A machine without an IOMMU (or with VT-d off in the firmware).
#
#iommu none
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:31
#qemu -device pxb-pcie,id=pxb,bus=pcie.0,bus_nr=32 -device nvme-subsys,id=sub,nqn=lab
#qemu -device nvme,bus=pxb,addr=1f.0,subsys=sub,serial=lab1,sriov_max_vfs=16,sriov_vq_flexible=32,sriov_vi_flexible=16,max_ioqpairs=34,msix_qsize=17

prepare() {
	modprobe e1000e
	modprobe nvme
}

t_refused_no_iommu() {
	nic=$(nic 31)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	refused 100 IOMMU
}

t_check_no_iommu() {
	check_host 2
	check_item iommu-active missing
}

# The VFs would need bus numbers that the firmware has not left to the card: the kernel's own line is quoted, and nothing
# stays.
t_sriov_no_bus() {
	pf=$(nvme lab1)
	fake_systemctl
	before=$(sriov_state "$pf")
	setup_exits 2 sriov "$pf" 16 -y
	expect_said "the kernel's log says:"
	expect_said "can't enable 16 VFs (bus "
	expect "the host" "$before" "$(sriov_state "$pf")"
	step "as many as there are numbers for"
	setup_exits 0 sriov "$pf" 4 -y
	expect "VFs of $pf" 4 "$(vfs_of "$pf")"
	setup_exits 2 sriov "$pf" 16 -y
	expect "VFs of $pf" 4 "$(vfs_of "$pf")"
	setup_exits 0 sriov "$pf" 0 -y
	expect "the host" "$before" "$(sriov_state "$pf")"
	rm /bin/systemctl
}
