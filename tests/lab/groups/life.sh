# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# The life of a VM and what can be wrong with it: refusals, changed configurations, other VMs,
# a QEMU that still lives, failures halfway.
#
#once
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:21
#qemu -device pcie-root-port,id=rp2,chassis=2
#qemu -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:22
#qemu -device pcie-root-port,id=rp3,chassis=3 -device ich9-intel-hda,bus=rp3,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#qemu -device pcie-root-port,id=rp4,chassis=4 -device nvme-subsys,id=subsys,nqn=lab
#qemu -device nvme,bus=rp4,serial=lab2,subsys=subsys,sriov_max_vfs=4,sriov_vq_flexible=8,sriov_vi_flexible=4,max_ioqpairs=26,msix_qsize=17

prepare() {
	for module in e1000e snd_hda_intel nvme; do
		modprobe "$module"
	done
	wait_for 10 sound_there
	wait_for 10 test -e /sys/class/nvme/nvme0/serial
}

# ---- refusals, each with its cure and nothing touched

t_nothing_to_do() {
	vm 100 "machine: pc" "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0"
	for phase in pre-start post-start pre-stop post-stop; do
		hook_ok 100 $phase
	done
	[ ! -e /run/pve-passthrough ] || fail "expected no /run/pve-passthrough, seen one"
	[ ! -e /sys/module/vfio_pci ] || fail "expected vfio_pci not to be loaded, seen it"
}

t_template() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "template: 1"
	before=$(machine)
	for phase in pre-start pre-stop post-stop; do
		hook_ok 100 $phase
		expect_machine "$before"
	done
	[ ! -e /run/pve-passthrough ] || fail "expected no /run/pve-passthrough, seen one"
}

t_refused_i440fx() {
	nic=$(nic 21)
	vm 100 "hostpci0: $nic,pcie=1"
	refused 100 "qm set 100 --machine q35"
	expect_last_line \
		"VM 100 refused: 1 problem, above; check again: pve-passthrough plan 100"
	vm 100 "machine: pc-i440fx-9.2+pve1" "hostpci0: $nic,pcie=1"
	refused 100 "qm set 100 --machine q35"
	[ ! -e /sys/module/vfio_pci ] || fail "expected vfio_pci not to be loaded, seen it"
}

t_refused_pcie() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic"
	refused 100 "qm set 100 --hostpci0 $nic,pcie=1"
	vm 100 "machine: q35" "hostpci2: ${nic#0000:},rombar=0,pcie=0"
	refused 100 "qm set 100 --hostpci2 ${nic#0000:},"
	expect_said "rombar=0"
	expect_said "pcie=1"
}

t_refused_both() {
	nic=$(nic 21)
	vm 100 "hostpci0: $nic"
	refused 100 "qm set 100 --machine q35" "qm set 100 --hostpci0 $nic,pcie=1"
	expect_last_line \
		"VM 100 refused: 2 problems, above; check again: pve-passthrough plan 100"
	step "plan"
	before=$(machine)
	verb_exits 2 plan 100
	expect_said "qm set 100 --machine q35"
	expect_machine "$before"
}

t_refused_absent() {
	vm 100 "machine: q35" "hostpci0: 0000:7f:1f.7,pcie=1"
	refused 100 "7f:1f.7"
}

# One good entry beside a bad one: not even the good one is touched.
t_refused_one_of_two() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "hostpci1: 0000:7f:1f.7,pcie=1"
	refused 100 "7f:1f.7"
}

# The settings that let such a VM run as it is.
t_settings_allow() {
	nic=$(nic 21)
	vm 100 "hostpci0: $nic"
	printf 'machine = "off";\npcie = "warn";\n' >"$settings"
	start 100 "$nic=e1000e"
	stop 100
}

t_settings_broken() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	step "while starting"
	before=$(machine)
	echo 'machnie = "off";' >"$settings"
	hook_exits '[12]' 100 pre-start
	expect_said machnie
	expect_machine "$before"
	rm "$settings"
	start 100 "$nic=e1000e"
	step "while stopping: a warning only"
	echo 'machnie = "off";' >"$settings"
	stop 100
}

# ---- changes between start and stop

t_config_deleted() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	rm /etc/pve/qemu-server/100.conf
	stop 100
}

t_config_changed() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	vm 100 "hostpci0: $(nic 22),pcie=1"
	stop 100
}

# A start after which Proxmox VE forgot the stop, with another device wanted by now as well.
t_leftover_records() {
	nic=$(nic 21)
	other=$(nic 22)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	before_all=$before_start
	kill_watchers
	end_vm 100
	step "second start"
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "hostpci1: $other,pcie=1"
	hook_ok 100 pre-start
	expect_taken 100 "$nic" e1000e
	expect_taken 100 "$other" e1000e
	before_start=$before_all
	stop 100
}

