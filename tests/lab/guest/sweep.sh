# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# For the groups crash-*: kills the program at each of its writes in turn. The machine has a group
# of two functions, a display and a sound device, and an NVMe disk: quick drivers.

prepare() {
	for module in bochs snd_hda_intel nvme vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	wait_for 10 test -e /sys/class/nvme/nvme0/serial
	wait_for 10 sound_there
}

# want DEVICE...: configures VM 100 with these: display (two functions, one group), disk.
want() {
	entries=0
	lines=
	for device in "$@"; do
		case $device in
		display) bdf=$(pci 1234:1111) ;;
		disk) bdf=$(nvme lab3) ;;
		esac
		lines="$lines hostpci$entries:$bdf,pcie=1"
		entries=$((entries + 1))
	done
	# shellcheck disable=SC2086 # one line each
	vm 100 "machine: q35" $lines
	sed -i 's/^\(hostpci[0-9]*:\)/\1 /' /etc/pve/qemu-server/100.conf
}

# sweep AT-LEAST PHASE KILLAT-OPTIONS... -- THEN...: kills PHASE of VM 100 at its first write, its
# second and so on until it is done before that; after each, the phases THEN must succeed and leave
# the machine as it was. A post-stop is preceded by a pre-start. There must be AT-LEAST writes: an
# override, an unbind and a probe for each device, and one more on the way back.
sweep() {
	at_least=$1
	phase=$2
	shift 2
	options=
	while [ "$1" != -- ]; do
		options="$options $1"
		shift
	done
	shift
	before=$(machine)
	n=0
	while :; do
		n=$((n + 1))
		[ $n -lt 100 ] || fail "expected an end of the writes of $phase, seen 100"
		[ "$phase" != post-stop ] || hook_ok 100 pre-start
		step "$phase killed with killat$options $n"
		killer="killat$options $n"
		hook 100 "$phase"
		killer= # hook, in lib.sh, uses it
		[ "$hook_rc" = 0 ] || [ "$hook_rc" = 137 ] ||
			fail "expected exit code 0 or 137, seen $hook_rc: $(tail -n 1 /tmp/hook.out)"
		killed=$hook_rc
		[ $# != 0 ] || back_within 10 "$before"
		for next in "$@"; do
			step "$next after $phase killed with killat$options $n"
			hook_ok 100 "$next"
		done
		expect_machine "$before"
		[ "$killed" = 137 ] || break
	done
	step "$phase killed with killat$options"
	[ $n -gt "$at_least" ] || fail "expected at least $at_least writes, seen $((n - 1))"
	echo "# $phase was killed at $((n - 1)) writes, one after the other"
}
