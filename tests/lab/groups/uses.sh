# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Uses without a node below the device, without a descriptor, or by a process that does not count;
# and harmless neighbours of each, which pass.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -drive if=none,id=disk1,file.driver=null-co,file.size=64M,file.read-zeroes=on,snapshot=on,format=raw
#qemu -device nvme,bus=rp1,drive=disk1,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2 -fsdev synth,id=share1
#qemu -device virtio-9p-pci,bus=rp2,fsdev=share1,mount_tag=backup,disable-legacy=on
#qemu -device pcie-root-port,id=rp3,chassis=3 -device ich9-intel-hda,bus=rp3,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#qemu -device pcie-root-port,id=rp4,chassis=4 -device qemu-xhci,bus=rp4,id=usb -device usb-kbd,bus=usb.0
#qemu -device i6300esb
#seconds 300

prepare() {
	for module in nvme vfio_pci vfio_iommu_type1 snd_hda_intel xhci_pci usbhid hid_generic i6300esb \
		virtio_pci 9pnet_virtio 9p fuse; do
		modprobe "$module" || echo "# the lab has no module $module"
	done
	wait_for 10 test -n "$(nvme lab1)"
	wait_for 10 test -e /dev/nvme0n1
	wait_for 10 sound_there
	wait_for 10 usb_there
}

node=/dev/nvme0n1

# want BDF: VM 100 wants it. The names are none of lib.sh's.
want() {
	uses_device=$1
	uses_driver=$(driver "$uses_device")
	vm 100 "machine: q35" "hostpci0: $1,pcie=1"
}

# It starts, and says these texts.
passes() {
	start 100 "$uses_device=$uses_driver"
	for text in "$@"; do
		expect_said "$text"
	done
	stop 100
}

# occupied HOW WHAT [UID]: something does that, as $holder.
occupied() {
	background occupy "$@"
	holder=$(tail -n 1 /tmp/background.pids)
	wait_for 20 grep -q held /tmp/background.out || fail "the lab: occupy $*: $(cat /tmp/background.out)"
}

lives() {
	kill -0 "$holder" 2>/dev/null || fail "expected process $holder still there"
}

# ---- mappings, rings, many descriptors

t_mapped_disk() {
	want "$(nvme lab1)"
	occupied mapped $node
	[ ! -e "/proc/$holder/fd/3" ] || fail "the lab: the descriptor is open"
	refused 100 "$node is mapped in process $holder (occupy)"
	lives
	end_background
	passes
}

# Nobody else has the page but the process; the unbind would wait for it.
t_mapped_sound() {
	want "$(pci 8086:293e)"
	occupied page /dev/snd/pcmC0D0p
	refused 100 "/dev/snd/pcmC0D0p is mapped in process $holder (occupy)"
	lives
	end_background
	passes
	wait_for 5 sound_there || fail "expected the sound card back"
}

# What is mapped beside the node is none of its uses.
t_mapped_neighbour() {
	want "$(nvme lab1)"
	dd if=/dev/zero of=/tmp/file bs=4k count=1 2>/dev/null
	occupied mapped /tmp/file
	passes
}

t_ring() {
	want "$(nvme lab1)"
	occupied registered $node
	refused 100 "process $holder (occupy) has files registered with io_uring, one of which may be $node"
	lives
	end_background
	step "of a file"
	dd if=/dev/zero of=/tmp/file bs=4k count=1 2>/dev/null
	occupied registered /tmp/file
	passes
}

# Who may not open the node is a warning.
t_ring_of_a_user() {
	want "$(nvme lab1)"
	mkdir -p /tmp/other
	dd if=/dev/zero of=/tmp/other/nvme0n1 bs=4k count=1 2>/dev/null
	occupied registered /tmp/other/nvme0n1 65534
	passes "process $holder (occupy) has files registered with io_uring"
}

t_many_descriptors() { # once
	want "$(nvme lab1)"
	occupied many /dev/null 65534
	passes
	in_time "the look at 50000 descriptors" 4000 "$hook_time"
}