# ---- other VMs

t_two_vms_in_turn() {
	nic=$(nic 21)
	for vmid in 100 101 100; do
		vm $vmid "machine: q35" "hostpci0: $nic,pcie=1"
		start $vmid "$nic=e1000e"
		stop $vmid
	done
}

# VM 100 died, and so did its watcher: VM 101 gets the device, with its before-image.
t_taken_over() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	vm 101 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	kill_watchers
	end_vm 100
	step "start of 101"
	hook_ok 101 pre-start
	expect_taken 101 "$nic" e1000e
	step "a late post-stop of 100"
	taken=$(machine)
	hook_ok 100 post-stop
	expect_machine "$taken"
	expect_taken 101 "$nic" e1000e
	stop 101
}

# Its pid file is there and the number is in use, but by something else.
t_taken_over_recycled_pid() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	vm 101 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	kill_watchers
	end_vm 100
	step "start of 101"
	background sleep 1000
	tail -n 1 /tmp/background.pids >/var/run/qemu-server/100.pid
	hook_ok 101 pre-start
	expect_taken 101 "$nic" e1000e
	stop 101
}

t_other_vm_runs() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	vm 101 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	step "start of 101"
	sum=$(cat "$records/$nic")
	refused 101 "VM 100"
	expect "record of $nic" "$sum" "$(cat "$records/$nic")"
	expect_taken 100 "$nic" e1000e
	stop 100
}

# Neither running nor stopped, but Proxmox VE is at work on it.
t_other_vm_locked() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	vm 101 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	step "start of 101"
	background flock /var/lock/qemu-server/lock-100.conf sleep 1000
	sleep 0.5
	end_vm 100
	refused 101 "VM 100"
	expect_taken 100 "$nic" e1000e
	end_background
	killall sleep
	stop 100
}

# ---- a QEMU that still lives at post-stop

t_group_open_for_a_while() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	hold "$nic"
	holder=$(tail -n 1 /tmp/background.pids)
	background sh -c "sleep 2; grep -ls unbind_store /proc/[0-9]*/stack >/tmp/unbinding;"
	background sh -c "sleep 3; kill $holder"
	stop 100
	[ "$hook_time" -ge 200 ] || fail "expected it to wait 3 s, seen ${hook_time}0 ms"
	in_time "a wait of 3 s" 800 "$hook_time"
	expect "processes in an unbind while the group was open" "" "$(cat /tmp/unbinding)"
}

t_group_open_for_ever() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	echo 'deadline = 2;' >"$settings"
	start 100 "$nic=e1000e"
	hold "$nic"
	step "stop of 100 with the group open"
	taken=$(machine)
	hook_exits '[!0]*' 100 post-stop
	expect_said "$nic"
	[ "$hook_time" -ge 150 ] || fail "expected it to wait 2 s, seen ${hook_time}0 ms"
	in_time "a wait of 2 s" 1000 "$hook_time"
	expect_machine "$taken"
	expect_taken 100 "$nic" e1000e
	kill -0 "$(tail -n 1 /tmp/background.pids)" || fail "expected the holder to live, seen it gone"
	end_background
	stop 100
}

# ---- failures halfway: everything is given back

# vfio-pci refuses a physical function that has virtual ones. The NIC before it goes back.
t_halfway_vfio_refuses() {
	nic=$(nic 21)
	disk=$(nvme lab2)
	echo 0 >"$devices/$disk/sriov_drivers_autoprobe"
	echo 2 >"$devices/$disk/sriov_numvfs" || fail "the lab: no VFs on $disk"
	before=$(machine)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "hostpci1: $disk,pcie=1"
	hook_exits '[12]' 100 pre-start
	expect_said "$disk"
	expect_machine "$before"
	echo 0 >"$devices/$disk/sriov_numvfs"
	echo 1 >"$devices/$disk/sriov_drivers_autoprobe"
}

# No vfio-pci to be had: known before the first write.
t_no_vfio_module() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	before=$(machine)
	rmmod vfio_pci 2>/dev/null
	module=$(find /lib/modules -name vfio-pci.ko)
	mv "$module" /tmp
	hook 100 pre-start
	mv /tmp/vfio-pci.ko "$module"
	[ "$hook_rc" != 0 ] || fail "100 pre-start: expected it to fail, seen exit code 0"
	expect_said vfio
	expect_machine "$before"
}

