# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A machine without an IOMMU (or with VT-d off in the firmware).
#
#iommu none
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:31
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme-subsys,id=sub,nqn=lab
#qemu -device nvme,bus=rp2,addr=0.0,multifunction=on,subsys=sub,serial=lab1,sriov_max_vfs=127,sriov_vq_flexible=254,sriov_vi_flexible=127,max_ioqpairs=256,msix_qsize=2048
#qemu -device edu,bus=rp2,addr=0.7
#append pci=realloc=off

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

# The VFs would need more memory than the firmware has left, most of which another device has: the kernel's own line is
# quoted, and nothing stays.
t_sriov_no_memory() {
	pf=$(nvme lab1)
	fake_systemctl
	before=$(sriov_state "$pf")
	setup_exits 2 sriov "$pf" 127 -y
	expect_said "the kernel's log says:"
	expect_said "not enough MMIO resources for SR-IOV"
	expect "the host" "$before" "$(sriov_state "$pf")"
	rm /bin/systemctl
}
