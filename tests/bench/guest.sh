# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# In the guest of tests/bench/lab: the hook beside the bare writes, alternating. Each line that begins with "# " is a
# result: NAME, ours and the other in microseconds (medians), and their ratio.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1,slot=1 -blockdev null-co,node-name=disk1,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp1,serial=lab1,drive=disk1
#qemu -device pcie-root-port,id=rp2,chassis=2,slot=2 -blockdev null-co,node-name=disk2,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp2,serial=lab2,drive=disk2
#qemu -device pcie-root-port,id=rp3,chassis=3,slot=3 -blockdev null-co,node-name=disk3,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp3,serial=lab3,drive=disk3
#qemu -device pcie-root-port,id=rp4,chassis=4,slot=4 -blockdev null-co,node-name=disk4,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp4,serial=lab4,drive=disk4
#qemu -device pcie-root-port,id=rp5,chassis=5,slot=5 -blockdev null-co,node-name=disk5,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp5,serial=lab5,drive=disk5
#qemu -device pcie-root-port,id=rp6,chassis=6,slot=6 -blockdev null-co,node-name=disk6,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp6,serial=lab6,drive=disk6
#qemu -device pcie-root-port,id=rp7,chassis=7,slot=7 -blockdev null-co,node-name=disk7,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp7,serial=lab7,drive=disk7
#qemu -device pcie-root-port,id=rp8,chassis=8,slot=8 -blockdev null-co,node-name=disk8,size=67108864,read-zeroes=on
#qemu -device nvme,bus=rp8,serial=lab8,drive=disk8
#qemu -device pcie-root-port,id=rp9,chassis=9,slot=9 -device e1000e,bus=rp9,romfile=,mac=52:54:00:00:00:41
#seconds 900

runs=$(cat /lab/runs)
clock=/tmp/clock

prepare() {
	for module in nvme e1000e ext4 vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	wait_for 20 disks_are_there
}

# Their namespaces come some time after their driver. With the peers there is one disk more.
disks_are_there() {
	[ "$(find /sys/class/block -name 'nvme*n1' | wc -l)" -ge 8 ]
}

# note NAME VALUE: one measurement.
note() {
	echo "$2" >>"/tmp/samples.$1"
}

median() {
	sort -n "/tmp/samples.$1" | sed -n "$((($(wc -l <"/tmp/samples.$1") + 1) / 2))p"
}

# told NAME OURS OTHER: a result from two rows of measurements.
told() {
	ours=$(median "$2") other=$(median "$3")
	echo "# $1 $ours $other $((ours * 100 / other))"
}

# clocked PHASE NAME: a phase of VM 100, and what it took. Its messages go into a file: by a pipe, what reads them would
# run in between, on the only processor.
clocked() {
	(
		flock 9
		[ "$1" != post-stop ] || end_vm 100
		env -i PATH=/sbin:/bin LC_ALL=C LD_PRELOAD=/lab/mainclock.so MAINCLOCK="$clock" \
			"$snippet" 100 "$1" </dev/null >/tmp/hook.out 2>&1 9>&- || exit
		[ "$1" != pre-start ] || play_vm 100
	) 9>/var/lock/qemu-server/lock-100.conf || fail "$1: $(tail -n 1 /tmp/hook.out)"
	note "$2" "$(sed -n "s/^100 $1 \([0-9]*\) .*/\1/p" "$clock" | tail -n 1)"
}

# round NAME DISK...: all ways of taking and giving back, once each.
round() {
	name=$1
	shift
	pairs=
	for disk in "$@"; do
		pairs="$pairs $disk=nvme"
	done
	rm -f "$clock"
	settle
	clocked pre-start "$name.take"
	clocked post-stop "$name.give"
	wait_for_watcher
	# shellcheck disable=SC2086 # words
	for way in "" -p; do
		settle
		took=$(/lab/bare $way take $pairs) || fail "bare take"
		note "$name.bare$way.take" "$took"
		gave=$(/lab/bare $way give $pairs) || fail "bare give"
		note "$name.bare$way.give" "$gave"
	done
}

# Drivers go on with their work after they were given a device: it is not to be part of what comes next. The kernel ends
# many waits with a tick of its clock, every 4 ms, and so what was measured last has ended with one: each round begins at
# another time between two of them, or all would be rounded up to whole ticks.
settle() {
	wait_for 20 disks_are_there
	usleep $((400000 + phase))
}

