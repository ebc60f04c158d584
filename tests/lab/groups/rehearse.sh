# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# `pve-passthrough test`: a device of each kind is taken, opened through VFIO, reset and given back.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:51
#qemu -drive if=none,id=disk1,driver=null-co,size=64M,read-zeroes=on
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme,bus=rp2,drive=disk1,serial=lab5
#qemu -device pcie-root-port,id=rp3,chassis=3
#qemu -device bochs-display,bus=rp3,addr=0.0,multifunction=on -device intel-hda,bus=rp3,addr=0.1
#qemu -device ich9-intel-hda,id=sound -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#seconds 240

prepare() {
	for module in e1000e e1000 nvme bochs snd_hda_intel; do
		modprobe "$module"
	done
	wait_for 10 test -b /dev/nvme0n1
	wait_for 10 sound_there
}

# rehearsed CODE BDF TEXT...: a test that ends with this code, says these texts, and leaves all as it was.
rehearsed() {
	wanted=$1
	bdf=$2
	shift 2
	before=$(machine)
	verb_exits "$wanted" test "$bdf" --yes
	for text in "$@"; do
		expect_said "$text"
	done
	expect_machine "$before"
}

# Its interface has its name again.
t_nic() {
	nic=$(nic 51)
	name=$(nic_name 51)
	rehearsed 0 "$nic" "interface $name" "e1000e -> vfio-pci, for the test" \
		"$nic: came back twice; a guest's driver may still leave it in a state that no reset clears"
	[ -e "/sys/class/net/$name" ] || fail "expected interface $name back, seen none"
	step "again, with JSON"
	verb_exits 0 test "${nic#0000:}" --yes --json
	expect_said '"verdict":"came-back"'
	expect_said '"came_back":2'
	expect_said "\"name\":\"$name\""
	expect_said '"back":true'
}

t_nvme() {
	disk=$(nvme lab5)
	rehearsed 0 "$disk" "disk nvme0n1" "$disk: came back twice"
	[ -b /dev/nvme0n1 ] || fail "expected /dev/nvme0n1 back, seen none"
}

# A function of two: there is no reset of it alone, so the slot is reset, which is in the group as a whole.
t_multifunction() {
	display=$(pci 1234:1111)
	rehearsed 0 "$display" "${display%.0}.1" "bochs-drm -> vfio-pci, for the test" \
		"$display: reset with its slot, and answered after 2 resets" "$display: came back twice"
}

# On the root bus, with no reset of its own.
t_no_reset() {
	card=$(pci 8086:293e)
	[ ! -e "$devices/$card/reset_method" ] || skip "$card has: $(cat "$devices/$card/reset_method")"
	rehearsed 3 "$card" "the kernel knows no way to reset it that works" "$card: does not reset: one start a boot" \
		'return_to = "none";'
	wait_for 10 sound_there || fail "expected the card in /dev/snd back, seen none in 10 s"
	step "with a method that it does not have"
	verb_exits 2 test "$card" --yes --reset=flr
	expect_said "refused: $card has no reset_method"
}

# reset_method is as before.
t_method() {
	nic=$(nic 51)
	methods=$(cat "$devices/$nic/reset_method")
	before=$(machine)
	step "each method alone, of $methods"
	verb_exits 0 test "$nic" --yes "--reset=${methods%% *}"
	expect_said "may hang the host"
	expect_said "$nic: reset by itself, ${methods%% *}, and answered after 2 resets"
	expect "reset_method afterwards" "$methods" "$(cat "$devices/$nic/reset_method")"
	expect_machine "$before"
	# A port of QEMU's does not bring its link back after a reset of its bus on each kernel.
	verb test "$nic" --yes "--reset=${methods##* }"
	expect_said "$nic: "
	expect "reset_method afterwards" "$methods" "$(cat "$devices/$nic/reset_method")"
	expect_machine "$before"
	step "one that it does not have"
	verb_exits 2 test "$nic" --yes --reset=acpi
	expect_said "has no reset method 'acpi'; it has: $methods"
	expect_machine "$before"
}

t_in_use() {
	nic=$(nic 51)
	name=$(nic_name 51)
	ip link set "$name" up
	ip address add 192.0.2.51/24 dev "$name"
	rehearsed 2 "$nic" "taking it for the test"
	ip address del 192.0.2.51/24 dev "$name"
	ip link set "$name" down
}

# Without a terminal and --yes.
t_asks() {
	disk=$(nvme lab5)
	before=$(machine)
	verb_exits 2 test "$disk"
	expect_said "nothing was touched: there is no terminal to ask at"
	expect_machine "$before"
}

# A driver that does not want the device: it stays recorded, and the next test is told better.
t_driver_refuses() { # once
	nic=$(nic 51)
	before=$(machine)
	echo "deadline = 10; devices = ( { address = \"$nic\"; id = \"$(id_of "$nic")\"; return_to = \"e1000\"; } );" \
		>"$settings"
	kill_watchers 2>/dev/null
	verb_exits 1 test "$nic" --yes
	expect_said "e1000 did not take it back"
	expect_said "$nic: its driver does not take it back"
	verb status
	expect_said "taken for the test from e1000e"
	rm "$settings"
	kill_watchers test 2>/dev/null
	verb_exits 0 test "$nic" --yes
	expect_machine "$before"
}

# Killed at any of its writes, with its watcher, one command undoes it; with a watcher nothing is to be done.
t_killed() { # once
	disk=$(nvme lab5)
	before=$(machine)
	for n in 1 2 3 4 5 6; do
		step "killed at write $n"
		killat "$n" pve-passthrough test "$disk" --yes </dev/null >/tmp/hook.out 2>&1
		expect "exit code" 137 $?
		verb_exits 0 restore test
		expect_machine "$before"
		step "killed at write $n, its workers live on"
		killat -h "$n" pve-passthrough test "$disk" --yes </dev/null >/tmp/hook.out 2>&1
		back_within 30 "$before"
	done
}

# restore gives back what a test that died has taken, as the watcher would.
t_restore() { # once
	disk=$(nvme lab5)
	before=$(machine)
	killat -a 3 pve-passthrough test "$disk" --yes </dev/null >/tmp/hook.out 2>&1
	expect "exit code" 137 $?
	verb_exits 0 restore --all
	wait_for 10 is_machine "$before"
	expect_machine "$before"
}

# What real stops showed.
t_counts() { # once
	disk=$(nvme lab5)
	rm -rf /var/lib/pve-passthrough/returns
	vm 100 "machine: q35" "hostpci0: $disk,pcie=1"
	for _ in 1 2; do
		start 100 "$disk=nvme"
		stop 100
		wait_for 10 test -b /dev/nvme0n1
	done
	setup_exits 0 groups
	expect_said "came back 2 of 2 times, last on $(date +%Y-%m-%d)"
	start 100 "$disk=nvme"
	verb_exits 0 status
	expect_said "came back 2 of 2 times"
	stop 100
	rm -rf /var/lib/pve-passthrough
}

# What is said of a capture is what is said here.
t_captured_rehearse() { # more
	all_captured
}
