# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Ports whose ACS a word of the kernel command line switches off; without it, and else the same, they isolate
# (shared.sh).
#
#more
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1,addr=0x10.0,multifunction=on
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:11
#qemu -device pcie-root-port,id=rp2,chassis=2,addr=0x10.1 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:12
#append pci=disable_acs_redir=pci:1b36:000c

prepare() {
	modprobe e1000e
}

t_acs_is_off() {
	nic=$(nic 11)
	other=$(nic 12)
	expect "group of the other card" "$(group_of "$nic")" "$(group_of "$other")"
	ports="$(above "$nic"), $(above "$other")"
	setup_exits 0 groups
	expect_said "together: $ports do not isolate: their ACS is off"
	expect_said "to split it: the ACS of $ports is off: take pci=disable_acs_redir=pci:1b36:000c off the kernel command line, and reboot"
	! grep "acs-override" /tmp/hook.out || fail "expected no word of the ACS override, which leaves such ports alone"
}

# What is said of a capture is what is said here.
t_captured_acs_off() {
	all_captured
}
