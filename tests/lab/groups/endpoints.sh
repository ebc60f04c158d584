# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# Devices with an IOMMU group of their own (or one per slot), one kind each.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2
#qemu -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:02
#qemu -device pcie-root-port,id=rp3,chassis=3
#qemu -device bochs-display,bus=rp3,addr=0.0,multifunction=on -device intel-hda,bus=rp3,addr=0.1
#qemu -device pcie-root-port,id=rp4,chassis=4
#qemu -drive if=none,id=disk1,driver=null-co,size=64M,read-zeroes=on
#qemu -device nvme,bus=rp4,drive=disk1,serial=lab1
#qemu -device pcie-root-port,id=rp5,chassis=5 -device megasas-gen2,bus=rp5
#qemu -device pcie-root-port,id=rp6,chassis=6 -device vmxnet3,bus=rp6,romfile=
#qemu -device pcie-root-port,id=rp7,chassis=7 -device qemu-xhci,bus=rp7
#qemu -device pcie-root-port,id=rp8,chassis=8 -device ich9-intel-hda,bus=rp8,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio

# vmxnet3 comes later, and for megasas there is no module here.
prepare() {
	for module in e1000e bochs snd_hda_intel nvme xhci_pci; do
		modprobe "$module"
	done
	wait_for 10 test -b /dev/nvme0n1
	wait_for 10 sound_there
}

# Before anything else here: the program loads the VFIO modules itself.
t_isolated_nic() {
	nic=$(nic 01)
	[ ! -e /sys/module/vfio_pci ] || fail "the lab: vfio_pci is loaded already"
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"

	start 100 "$nic=e1000e"
	step "use"
	vfio-use "$nic" >/tmp/use 2>&1 || fail "vfio-use: expected it to work, seen: $(cat /tmp/use)"
	expect "ids read through VFIO" 8086:10d3 "$(head -n 1 /tmp/use)"
	taken=$(machine)
	hook_ok 100 post-start
	expect "output of post-start" "" "$(cat /tmp/hook.out)"
	hook_ok 100 pre-stop
	expect "output of pre-stop" "" "$(cat /tmp/hook.out)"
	hook_ok 100 no-such-phase
	expect "output of an unknown phase" "" "$(cat /tmp/hook.out)"
	expect_machine "$taken"

	stop 100
	expect_free "$nic" e1000e
	expect_override "$nic" "(null)"
	step "second stop"
	hook_ok 100 post-stop
	expect_machine "$before_start"
	wait_for 5 test -n "$(nic_name 01)" || fail "expected the network device back, seen none"
}

# The other of two alike is not looked at: same driver, and its link never goes down. The ids of
# neither are with vfio-pci, which would claim the next such device that is plugged in.
t_identical_nics() { # once
	nic=$(nic 01)
	other=$(nic 02)
	name=$(nic_name 02)
	ip link set "$name" up
	wait_for 20 grep -q 1 "/sys/class/net/$name/carrier" || fail "the lab: no link on $name"
	read -r index <"/sys/class/net/$name/ifindex"
	read -r flaps <"/sys/class/net/$name/carrier_changes"
	vm 100 "machine: q35" "hostpci0: ${nic#0000:},pcie=1"

	start 100 "$nic=e1000e"
	expect_free "$other" e1000e
	! echo "8086 10d3" 2>/dev/null >/sys/bus/pci/drivers/vfio-pci/remove_id ||
		fail "expected no dynamic id of vfio-pci, seen 8086 10d3"
	stop 100

	expect "ifindex of $name" "$index" "$(cat "/sys/class/net/$name/ifindex")"
	expect "link of $name" 1 "$(cat "/sys/class/net/$name/carrier")"
	expect "link changes of $name" "$flaps" "$(cat "/sys/class/net/$name/carrier_changes")"
	ip link set "$name" down
}

# The slot shorthand: a display and a sound function, which are one group.
t_multifunction() {
	display=$(pci 1234:1111)
	sound=${display%.0}.1
	expect "group of the sound function" "$(group_of "$display")" "$(group_of "$sound")"
	slot=${display%.0}
	vm 100 "machine: pc-q35-9.2+pve1" "hostpci0: ${slot#0000:},pcie=1,x-vga=1"

	start 100 "$display=bochs-drm" "$sound=snd_hda_intel"
	vfio-use "$display" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	expect "ids read through VFIO" 1234:1111 "$(head -n 1 /tmp/use)"
	stop 100
}