# What modprobe.d runs in the module's place: known before, or seen when it is run.
t_install_line() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	rmmod vfio_pci 2>/dev/null
	before=$(machine)
	mkdir -p /etc/modprobe.d
	echo "install vfio-pci /bin/true" >/etc/modprobe.d/lab.conf
	refused 100 "modprobe.d has the line: install vfio_pci /bin/true"
	for command in "true; true" "false; false"; do
		echo "install vfio-pci $command" >/etc/modprobe.d/lab.conf
		hook_exits 1 100 pre-start
		expect_said "module vfio_pci is not loaded: modprobe.d has the line: install vfio_pci $command"
		expect_machine "$before"
	done
	rm /etc/modprobe.d/lab.conf
	hook_ok 100 pre-start
	hook_ok 100 post-stop
}

# ---- for people

t_verbs() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	before=$(machine)
	step "plan"
	verb_exits 0 plan 100
	expect_said "$nic"
	expect_said e1000e
	expect_machine "$before"
	[ ! -e "$records" ] || [ -z "$(ls "$records")" ] || fail "expected no records after plan"
	step "config"
	verb_exits 0 config 100
	expect_said "${nic#0000:}"
	step "usage"
	verb_exits 0 --help
	verb_exits 0 --version
	verb_exits 64 no-such-verb
	verb_exits 64

	start 100 "$nic=e1000e"
	step "status"
	taken=$(machine)
	verb_exits 0 status
	expect_said "$nic"
	expect_said 100
	expect_said e1000e
	expect_machine "$taken"
	step "restore"
	verb_exits 2 restore 100
	expect_said "qm shutdown 100"
	kill_watchers
	end_vm 100
	verb_exits 0 restore 100
	expect_said "$nic: vfio-pci -> e1000e"
	expect_machine "$before"
}

# What was done is in the system's log as well.
t_syslog() {
	nic=$(nic 21)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	rm -f /tmp/syslog
	background syslogd -n -O /tmp/syslog
	wait_for 5 test -S /dev/log || fail "the lab: no /dev/log"
	start 100 "$nic=e1000e"
	stop 100
	end_background
	rm -f /dev/log
	grep -q "pve-passthrough.*$nic" /tmp/syslog ||
		fail "expected a line about $nic in the system's log, seen: $(tail -n 2 /tmp/syslog)"
}

# One entry has all these fields; some text of its message may be one.
expect_entry() {
	cp /tmp/journal /tmp/entries
	for field in "$@"; do
		grep -F -- "$field" /tmp/entries >/tmp/entries.left ||
			fail "expected an entry with $*, seen: $(tail -n 2 /tmp/journal)"
		mv /tmp/entries.left /tmp/entries
	done
}

# Where the journal listens it is told, of which VM and device; syslog is not told a second time.
t_journal() {
	nic=$(nic 21)
	device="|PCI_SLOT_NAME=$nic|DRIVER=e1000e|"
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	rm -f /tmp/syslog /tmp/journal
	background syslogd -n -O /tmp/syslog
	background journal /tmp/journal
	listener=$(tail -n 1 /tmp/background.pids)
	wait_for 5 test -S /dev/log || fail "the lab: no /dev/log"
	wait_for 5 test -S /run/systemd/journal/socket || fail "the lab: no journal"
	start 100 "$nic=e1000e"
	stop 100
	expect_entry "|MESSAGE=$nic [" "e1000e -> vfio-pci" "|PVE_VMID=100|PVE_PHASE=pre-start$device"
	expect_entry "|MESSAGE=$nic: vfio-pci -> e1000e|" "|PVE_VMID=100|PVE_PHASE=post-stop$device" \
		"|PRIORITY=6|" "|SYSLOG_IDENTIFIER=pve-passthrough|"

	step "the watcher"
	start 100 "$nic=e1000e"
	end_vm 100
	back_within 5 "$before_start"
	wait_for 5 grep -q "PHASE=watch" /tmp/journal
	expect_entry "|MESSAGE=$nic: vfio-pci -> e1000e|" "|PVE_VMID=100|PVE_PHASE=watch$device"
	expect "lines in syslog too" 0 "$(grep -c pve-passthrough /tmp/syslog)"

	step "a refusal"
	vm 101 "hostpci0: $nic,pcie=1"
	refused 101
	expect_entry "|MESSAGE=VM 101 refused" "|PRIORITY=3|" "|PVE_VMID=101|PVE_PHASE=pre-start|"

	step "the journal has died"
	kill -9 "$listener"
	start 100 "$nic=e1000e"
	stop 100
	for line in "pre-start: $nic \[" "post-stop: $nic: vfio-pci -> e1000e"; do
		wait_for 5 grep -q "pve-passthrough.*: VM 100, $line" /tmp/syslog ||
			fail "expected '$line' in the system's log, seen: $(tail -n 2 /tmp/syslog)"
	done
	step "log"
	verb_exits 1 log 100
	expect_said "journalctl cannot be run"
}

# What is said of a capture is what is said here.
t_captured_life() { # more
	all_captured
}
