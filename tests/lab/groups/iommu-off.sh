# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# An IOMMU that the kernel was told to leave off.
#
#once
#iommu off
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:31

prepare() {
	modprobe e1000e
}

t_refused_iommu_off() {
	nic=$(nic 31)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	refused 100 IOMMU
}

t_check_iommu_off() {
	check_host 2
	check_item firmware-iommu ok
	check_item iommu-active missing
}

# What is said of a capture is what is said here.
t_captured_iommu_off() { # once
	all_captured
}
