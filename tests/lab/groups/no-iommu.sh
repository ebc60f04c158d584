# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A machine without an IOMMU (or with VT-d off in the firmware), whose kernel loads no vfio_pci.
#
#once
#iommu none
#append module_blacklist=snd,vfio_pci
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

# That of the last such word is never loaded, whatever modprobe is told; the plan knows it before.
t_module_blacklist() {
	nic=$(nic 31)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	! modprobe vfio_pci 2>/dev/null || fail "expected that vfio_pci cannot be loaded"
	[ ! -e /sys/module/vfio_pci ] || fail "expected no vfio_pci"
	refused 100 "the kernel command line has module_blacklist=snd,vfio_pci"
}

t_check_no_iommu() {
	check_host 2
	check_item iommu-active missing
}

# What is said of a capture is what is said here.
t_captured_no_iommu() { # more
	all_captured
}