# A server that makes the kernel say EIO of a file that is open, as any user can with FUSE.
t_spoilt_file() { # once
	want "$(nvme lab1)"
	mkdir -p /tmp/spoilt
	occupied spoilt /tmp/spoilt 65534
	passes
	end_background
	umount -l /tmp/spoilt
}

# ---- who does not count, and who has closed it meanwhile

t_called_udev() { # once
	want "$(nvme lab1)"
	background sh -c "exec 3<$node; printf '(udev-worker)' >/proc/\$\$/comm; while :; do sleep 1 3<&-; done"
	sleep 0.5
	holder=$(tail -n 1 /tmp/background.pids)
	refused 100 "$node is open in process $holder ((udev-worker))"
	lives
}

t_udev_itself() { # once
	want "$(nvme lab1)"
	mkdir -p /tmp/cgroup
	mount -t cgroup2 none /tmp/cgroup || fail "the lab: no cgroup2"
	mkdir -p /tmp/cgroup/system.slice/systemd-udevd.service/udev
	background sh -c "echo \$\$ >/tmp/cgroup/system.slice/systemd-udevd.service/udev/cgroup.procs; exec sleep 1000 3<$node"
	sleep 0.5
	passes
	end_background
	rmdir /tmp/cgroup/system.slice/systemd-udevd.service/udev /tmp/cgroup/system.slice/systemd-udevd.service \
		/tmp/cgroup/system.slice
	umount /tmp/cgroup
}

# As vgs, smartctl and blkid do.
t_passing_openers() { # once
	want "$(nvme lab1)"
	background sh -c "while :; do sleep 0.04 3<$node; sleep 0.06; done 2>/dev/null"
	# shellcheck disable=SC2034 # so many times
	for round in 1 2 3 4 5; do
		verb_exits 0 plan 100
	done
	passes
}

# Two of our own look at a disk in the same moment.
t_own_probes() { # once
	want "$(nvme lab1)"
	rounds=0
	while [ $rounds -lt 5 ]; do
		for n in 1 2 3; do
			{
				pve-passthrough plan 100 >/tmp/plan.$n 2>&1
				echo $? >/tmp/rc.$n
			} &
			eval "job$n=$!"
		done
		# shellcheck disable=SC2154 # by eval
		wait "$job1" "$job2" "$job3"
		for n in 1 2 3; do
			expect "plan $n of round $rounds" 0 "$(cat /tmp/rc.$n)"
		done
		rounds=$((rounds + 1))
	done
}

# ---- loops and containers

t_bound_node() {
	want "$(nvme lab1)"
	modprobe loop || fail "the lab: no loop devices"
	wait_for 5 test -e /dev/loop0
	: >/tmp/disk
	mount --bind $node /tmp/disk || fail "the lab: no bind"
	losetup /dev/loop0 /tmp/disk || fail "the lab: losetup"
	refused 100 "its disk $node is in use: " "loop0"
	dd if=/dev/loop0 of=/dev/null bs=4k count=1 2>/dev/null || fail "expected loop0 readable"
	losetup -d /dev/loop0
	umount /tmp/disk
	step "a loop device on a file"
	dd if=/dev/zero of=/tmp/file bs=64k count=16 2>/dev/null
	losetup /dev/loop0 /tmp/file || fail "the lab: losetup"
	passes
	losetup -d /dev/loop0
}

