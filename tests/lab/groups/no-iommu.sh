# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A machine without an IOMMU (or with VT-d off in the firmware).
#
#once
#iommu none
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:31

prepare() {
	modprobe e1000e
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

# What is said of a capture is what is said here.
t_captured_no_iommu() { # more
	all_captured
}
