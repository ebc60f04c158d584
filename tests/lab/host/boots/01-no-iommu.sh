# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# VT-d is off in the firmware.
#
#end shutdown
#seconds 600

t_no_iommu_in_the_firmware() {
	# The host as it was before anything was done to it.
	files >"$kept/before"
	mkdir -p "$kept/old/boot/grub"
	cp "$grub_cfg" "$kept/old$grub_cfg"

	setup 2 check
	expect_line 'firmware (offers|describes) no IOMMU'
	expect_line 'virtual IOMMU'
}

# What is said of a capture is what is said here; so in each boot in which something else is to be seen.
t_captured_without_an_iommu() {
	all_captured
}

# What somebody did who had trouble with the IOMMU once.
t_iommu_off_by_hand() {
	sed -i 's/^\(GRUB_CMDLINE_LINUX_DEFAULT=".*\)"$/\1 intel_iommu=off"/' /etc/default/grub
	grep -n intel_iommu=off /etc/default/grub | cut -d : -f 1 | grep . ||
		fail "the lab could not add intel_iommu=off"
	update-grub
	grep -q intel_iommu=off "$grub_cfg" || fail "update-grub did not take it over"
}
