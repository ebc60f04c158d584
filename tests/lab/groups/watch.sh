# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# Devices come back although nobody calls post-stop, and whatever else happens meanwhile: failed
# starts, a QEMU that is killed, reboots, dead watchers, writes that hang, devices and drivers that
# go away.
#
#once
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -drive if=none,id=disk1,driver=null-co,size=64M,read-zeroes=on
#qemu -device nvme,bus=rp1,drive=disk1,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme,bus=rp2,serial=lab2
#qemu -device pcie-root-port,id=rp3,chassis=3 -device ich9-intel-hda,bus=rp3,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#seconds 180

prepare() {
	for module in nvme snd_hda_intel vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	wait_for 10 test -e /sys/class/nvme/nvme1/serial
	wait_for 10 sound_there
}

want() {
	vm "$1" "machine: q35" "hostpci0: $2,pcie=1"
}

# Proxmox VE calls no hook when a start fails after pre-start.
t_failed_start() {
	disk=$(nvme lab1)
	want 100 "$disk"
	before=$(machine)
	start_fails=yes
	hook_ok 100 pre-start
	back_within 5 "$before"
	echo "# a failed start's disk was back after ${back_after}0 ms"
	in_time "giving it back" 100 "$back_after"
}

t_qemu_killed() {
	disk=$(nvme lab1)
	want 100 "$disk"
	start 100 "$disk=nvme"
	watchers 100 >/dev/null || fail "expected a watcher of VM 100, seen none"
	sleep 1
	expect_taken 100 "$disk" nvme
	read -r pid <"/var/run/qemu-server/100.pid"
	kill -9 "$pid"
	back_within 5 "$before_start"
	echo "# a killed VM's disk was back after ${back_after}0 ms"
	in_time "giving it back" 100 "$back_after"
	step "a late post-stop"
	hook_ok 100 post-stop
	expect "what it says" "" "$(cat /tmp/hook.out)"
	expect_machine "$before_start"
}

# A phase hangs with the devices taken, at a file that whoever opens it waits for.
t_phase_hangs() {
	disk=$(nvme lab1)
	want 100 "$disk"
	before=$(machine)
	printf 'deadline = 1;\nnext = "local:snippets/x";\n' >"$settings"
	rm -f /etc/pve/storage.cfg
	mkfifo /etc/pve/storage.cfg
	hook_exits 1 100 pre-start
	expect_said "stuck in the kernel: open /etc/pve/storage.cfg"
	in_time "its end" 1000 "$hook_time"
	rm /etc/pve/storage.cfg
	back_within 5 "$before"
	echo "# the disk was back after ${back_after}0 ms"
}

# While QEMU lives on without its VM, its group stays open, and the device where it is.
t_qemu_lives_on() {
	disk=$(nvme lab1)
	want 100 "$disk"
	echo 'deadline = 1;' >"$settings"
	start 100 "$disk=nvme"
	hold "$disk"
	holder=$(tail -n 1 /tmp/background.pids)
	end_vm 100
	sleep 2
	expect_taken 100 "$disk" nvme
	kill -9 "$holder"
	back_within 5 "$before_start"
}

