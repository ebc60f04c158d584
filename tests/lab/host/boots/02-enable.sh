# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# VT-d is on in the firmware, but intel_iommu=off stands in /etc/default/grub.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#end shutdown
#seconds 600

t_contradiction_refused() {
	has_word intel_iommu=off || fail "booted without intel_iommu=off: $(cat /proc/cmdline)"
	line=$(grep -n intel_iommu=off /etc/default/grub | cut -d : -f 1)
	touched >/tmp/before
	setup 2 enable -y
	touched >/tmp/after
	expect_line "/etc/default/grub:$line"
	same /tmp/before /tmp/after "enable refused and yet changed something"
	setup 2 check
	expect_line "/etc/default/grub:$line"
}

t_enabled() {
	sed -i 's/ intel_iommu=off"$/"/' /etc/default/grub
	setup 0 enable -y
	expect_line 'reboot is needed'
	grep -E '^[[:blank:]]*linux' "$grub_cfg" >/tmp/entries
	grep -vE ' recovery| single' /tmp/entries | grep -v 'intel_iommu=on.*iommu=pt' &&
		fail "an entry of grub.cfg lacks the words"
	grep -q 'intel_iommu=on.*iommu=pt' /tmp/entries || fail "no entry of grub.cfg has the words"
	files >"$kept/enabled"
	mkdir -p "$kept/new/boot/grub"
	cp "$grub_cfg" "$kept/new$grub_cfg"
	# shellcheck disable=SC2046 # a list
	cp --parents $(our_files) "$kept/new"
	our_files
}

t_second_enable_changes_nothing() {
	touched >/tmp/before
	setup 0 enable -y
	touched >/tmp/after
	same /tmp/before /tmp/after "the second enable changed something"
}

t_ready_after_a_reboot() {
	setup 3 check
	expect_line 'reboot'
}

t_captured_enabled() {
	all_captured
}
