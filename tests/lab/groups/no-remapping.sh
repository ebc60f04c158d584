# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# An IOMMU that does not remap interrupts: VFIO lets no guest have a device, unless told otherwise.
#
#iommu no-remapping
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:31

prepare() {
	modprobe e1000e
	modprobe vfio_iommu_type1
}

allow=/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts

# The refusal is right: what would have been started could not have used the device.
t_refused_no_remapping() {
	nic=$(nic 31)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	refused 100 "interrupts are not remapped" "host-setup enable --unsafe-interrupts"

	echo Y >$allow
	start 100 "$nic=e1000e"
	echo N >$allow
	if vfio-use "$nic" >/tmp/use 2>&1; then
		fail "vfio-use: expected EPERM without remapping, seen: $(cat /tmp/use)"
	fi
	stop 100
}

t_unsafe_interrupts_allowed() {
	nic=$(nic 31)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	echo Y >$allow
	start 100 "$nic=e1000e"
	vfio-use "$nic" >/tmp/use 2>&1 || fail "vfio-use: expected it to work, seen: $(cat /tmp/use)"
	stop 100
	echo N >$allow
}

t_check_no_remapping() {
	check_host 2
	check_item iommu-active ok
	check_item interrupt-remapping missing
}

# What is said of a capture is what is said here.
t_captured_no_remapping() { # more
	all_captured
}