# The watcher sleeps in the kernel, and is small.
t_watcher_costs() {
	disk=$(nvme lab1)
	want 100 "$disk"
	start 100 "$disk=nvme"
	pid=$(watchers 100)
	expect "watchers of VM 100" 1 "$(echo "$pid" | wc -l)"
	ticks=$(cut -d ' ' -f 14,15 "/proc/$pid/stat")
	sleep 3
	expect "processor time of the watcher in 3 s" "$ticks" "$(cut -d ' ' -f 14,15 "/proc/$pid/stat")"
	# Private_Dirty counts every page of a file here: an initramfs is memory. On a disk the two agree.
	dirty=$(sed -n 's/^Anonymous: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup")
	echo "# the watcher's private memory: $dirty kB"
	[ "$dirty" -lt 1024 ] || fail "expected less than 1 MiB, seen $dirty kB"
	expect "its open files beside its streams" "" \
		"$(find "/proc/$pid/fd" -lname '/dev/*' ! -lname /dev/null -exec readlink {} \; | tr '\n' ' ')"
	stop 100
	wait_for 5 no_watchers || fail "expected the watcher to end, seen it alive"
}

t_watcher_killed() {
	disk=$(nvme lab1)
	want 100 "$disk"
	start 100 "$disk=nvme"
	kill_watchers
	step "an ordinary stop needs none"
	stop 100
	step "without one, what is left is to be seen and to be given back"
	start 100 "$disk=nvme"
	kill_watchers
	end_vm 100
	sleep 1
	expect_taken 100 "$disk" nvme
	verb_exits 0 status
	expect_said "taken for VM 100 from nvme; now on vfio-pci"
	verb_exits 0 restore --all
	expect_said "$disk: vfio-pci -> nvme"
	expect_machine "$before_start"
}

# All VMs but the one that runs.
t_restore_all() {
	first=$(nvme lab1)
	second=$(nvme lab2)
	want 100 "$first"
	want 101 "$second"
	before=$(machine)
	hook_ok 100 pre-start
	hook_ok 101 pre-start
	kill_watchers
	end_vm 100
	verb_exits 0 restore --all
	expect_free "$first" nvme
	expect_taken 101 "$second" nvme
	hook_ok 101 post-stop
	expect_machine "$before"
}

# ---- qm reboot: a stop and a start

stop_to_reboot() {
	: >"/var/run/qemu-server/$1.reboot"
	hook_ok "$1" post-stop
	expect_said "VM $1 is being rebooted"
	rm "/var/run/qemu-server/$1.reboot"
}

# VM 100 has been stopped to start again, and its disk stays taken.
keep_disk_for_reboot() {
	disk=$(nvme lab1)
	want 100 "$disk"
	start 100 "$disk=nvme"
	stop_to_reboot 100
	sleep 0.5
	expect_driver "$disk" vfio-pci
}

t_reboot() {
	first=$(nvme lab1)
	second=$(nvme lab2)
	vm 100 "machine: q35" "hostpci0: $first,pcie=1" "hostpci1: $second,pcie=1"
	before=$(machine)
	hook_ok 100 pre-start
	taken=$(driver "$first")$(driver "$second")
	step "its stop"
	stop_to_reboot 100
	sleep 1
	expect "drivers between stop and start" "$taken" "$(driver "$first")$(driver "$second")"
	step "its start, with one device less"
	want 100 "$first"
	hook_ok 100 pre-start
	expect_taken 100 "$first" nvme
	expect_free "$second" nvme
	step "its end"
	end_vm 100
	back_within 5 "$before"
}

# Its start has no device any more; the VM runs, so that nobody else would give it back.
t_reboot_into_none() {
	keep_disk_for_reboot
	vm 100 "machine: q35"
	hook_ok 100 pre-start
	expect_machine "$before_start"
	end_vm 100
}

# Its start is refused: nothing is kept for one that will not come.
t_reboot_refused() {
	keep_disk_for_reboot
	vm 100 "machine: pc" "hostpci0: $disk"
	hook_exits 2 100 pre-start
	back_within 5 "$before_start"
}

# The start does not come. (The minute is shortened: its end stands in a file.)
t_reboot_without_start() {
	keep_disk_for_reboot
	read -r up _ </proc/uptime
	echo "${up%.*}000" >/tmp/note
	mv /tmp/note "$records/100.reboot"
	wait_for 5 test ! -e "$records/$disk" || fail "expected the disk back"
	rm -f "$records/100.reboot"
	expect_machine "$before_start"
}

# ---- what goes away while it is taken

t_unplugged() {
	disk=$(nvme lab1)
	want 100 "$disk"
	start 100 "$disk=nvme"
	echo 1 >"$devices/$disk/remove"
	step "a stop without the device"
	hook_ok 100 post-stop
	expect_said "$disk: is not there any more"
	[ ! -e "$records/$disk" ] || fail "expected no record, seen one"
	echo 1 >/sys/bus/pci/rescan
	wait_for 5 test -e "$devices/$disk/driver" || fail "expected a driver for the device that came back"
	expect_machine "$before_start"
}

t_driver_unloaded() {
	disk=$(nvme lab1)
	other=$(nvme lab2)
	want 100 "$disk"
	start 100 "$disk=nvme"
	echo "$other" >"$devices/$other/driver/unbind"
	rmmod nvme || fail "the lab: nvme cannot be unloaded"
	step "its end"
	end_vm 100
	wait_for 10 test ! -e "$records/$disk" || fail "expected the disk back"
	expect_driver "$disk" nvme
	[ "$(driver "$other")" = nvme ] || echo "$other" >/sys/bus/pci/drivers/nvme/bind
	expect_machine "$before_start"
}

# Something has its group open after the stop: root is mailed, once, whoever tries after that.
t_mailed() {
	printf '#!/bin/sh\n{ echo "== $*"; cat; } >>/tmp/mails\n' >/usr/sbin/sendmail
	chmod 755 /usr/sbin/sendmail
	disk=$(nvme lab1)
	want 100 "$disk"
	echo 'deadline = 2;' >"$settings"
	start 100 "$disk=nvme"
	hold "$disk"
	hook_exits 1 100 post-stop
	expect_said "$disk: not given back: its IOMMU group is still open"
	verb_exits 1 restore 100
	wait_for 10 watchers 100 >/dev/null || fail "expected a watcher of VM 100, seen none"
	kill_watchers 100
	cat /tmp/mails
	expect "mails" 1 "$(grep -c '^== -i root$' /tmp/mails)"
	grep -q "^Subject: pve-passthrough: VM 100: not given back: $disk$" /tmp/mails || fail "the subject is another"
	grep -q "^$disk: not given back: its IOMMU group is still open" /tmp/mails || fail "the reason is not in the mail"
	end_background
	verb_exits 0 restore 100
	expect_machine "$before_start"
	[ ! -e "$records/100.mailed" ] || fail "the note of the mail is left"
	rm -f /usr/sbin/sendmail /tmp/mails
}

# ---- records that nobody understands

t_broken_record() {
	first=$(nvme lab1)
	second=$(nvme lab2)
	want 100 "$first"
	want 101 "$second"
	before=$(machine)
	hook_ok 100 pre-start
	# It would be the first to find the record broken, and say so in the journal.
	kill_watchers 100
	good=$(cat "$records/$first")
	echo 'vmid = ' >"$records/$first"
	step "another VM is not concerned"
	hook_ok 101 pre-start
	expect_said "$records/$first: not a record of pve-passthrough"
	expect_said "renamed to $records/$first.broken"
	hook_ok 101 post-stop
	expect "what the stop says of it" "" "$(grep "$first" /tmp/hook.out)"
	expect_free "$second" nvme
	step "its device is"
	hook_ok 100 post-stop
	expect_driver "$first" vfio-pci
	hook_exits 2 100 pre-start
	expect_said "rm -f $records/$first $records/$first.broken"
	verb_exits 0 status
	expect_said "$first"
	step "until somebody puts it right"
	rm "$records/$first.broken"
	echo "$good" >"$records/$first"
	verb_exits 0 restore 100
	expect_machine "$before"
}

# ---- a write that hangs

# The kernel cannot unbind a sound card that somebody uses; the write blocks beyond kill -9. The
# hook ends a second after its deadline at most, the disk goes back, and the card does, by the watcher
# alone, when it is let go.
t_unbind_hangs() {
	disk=$(nvme lab1)
	card=$(pci 8086:293e)
	vm 100 "machine: q35" "hostpci0: $disk,pcie=1" "hostpci1: $card"
	{
		echo 'deadline = 2;'
		echo "devices = ( { address = \"$card\"; id = \"8086:293e\"; allow = [ \"sound\" ]; } );"
	} >"$settings"
	before=$(machine)
	background sh -c 'exec sleep 1000 3</dev/snd/controlC0'
	holder=$(tail -n 1 /tmp/background.pids)
	sleep 0.5
	hook_exits 1 100 pre-start
	expect_said "$card: stuck in the kernel while writing driver/unbind (process "
	expect_said "/dev/snd/controlC0 is open in process $holder (sleep)"
	# The deadline runs from the first record on; what is before that is a planning of 0.2 s or so.
	in_time "an end a second after 2 s" 330 "$hook_time"
	expect_free "$disk" nvme
	[ -e "$records/$card" ] || fail "expected a record of the card, seen none"
	step "neither another start nor a stop waits for it longer than it may"
	hook_exits '[12]' 100 pre-start
	in_time "an end a second after 2 s" 330 "$hook_time"
	expect_free "$disk" nvme
	step "the card is let go"
	kill -9 "$holder"
	wait_for 10 test ! -e "$records/$card" || fail "expected the watcher to give the card back"
	expect_machine "$before"
	wait_for 10 sound_there || fail "expected the card in /dev/snd back, seen none in 10 s"
}

# What is said of a capture is what is said here.
t_captured_watch() { # more
	all_captured
}