# So that it does not run beside what is measured next.
wait_for_watcher() {
	wait_for 10 sh -c '! pidof pve-passthrough >/dev/null'
}

want() {
	i=0
	set -- "$@"
	lines=
	for disk in "$@"; do
		lines="$lines
hostpci$i: $disk,pcie=1"
		i=$((i + 1))
	done
	vm 100 "machine: q35$lines"
}

bench() {
	name=$1
	shift
	want "$@"
	n=0
	while [ "$n" -lt "$runs" ]; do
		phase=$((n * 4000 / runs))
		round "$name" "$@"
		n=$((n + 1))
	done
	for verb in take give; do
		told "$name.$verb:bare" "$name.$verb" "$name.bare.$verb"
		told "$name.$verb:parallel" "$name.$verb" "$name.bare-p.$verb"
	done
}

t_one() {
	bench one "$(nvme lab1)"
}

# What the watcher holds of its own while it sleeps.
t_watcher() {
	want "$(nvme lab1)"
	hook_ok 100 pre-start >/dev/null
	sleep 2
	pid=$(pidof pve-passthrough | tr ' ' '\n' | head -n 1)
	# Private_Dirty counts every page of a file here: an initramfs is memory. On a disk the two agree.
	echo "# watcher:memory $(sed -n 's/^Anonymous: *\([0-9]*\) kB/\1/p' "/proc/$pid/smaps_rollup") kB"
	hook_ok 100 post-stop >/dev/null
}

t_eight() {
	# shellcheck disable=SC2046 # words
	bench eight $(for i in 1 2 3 4 5 6 7 8; do nvme "lab$i"; done)
}

# ---- the peers, each by its whole command, from its start to its end

# peer NAME COMMAND...: one measurement of a command that is run in the tree of the peers.
peer() {
	name=$1
	shift
	note "$name" "$(/lab/timed 1 chroot /peers "$@")"
}

# By hand, as guides have it.
write_shell_scripts() {
	printf '#!/bin/sh\ncd /sys/bus/pci/devices/%s\n%s\n' "$1" \
		'echo vfio-pci >driver_override; echo '"$1"' >driver/unbind; echo '"$1"' >/sys/bus/pci/drivers_probe' >/tmp/take
	printf '#!/bin/sh\ncd /sys/bus/pci/devices/%s\n%s\n' "$1" \
		'echo '"$1"' >driver/unbind; echo >driver_override; echo '"$1"' >/sys/bus/pci/drivers_probe' >/tmp/give
	chmod +x /tmp/take /tmp/give
}

mount_peers() {
	for disk in /sys/class/nvme/*; do
		read -r serial <"$disk/serial"
		[ "${serial%% *}" != peers ] || disk_of_peers=/dev/${disk##*/}n1
	done
	mkdir /peers
	wait_for 20 test -b "$disk_of_peers"
	mount -t ext4 -o ro "$disk_of_peers" /peers || fail "the disk of the peers cannot be mounted"
	for folder in sys proc dev; do
		mount --bind "/$folder" "/peers/$folder"
	done
	mount -t tmpfs tmpfs /peers/run
	mount -t tmpfs tmpfs /peers/tmp
}

t_peers() {
	card=$(nic 41)
	want "$card"
	mount_peers
	write_shell_scripts "$card"
	n=0
	while [ "$n" -lt "$runs" ]; do
		note ours.take "$(/lab/timed 1 "$snippet" 100 pre-start)"
		play_vm 100
		end_vm 100
		note ours.give "$(/lab/timed 1 "$snippet" 100 post-stop)"
		wait_for_watcher
		expect_driver "$card" e1000e
		peer driverctl.take driverctl --nosave set-override "$card" vfio-pci
		expect_driver "$card" vfio-pci
		peer driverctl.give driverctl --nosave unset-override "$card"
		expect_driver "$card" e1000e
		peer devbind.take dpdk-devbind.py --bind=vfio-pci "$card"
		expect_driver "$card" vfio-pci
		peer devbind.give dpdk-devbind.py --bind=e1000e "$card"
		expect_driver "$card" e1000e
		note shell.take "$(/lab/timed 1 /tmp/take)"
		expect_driver "$card" vfio-pci
		note shell.give "$(/lab/timed 1 /tmp/give)"
		expect_driver "$card" e1000e
		n=$((n + 1))
	done
	for verb in take give; do
		for other in driverctl devbind shell; do
			told "peers.$verb:$other" "ours.$verb" "$other.$verb"
		done
	done
}
