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
	expect_line 'VT-d'
}

# By an ordinary user, as one would look at somebody's report.
replay() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

t_capture_agrees() {
	setup 0 capture /root/host.tar.xz --yes
	rm -rf /tmp/replay
	mkdir /tmp/replay
	chown 65534:65534 /tmp/replay
	replay tar -xJ -C /tmp/replay </root/host.tar.xz || fail "the capture cannot be unpacked"
	rm /root/host.tar.xz
	for command in check groups; do
		live=0 replayed=0
		host-setup $command >/tmp/live 2>&1 || live=$?
		replay host-setup $command --root /tmp/replay >/tmp/replayed 2>&1 || replayed=$?
		expect "exit code of $command" "$live" "$replayed"
		# Words that it does not know, and UUIDs, have stand-ins.
		for file in live replayed; do
			sed -E '/kernel was started with|next boot (is|will be) started/d
				s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g
				s|--root /tmp/replay ||g' /tmp/$file >/tmp/$file.plain
		done
		same /tmp/live.plain /tmp/replayed.plain "live and replayed differ in $command"
	done
}

# What somebody did who had trouble with the IOMMU once.
t_iommu_off_by_hand() {
	sed -i 's/^\(GRUB_CMDLINE_LINUX_DEFAULT=".*\)"$/\1 intel_iommu=off"/' /etc/default/grub
	grep -n intel_iommu=off /etc/default/grub | cut -d : -f 1 | grep . ||
		fail "the lab could not add intel_iommu=off"
	update-grub
	grep -q intel_iommu=off "$grub_cfg" || fail "update-grub did not take it over"
}