# Naming one function takes the whole group, and gives the whole group back.
t_one_function_named() {
	display=$(pci 1234:1111)
	vm 100 "machine: q35" "hostpci0: $display,pcie=1"
	start 100 "$display=bochs-drm" "${display%.0}.1=snd_hda_intel"
	stop 100
}

t_nvme() {
	disk=$(nvme lab1)
	vm 100 "machine: q35" "hostpci3: $disk,pcie=1"
	start 100 "$disk=nvme"
	[ ! -e /dev/nvme0n1 ] || fail "expected no /dev/nvme0n1 while taken, seen it"
	vfio-use "$disk" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	stop 100
	wait_for 10 test -b /dev/nvme0n1 || fail "expected /dev/nvme0n1 back, seen none in 10 s"
}

# A conventional device (no pcie=1 needed), whose codec needs a while after its probe.
t_sound_card() {
	card=$(pci 8086:293e)
	vm 100 "machine: q35" "hostpci0: $card"
	start 100 "$card=snd_hda_intel"
	vfio-use "$card" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	stop 100
	wait_for 10 sound_there || fail "expected the card in /dev/snd back, seen none in 10 s"
}

# No module for it: it is taken, and goes back to none.
t_no_driver() {
	device=$(pci 1000:0079)
	vm 100 "machine: q35" "hostpci0: $device,pcie=1"
	start 100 "$device=none"
	stop 100
	expect_free "$device" none
}

# Started at boot, before udev has loaded the driver: waits for it, and gives back to it.
t_driver_comes_late() { # once
	device=$(pci 15ad:07b0)
	vm 100 "machine: q35" "hostpci0: $device,pcie=1"
	before=$(machine)
	expect_driver "$device" none
	mkdir -p /run/udev
	: >/run/udev/queue
	background sh -c 'sleep 2; modprobe vmxnet3; sleep 1; rm /run/udev/queue'

	hook_ok 100 pre-start
	expect_taken 100 "$device" vmxnet3
	expect_only "$before" "$device"
	hook_ok 100 post-stop
	expect_free "$device" vmxnet3
	expect_override "$device" "(null)"

	step "back to how the lab was"
	rmmod vmxnet3
	expect_machine "$before"
}

# Nothing will load its driver: no wait, "none" is recorded, and the user is told.
t_driver_never_comes() { # once
	device=$(pci 15ad:07b0)
	[ ! -e /sys/module/vmxnet3 ] || fail "the lab: vmxnet3 is loaded"
	vm 100 "machine: q35" "hostpci0: $device,pcie=1"
	start 100 "$device=none"
	expect_said vmxnet3
	in_time "a start without a wait" 1000 "$hook_time"
	stop 100
	[ ! -e /sys/module/vmxnet3 ] || fail "expected vmxnet3 not to be loaded, seen it"
}

# Its driver xhci_hcd lives in the module xhci_pci, which has gone meanwhile.
t_module_gone() {
	device=$(pci 1b36:000d)
	vm 100 "machine: q35" "hostpci0: $device,pcie=1"
	start 100 "$device=xhci_hcd"
	expect "module in the record" xhci_pci "$(record_of "$device" module)"
	rmmod xhci_pci || fail "the lab: rmmod xhci_pci"
	stop 100
	expect_free "$device" xhci_hcd
}

# Several entries at once; every phase of two rounds.
t_three_devices() { # once
	nic=$(nic 01)
	disk=$(nvme lab1)
	usb=$(pci 1b36:000d)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "hostpci1: $disk,pcie=on" \
		"hostpci15: host=$usb,pcie=yes"
	for _ in 1 2; do
		start 100 "$nic=e1000e" "$disk=nvme" "$usb=xhci_hcd"
		stop 100
	done
	wait_for 10 test -b /dev/nvme0n1
}

# Not a check: what one start and one stop cost here, and how much of that is the kernel's own.
t_cost() { # once
	nic=$(nic 01)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	start_cost=$hook_time
	stop 100
	stop_cost=$hook_time

	begin=$(now)
	echo vfio-pci >"$devices/$nic/driver_override"
	echo "$nic" >"$devices/$nic/driver/unbind"
	echo "$nic" >/sys/bus/pci/drivers_probe
	middle=$(now)
	echo "$nic" >"$devices/$nic/driver/unbind"
	echo >"$devices/$nic/driver_override"
	echo "$nic" >/sys/bus/pci/drivers_probe
	end=$(now)
	echo "# one e1000e: pre-start ${start_cost}0 ms, of which $((middle - begin))0 ms are the kernel's;" \
		"post-stop ${stop_cost}0 ms, of which $((end - middle))0 ms"
}

# What is said of a capture is what is said here.
t_captured_endpoints() { # more
	all_captured
}
