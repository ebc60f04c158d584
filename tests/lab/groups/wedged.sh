# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Another driver holds one of the kernel's locks (tests/lab/wedge.c), so that reading what the host uses hangs beyond
# kill -9: a start ends at its deadline all the same, says what hangs, and has taken nothing.
#
#once
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -drive if=none,id=disk1,driver=null-co,size=64M,read-zeroes=on
#qemu -device nvme,bus=rp1,drive=disk1,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:41
#qemu -device pcie-root-port,id=rp3,chassis=3 -device bochs-display,bus=rp3
#seconds 180

prepare() {
	for module in nvme e1000e bochs vfio_pci vfio_iommu_type1; do
		modprobe "$module" || echo "# the lab has no module $module"
	done
	wait_for 10 test -e /sys/class/nvme/nvme0/serial
	[ ! -e /lab/wedge.ko ] || insmod /lab/wedge.ko || echo "# the lab: wedge.ko cannot be loaded"
}

wedge=/sys/module/wedge/parameters

# The kernel thread that holds the lock, by its name, sleeps in the loop of wedge.c.
is_held() {
	# shellcheck disable=SC2009 # not every busybox has pgrep
	ps -o comm | grep -q '^wedged'
}

is_let_go() {
	! is_held
}

# with_lock LOCK: from here on it is held, for half a minute at most: a hook that waits for it fails, and is not waited
# for for ever.
with_lock() {
	[ -e "$wedge/$1" ] || skip "no module that holds locks for this kernel"
	echo 1 >"$wedge/$1"
	background sh -c "sleep 25; echo 0 >$wedge/$1"
	wait_for 5 is_held || fail "the lab: nobody holds $1"
	sleep 0.2
}

let_go() {
	echo 0 >"$wedge/$1"
	wait_for 10 is_let_go || fail "the lab: somebody still holds $1"
}

# ends_in_time LOCK DEVICE DRIVER: a start of VM 100 with that device while the lock is held, which ends, and takes nothing.
ends_in_time() {
	echo 'deadline = 5;' >"$settings"
	before=$(machine)
	with_lock "$1"
	hook_exits '[12]' 100 pre-start
	# A second after the deadline at most, and what it takes to start and to end here.
	in_time "an end after 5 s" 800 "$hook_time"
	[ "$hook_time" -ge 300 ] || fail "expected it to be held up, seen ${hook_time}0 ms"
	expect_said "stuck in the kernel"
	let_go "$1"
	expect_machine "$before"
	step "without the lock"
	wait_for 10 no_watchers
	start 100 "$2=$3"
	stop 100
}

# What asks for the addresses of interfaces takes rtnl_lock.
t_rtnl_is_held() {
	card=$(nic 41)
	vm 100 "machine: q35" "hostpci0: $card,pcie=1"
	ends_in_time rtnl "$card" e1000e
}

# A disk has no interface: that another driver is wedged is nothing to it, or it ends as well.
t_rtnl_is_held_for_a_disk() {
	disk=$(nvme lab1)
	vm 100 "machine: q35" "hostpci0: $disk,pcie=1"
	echo 'deadline = 5;' >"$settings"
	before=$(machine)
	with_lock rtnl
	hook_exits '[012]' 100 pre-start
	in_time "an end after 5 s" 800 "$hook_time"
	taken=$hook_rc
	let_go rtnl
	if [ "$taken" = 0 ]; then
		hook_ok 100 post-stop
	fi
	expect_machine "$before"
}

# Which frame buffer consoles have is read from vtconsole's bind, under console_lock.
t_console_is_held() {
	card=$(pci 1234:1111)
	vm 100 "machine: q35" "hostpci0: $card,pcie=1"
	ends_in_time console "$card" bochs-drm
}

# What is said of a capture is what is said here.
t_captured_wedged() { # more
	all_captured
}
