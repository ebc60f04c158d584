# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After the reboot: all is ready, a VM starts and stops, and disable takes everything back.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme-subsys,id=sub,nqn=lab
#qemu -device nvme,bus=rp2,subsys=sub,serial=lab1,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=26,msix_qsize=17
#end shutdown
#seconds 600

t_words_reached_the_kernel() {
	cat /proc/cmdline
	expect_words
}

t_check_says_ready() {
	setup 0 check
	expect_line 'ready'
}

# The four proofs of the guide.
t_proof_iommu_in_the_log() {
	dmesg | grep -e DMAR -e IOMMU >/tmp/hook.out
	cat /tmp/hook.out
	expect_said 'DMAR: IOMMU enabled'
}

t_proof_interrupt_remapping() {
	dmesg | grep remapping >/tmp/hook.out
	cat /tmp/hook.out
	expect_said 'Enabled IRQ remapping'
}

t_proof_groups_in_the_log() {
	dmesg | grep 'iommu group' || fail "no 'iommu group' in the kernel's log"
}

t_proof_groups_in_sysfs() {
	find /sys/kernel/iommu_groups/ -type l | grep . || fail "/sys/kernel/iommu_groups has no links"
}

t_modules_loaded_at_boot() {
	journalctl -b -u systemd-modules-load --no-pager
	for module in vfio vfio_pci vfio_iommu_type1; do
		[ -d /sys/module/$module ] || fail "$module is not loaded"
	done
	expect "state of systemd-modules-load" active "$(systemctl is-active systemd-modules-load)"
	! systemctl --failed --no-legend | grep . || fail "units have failed"
}

t_groups_lists_the_card() {
	nic=$(nic 01)
	setup 0 groups
	expect_said "${nic#0000:}"
	expect_line '82574L|e1000e'
	setup 0 groups --json
	expect_json
	jq -e --arg nic "$nic" '[.. | strings] | any(. == $nic)' /tmp/hook.out ||
		fail "groups --json does not have $nic"
}

t_check_speaks_json() {
	setup 0 check --json
	expect_json
}

t_captured_ready() {
	all_captured
}

# A pretend VM, with something in QEMU's place that uses the device as QEMU does.
t_vm_starts_and_stops() {
	nic=$(nic 01)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	vfio-use "$nic" || fail "the device cannot be used through VFIO"
	stop 100
	expect_free "$nic" e1000e
	journalctl -b -t pve-passthrough --no-pager >/tmp/hook.out
	cat /tmp/hook.out
	expect_said "$nic"
	rm /etc/pve/qemu-server/100.conf
}

# The watcher is systemd's, and does its work: nobody calls post-stop.
t_watcher_is_a_unit() {
	nic=$(nic 01)
	unit=pve-passthrough-watch@100.service
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	# The start does not wait for systemd.
	wait_for 20 unit_is active || fail "expected $unit to run, seen $(systemctl is-active "$unit")"
	systemctl status "$unit" --no-pager
	read -r pid </var/run/qemu-server/100.pid
	kill -9 "$pid"
	wait_for 20 test ! -e "$records/$nic" || fail "expected the watcher to give $nic back"
	expect_machine "$before_start"
	wait_for 20 unit_is inactive || fail "expected $unit to end, seen $(systemctl is-active "$unit")"
	! systemctl --failed --no-legend | grep . || fail "units have failed"
	journalctl -b -u "$unit" --no-pager
	pve-passthrough log 100 >/tmp/hook.out 2>&1
	cat /tmp/hook.out
	expect_said "$nic: vfio-pci -> e1000e"
	rm -f /var/run/qemu-server/100.pid /etc/pve/qemu-server/100.conf
}

unit_is() {
	[ "$(systemctl is-active "$unit")" = "$1" ]
}

# What the units start (systemctl, pct, ifreload, their scripts) forks, mounts and writes, and the host sees it.
t_units_forbid_nothing_that_is_needed() {
	dropin=/run/systemd/system/pve-passthrough-restore.service.d
	cat >/usr/local/sbin/needed.sh <<-'END'
	#!/bin/sh -ex
	mount -t tmpfs needed /mnt
	sh -c 'echo written >/run/needed.txt' &
	wait $!
	echo 1 >/sys/bus/pci/rescan
	modprobe dummy numdummies=1
	test -e /sys/class/net/dummy0
	unshare --net true
	chrt --fifo 1 true
	END
	chmod 755 /usr/local/sbin/needed.sh
	mkdir -p $dropin
	printf '[Service]\nExecStart=\nExecStart=/usr/local/sbin/needed.sh\nStandardError=journal\n' >$dropin/needed.conf
	systemctl daemon-reload
	systemctl start pve-passthrough-restore.service || {
		journalctl -b -u pve-passthrough-restore.service --no-pager
		fail "the unit keeps a script from something"
	}
	mountpoint -q /mnt || fail "the host does not see what the script has mounted"
	expect "mode of what was written" 644 "$(stat -c %a /run/needed.txt)"
	rmmod dummy
	umount /mnt
	rm -rf $dropin /usr/local/sbin/needed.sh /run/needed.txt
	systemctl daemon-reload
}

# Killed, it starts again; and what was left behind without one goes back when qmeventd starts.
t_watcher_is_killed() {
	nic=$(nic 01)
	unit=pve-passthrough-watch@100.service
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	wait_for 20 unit_is active || fail "expected $unit to run, seen $(systemctl is-active "$unit")"
	systemctl kill -s KILL "$unit"
	wait_for 20 unit_is active || fail "expected $unit again, seen $(systemctl is-active "$unit")"
	systemctl stop "$unit"
	end_vm 100
	sleep 1
	expect_taken 100 "$nic" e1000e
	systemctl start pve-passthrough-restore.service || fail "pve-passthrough-restore.service failed"
	expect_machine "$before_start"
	rm -f /etc/pve/qemu-server/100.conf
}

t_disabled() {
	setup 0 disable -y
	files >/tmp/after
	same "$kept/before" /tmp/after "not as before enable"
	cmp "$grub_cfg" "$kept/old$grub_cfg" || fail "grub.cfg is not as before enable"
}

# VFs of a PF, for the next boot to make.
t_vfs_are_set_up() {
	wait_for 60 pf_there || fail "the lab: no NVMe controller"
	pf=$(nvme lab1)
	# udev may load it later here than the unit waits.
	echo nvme >/etc/modules-load.d/lab.conf
	setup 0 sriov "$pf" 2 -y
	expect "VFs of $pf" 2 "$(vfs_of "$pf")"
	expect "state of the unit" enabled "$(systemctl is-enabled pve-passthrough-sriov.service)"
}
