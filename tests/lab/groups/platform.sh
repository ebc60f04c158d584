# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# The platform's own functions: host bridge, ISA bridge, SMBus, without a driver and with one that
# serves the host; and a device that stops to answer.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:11
#qemu -global ICH9-LPC.noreboot=false
#seconds 180

prepare() {
	for module in vfio_pci vfio_iommu_type1 e1000e; do
		modprobe "$module"
	done
}

# All of the chipset's group, which is without drivers here, as Intel's is beside a sound device.
t_driverless_bridge() {
	isa=$(pci 8086:2918)
	sata=$(pci 8086:2922)
	smbus=$(pci 8086:2930)
	expect "group of the ISA bridge" "$(group_of "$smbus")" "$(group_of "$isa")"
	vm 100 "machine: q35" "hostpci0: $smbus"
	start 100 "$isa=none" "$smbus=none" "$sata=$(driver "$sata")"
	step "Proxmox VE's own bind, which would keep it for ever"
	echo 8086 2918 >/sys/bus/pci/drivers/vfio-pci/new_id
	echo 8086 2918 >/sys/bus/pci/drivers/vfio-pci/remove_id
	vfio-use "$smbus" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	expect "ids read through VFIO" 8086:2930 "$(head -n 1 /tmp/use)"
	stop 100
	expect_free "$isa" none
}

# The host bridge itself, which nobody would name: VFIO takes it, and the host goes on.
t_host_bridge() {
	bridge=$(pci 8086:29c0)
	vm 100 "machine: q35" "hostpci0: $bridge"
	start 100 "$bridge=none"
	vfio-use "$bridge" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	expect "ids read through VFIO" 8086:29c0 "$(head -n 1 /tmp/use)"
	stop 100
}

# The bound children of the ISA bridge: "iTCO_wdt".
children_of() {
	for link in "$devices/$1"/*/driver; do
		cd -P "$link" 2>/dev/null || continue
		case ${PWD##*/} in
		rtc_cmos) ;; # newer kernels have the clock there, which does not count
		*) echo "${PWD##*/}" ;;
		esac
	done
	cd /
}

# put DEVICE OFFSET FORMAT: the bytes of FORMAT into its configuration space.
put() {
	# shellcheck disable=SC2059 # a format
	printf "$3" | dd of="$devices/$1/config" bs=1 seek=$(($2)) conv=notrunc 2>/dev/null
}

# What this machine's firmware leaves undone, and SeaBIOS and real ones do: where the ISA bridge has
# its registers (PMBASE 0x600, ACPI_CNTL, RCBA 0xfed1c000; Intel's data sheet of ICH9, 13.1).
# lpc_ich makes no devices without.
set_up_bridge() {
	put "$1" 0x40 '\001\006\000\000'
	put "$1" 0x44 '\200'
	put "$1" 0xf0 '\001\300\321\376'
}

# Judged by what its driver serves: the watchdog, until that has lost its driver.
t_bridge_that_serves() {
	isa=$(pci 8086:2918)
	sata=$(pci 8086:2922)
	smbus=$(pci 8086:2930)
	set_up_bridge "$isa"
	modprobe lpc_ich
	modprobe iTCO_wdt
	expect "driver of the ISA bridge" lpc_ich "$(driver "$isa")"
	[ -n "$(children_of "$isa")" ] || fail "the lab: iTCO_wdt has not bound: $(dmesg | grep -E 'lpc_ich|iTCO' | tail -n 4)"
	vm 100 "machine: q35" "hostpci0: $smbus"
	refused 100 "$isa (not named by the VM, but in its IOMMU group" \
		"its driver lpc_ich serves other devices of the host: $(children_of "$isa" | head -n 1)" \
		"modprobe -r" "a slot with a group of its own"
	step "without them"
	# QEMU's timer runs from the start, so that the kernel keeps the module (WDOG_HW_RUNNING).
	for link in "$devices/$isa"/iTCO_wdt*; do
		echo "${link##*/}" >/sys/bus/platform/drivers/iTCO_wdt/unbind
	done
	[ -z "$(children_of "$isa")" ] || fail "the lab: $(children_of "$isa") is left"
	start 100 "$isa=lpc_ich" "$smbus=none" "$sata=$(driver "$sata")"
	expect_said "its driver lpc_ich serves the host"
	stop 100
	rmmod lpc_ich
}

# byte DEVICE OFFSET: of its configuration space, in hex.
byte() {
	dd if="$devices/$1/config" bs=1 skip=$(($2)) count=1 2>/dev/null | hexdump -e '1/1 "%02x"'
}

# Where the PCI Express capability of the device is.
express_at() {
	at=0x$(byte "$1" 0x34)
	while [ $((at)) != 0 ] && [ "$(byte "$1" "$at")" != 10 ]; do
		at=0x$(byte "$1" $((at + 1)))
	done
	echo $((at))
}

# power PORT on|off: of the slot below the port, by its Slot Control (PCI Express 7.5.3.10).
power() {
	value='\000'
	[ "$2" = on ] || value='\004'
	# shellcheck disable=SC2059 # a format
	printf "$value" | dd of="$devices/$1/config" bs=1 seek=$(($(express_at "$1") + 0x19)) conv=notrunc 2>/dev/null
}

is_silent() {
	[ "$(dd if="$devices/$1/config" bs=64 count=1 2>/dev/null | hexdump -e '64/1 "%02x"' | tr -d 'f\n')" = "" ]
}

# A card that is dead after its VM: refused, kept on vfio-pci, named, and given back once it lives.
t_dead() {
	nic=$(nic 11)
	port=$(above "$nic")
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	start 100 "$nic=e1000e"
	power "$port" off
	is_silent "$nic" || {
		power "$port" on
		stop 100
		skip "this QEMU does not power its slots off"
	}
	hook_exits 1 100 post-stop
	expect_said "$nic: not given back: it does not answer any more"
	expect_driver "$nic" vfio-pci
	[ -f "$records/$nic" ] || fail "record of $nic: expected a file, seen none"
	verb_exits 0 status
	expect_said "it does not answer any more"
	verb_exits 2 plan 100
	expect_said "refused: $nic does not answer: its configuration space reads as ff"
	step "it comes back"
	kill_watchers 100
	power "$port" on
	echo 1 >"$devices/$nic/remove"
	echo 1 >/sys/bus/pci/rescan
	wait_for 5 test -e "$devices/$nic/driver" || fail "the lab: $nic is not back"
	verb_exits 0 restore 100
	expect_free "$nic" e1000e
}

# What is said of a capture is what is said here.
t_captured_platform() { # more
	all_captured
}