t_container() { # once
	want "$(pci 8086:293e)"
	mkdir -p /etc/pve/lxc /dev/lab-sound
	ln -s ../snd/controlC0 /dev/lab-sound/card
	echo "dev0: uid=1,path=/dev/lab-sound/card" >/etc/pve/lxc/105.conf
	step "it does not run"
	verb_exits 0 plan 100
	mount -t cgroup2 none /sys/fs/cgroup || fail "the lab: no cgroup2"
	mkdir -p /sys/fs/cgroup/lxc/105
	step "its control group is left over"
	verb_exits 0 plan 100
	sleep 1000 &
	inside=$!
	echo $inside >/sys/fs/cgroup/lxc/105/cgroup.procs || fail "the lab: no process in the control group"
	for line in "dev0: uid=1,path=/dev/lab-sound/card" "mp0: /dev/snd,mp=/dev/snd" \
		"lxc.mount.entry: /dev dev none rbind 0 0"; do
		echo "$line" >/etc/pve/lxc/105.conf
		refused 100 "container 105, which runs, is given /dev/snd/controlC0 by its config"
	done
	step "it has nothing of the device"
	printf '%s\n' "dev0: /dev/null" "lxc.cgroup2.devices.allow: a" "mp0: local:vm-105-disk-0,mp=/dev/snd" >/etc/pve/lxc/105.conf
	passes
	wait_for 5 sound_there || fail "expected the sound card back"
	kill $inside
	wait $inside 2>/dev/null || true
	rmdir /sys/fs/cgroup/lxc/105 /sys/fs/cgroup/lxc
	umount /sys/fs/cgroup
	rm -r /etc/pve/lxc /dev/lab-sound
}

# ---- USB, watchdogs, shared directories

# The keyboard's.
usb_node() {
	for keyboard in /dev/bus/usb/*/002; do
		[ ! -e "$keyboard" ] || echo "$keyboard"
	done | head -n 1
}

usb_there() {
	[ -n "$(usb_node)" ]
}

t_usb_node() { # once
	want "$(pci 1b36:000d)"
	usb=$(usb_node)
	background sh -c "exec sleep 1000 3<$usb"
	sleep 0.5
	step "read-only"
	verb_exits 0 plan 100
	passes
	end_background
	wait_for 10 usb_there || fail "expected the keyboard back"
	usb=$(usb_node)
	background sh -c "exec sleep 1000 3<>$usb"
	sleep 0.5
	refused 100 "$usb is open in process $(tail -n 1 /tmp/background.pids) (sleep)"
}

t_only_keyboard() { # once
	want "$(pci 1b36:000d)"
	other=
	for port in /sys/bus/serio/devices/*; do
		[ -e "$port/input" ] || continue
		other="$other $port"
		printf none >"$port/drvctl"
	done
	passes "the host's only keyboard is connected to it"
	for port in $other; do
		printf rescan >"$port/drvctl"
		wait_for 10 test -e "$port/input" || fail "the lab: no keyboard at $port any more"
	done
	[ -n "$other" ] || return 0
	step "with another one"
	verb_exits 0 plan 100
	! grep -q "only keyboard" /tmp/hook.out || fail "expected no word of the keyboard"
}

# Who ends has written the character that stops it.
t_watchdog() {
	want "$(pci 8086:25ab)"
	[ -e /dev/watchdog0 ] || skip "this kernel has no watchdog i6300esb"
	passes
	wait_for 5 test -e /dev/watchdog0 || fail "expected the watchdog back"
	background sh -c 'exec 3>/dev/watchdog; while :; do printf V >&3; sleep 1 3>&-; done'
	sleep 1.5
	holder=$(tail -n 1 /tmp/background.pids)
	refused 100 "is in use, which may be as the host's watchdog" "watchdog-mux.service"
	lives
	end_background
	step "closed again"
	passes
}

t_9p() {
	want "$(pci 1af4:1049)"
	mkdir -p /tmp/share
	mount -t 9p -o trans=virtio backup /tmp/share || skip "this kernel has no virtio-9p"
	refused 100 "the directory backup that it shares (9p) is mounted at /tmp/share" "umount /tmp/share"
	ls /tmp/share >/dev/null || fail "expected the share still there"
	umount /tmp/share
	step "elsewhere"
	background unshare -m sh -c 'mount -t 9p -o trans=virtio backup /tmp/share && exec sleep 1000'
	holder=$(tail -n 1 /tmp/background.pids)
	wait_for 10 grep -q " 9p backup" "/proc/$holder/mountinfo"
	refused 100 "is mounted at /tmp/share in the mount namespace of process $holder"
	end_background
	step "not mounted"
	passes
}

# What is said of a capture is what is said here.
t_captured_uses() { # more
	all_captured
}
