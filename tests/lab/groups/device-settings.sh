# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# What the settings have done with single devices, and the other things that a VM's start is made of: args, a
# next hookscript, what was at its addresses at the last start.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device nvme,bus=rp1,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:41
#qemu -device pcie-root-port,id=rp3,chassis=3 -device ich9-intel-hda,bus=rp3,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio

prepare() {
	for module in nvme e1000e snd_hda_intel vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	wait_for 10 test -e /sys/class/nvme/nvme0/serial
	wait_for 10 sound_there
}

want() {
	vm 100 "machine: q35" "hostpci0: $1,pcie=1"
}

# set_device BDF KEYS: settings for it alone.
set_device() {
	echo "deadline = 10; devices = ( { address = \"$1\"; id = \"$(id_of "$1")\"; $2 } );" >"$settings"
}

t_return_to_none() {
	disk=$(nvme lab1)
	want "$disk"
	before=$(machine)
	set_device "$disk" 'return_to = "none";'
	hook_ok 100 pre-start
	hook_ok 100 post-stop
	expect_free "$disk" none
	step "no module that is loaded takes it"
	echo "$disk" >/sys/bus/pci/drivers_probe
	expect_driver "$disk" none
	step "until the settings say otherwise"
	set_device "$disk" 'return_to = "nvme";'
	hook_ok 100 pre-start
	hook_ok 100 post-stop
	expect_free "$disk" nvme
	echo >"$devices/$disk/driver_override"
	expect_machine "$before"
}

t_return_to_driver() {
	disk=$(nvme lab1)
	want "$disk"
	before=$(machine)
	modprobe pci_stub || skip "this kernel has no pci-stub as a module"
	set_device "$disk" 'return_to = "pci-stub";'
	hook_ok 100 pre-start
	hook_ok 100 post-stop
	expect_free "$disk" pci-stub
	set_device "$disk" 'return_to = "nvme";'
	hook_ok 100 pre-start
	hook_ok 100 post-stop
	expect_machine "$before"
}

t_reset_method_and_d3cold() {
	nic=$(nic 41)
	want "$nic"
	methods=$(cat "$devices/$nic/reset_method")
	d3cold=$(cat "$devices/$nic/d3cold_allowed")
	one=${methods##* }
	set_device "$nic" "reset_method = \"$one\"; d3cold = false;"
	start 100 "$nic=e1000e"
	expect "reset_method while it is taken, of $methods" "$one" "$(cat "$devices/$nic/reset_method")"
	expect "d3cold_allowed while it is taken" 0 "$(cat "$devices/$nic/d3cold_allowed")"
	stop 100
	expect "reset_method afterwards" "$methods" "$(cat "$devices/$nic/reset_method")"
	expect "d3cold_allowed afterwards" "$d3cold" "$(cat "$devices/$nic/d3cold_allowed")"
	step "a method that the device does not have"
	set_device "$nic" 'reset_method = "cxl_bus";'
	before=$(machine)
	hook_exits 1 100 pre-start
	expect_said "$nic: failed while writing reset_method"
	expect_machine "$before"
}

# Its driver's module goes before it is unbound, as some graphics drivers need it, and comes back.
t_unload() {
	nic=$(nic 41)
	want "$nic"
	set_device "$nic" 'unload = [ "e1000e" ];'
	start 100 "$nic=e1000e"
	[ ! -e /sys/module/e1000e ] || fail "expected e1000e to be unloaded, seen it"
	stop 100
	[ -e /sys/module/e1000e ] || fail "expected e1000e to be loaded again"
}

# A unit that has the sound card open stops for the start; a process that is none of its keeps the refusal.
t_stop_units() { # once
	card=$(pci 8086:293e)
	vm 100 "machine: q35" "hostpci0: $card"
	cat >/sbin/systemctl <<-'END'
	#!/bin/sh
	case "$*" in
	*is-active*) kill -0 "$(cat /tmp/player.pid)" 2>/dev/null ;;
	stop*) kill -9 "$(cat /tmp/player.pid)"; sleep 0.3; echo stop >>/tmp/units ;;
	start*) sh -c 'exec sleep 1000 3</dev/snd/controlC0' >/dev/null 2>&1 & echo $! >/tmp/player.pid
		echo start >>/tmp/units ;;
	esac
	END
	chmod +x /sbin/systemctl
	rm -f /tmp/units
	background sh -c 'exec sleep 1000 3</dev/snd/controlC0'
	tail -n 1 /tmp/background.pids >/tmp/player.pid
	sleep 0.3
	set_device "$card" 'stop_units = [ "player.service" ];'
	hook_ok 100 pre-start
	expect_taken 100 "$card" snd_hda_intel
	expect "what was done to the unit" stop "$(tr '\n' ' ' </tmp/units | sed 's/ $//')"
	hook_ok 100 post-stop
	expect_said "unit player.service is started again"
	expect "what was done to the unit" "stop start" "$(tr '\n' ' ' </tmp/units | sed 's/ $//')"
	kill -9 "$(cat /tmp/player.pid)"
	rm -f /sbin/systemctl
	expect_driver "$card" snd_hda_intel
}

# Debian's kernels have no vfio variant driver, so the setting names the one VFIO driver that there is: the way is the
# same but for the name, which the unit tests change (tests/unit/hookscript/plan/test_variant.c).
t_driver_of_a_kept_entry() { # once
	variant=vfio-pci
	disk=$(nvme lab1)
	before=$(machine)
	vm 100 "machine: q35" "hostpci0: $disk,pcie=1,driver=keep"
	step "without a setting it is left alone"
	hook_ok 100 pre-start
	expect_machine "$before"
	set_device "$disk" "driver = \"$variant\";"
	hook_ok 100 pre-start
	expect_said "$disk [$(id_of "$disk")]: nvme -> $variant, for VM 100; will return to nvme"
	expect_driver "$disk" "$variant"
	vfio-use "$disk" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	hook_ok 100 post-stop
	expect_machine "$before"
	step "a driver that is none of VFIO's"
	modprobe pci_stub || skip "this kernel has no pci-stub as a module"
	set_device "$disk" 'driver = "pci-stub";'
	hook_exits 1 100 pre-start
	expect_said "pci-stub took it, but is not a vfio variant driver"
	expect_machine "$before"
}

# A container that has the sound card is shut down for the start, and started when the card is back.
t_stop_ct() { # once
	card=$(pci 8086:293e)
	vm 100 "machine: q35" "hostpci0: $card"
	mkdir -p /etc/pve/lxc
	printf 'dev0: /dev/snd/controlC0\nhostname: player\n' >/etc/pve/lxc/105.conf
	cat >/sbin/pct <<-'END'
	#!/bin/sh
	case "$*" in
	"status 105") [ -e /tmp/105 ] && echo "status: running" || echo "status: stopped" ;;
	"shutdown 105") kill -9 "$(cat /tmp/player.pid)"; sleep 0.3; rm /tmp/105; echo shutdown >>/tmp/containers ;;
	"start 105") : >/tmp/105; echo start >>/tmp/containers ;;
	*) exit 1 ;;
	esac
	END
	chmod +x /sbin/pct
	: >/tmp/105
	rm -f /tmp/containers
	background sh -c 'exec sleep 1000 3</dev/snd/controlC0'
	tail -n 1 /tmp/background.pids >/tmp/player.pid
	sleep 0.3
	step "without the setting the start is refused"
	refused 100 "/dev/snd/controlC0 is open in process"
	set_device "$card" 'stop_ct = [ 105 ];'
	step "with it"
	hook_ok 100 pre-start
	expect_said "container 105 is stopped; it is started again when the devices are back"
	expect_taken 100 "$card" snd_hda_intel
	expect "what was done to the container" shutdown "$(tr '\n' ' ' </tmp/containers | sed 's/ $//')"
	hook_ok 100 post-stop
	expect_said "container 105 is started again"
	expect "what was done to the container" "shutdown start" "$(tr '\n' ' ' </tmp/containers | sed 's/ $//')"
	expect_driver "$card" snd_hda_intel
	rm -rf /sbin/pct /etc/pve/lxc /tmp/105
}

# Proxmox VE starts the target of a migration while the config still lies under the source's node.
t_migration() {
	disk=$(nvme lab1)
	want "$disk"
	mkdir -p /etc/pve/nodes/source/qemu-server
	mv /etc/pve/qemu-server/100.conf /etc/pve/nodes/source/qemu-server
	hook_exits 1 100 pre-start
	expect_said "VM 100: there is no config /etc/pve/qemu-server/100.conf on this node"
	step "with the variable that names the source"
	hook_env=PVE_MIGRATED_FROM=source
	start 100 "$disk=nvme"
	hook_ok 100 post-start
	step "the config has moved when it stops"
	mv /etc/pve/nodes/source/qemu-server/100.conf /etc/pve/qemu-server
	hook_env=PVE_MIGRATED_FROM=
	stop 100
	rm -rf /etc/pve/nodes/source /var/lib/pve-passthrough
}

# A backup of a VM that is stopped starts it for its time, with lock: backup in the config.
t_backup_lock() { # once
	disk=$(nvme lab1)
	vm 100 "machine: q35" "hostpci0: $disk,pcie=1" "lock: backup"
	start 100 "$disk=nvme"
	stop 100
}

t_language() { # once
	disk=$(nvme lab1)
	want "$disk"
	echo 'language = "zh_CN";' >"$settings"
	hook_ok 100 pre-start
	expect_said "nvme -> vfio-pci，供 VM 100 使用"
	hook_ok 100 post-stop
	step "English is what Proxmox VE's environment asks for"
	rm "$settings"
	hook_ok 100 pre-start
	expect_said "nvme -> vfio-pci, for VM 100; will return to nvme"
	hook_ok 100 post-stop
	step "a person's own environment, in a locale that was never generated"
	LC_ALL=zh_CN.UTF-8 pve-passthrough status >/tmp/hook.out 2>&1
	expect_said "没有已接管的设备"
}

t_next() { # once
	disk=$(nvme lab1)
	want "$disk"
	printf 'dir: local\n\tpath /var/lib/vz\n\tcontent snippets\n' >/etc/pve/storage.cfg
	# shellcheck disable=SC2016 # for that script
	printf '#!/bin/sh\necho "old hook: $1 $2"\n[ ! -e /tmp/next-fails ]\n' >/var/lib/vz/snippets/old.sh
	chmod +x /var/lib/vz/snippets/old.sh
	echo 'next = "local:snippets/old.sh";' >"$settings"
	start 100 "$disk=nvme"
	expect_said "old hook: 100 pre-start"
	stop 100
	expect_said "old hook: 100 post-stop"
	step "when it fails, the devices go back"
	before=$(machine)
	: >/tmp/next-fails
	hook_exits 1 100 pre-start
	rm /tmp/next-fails
	expect_machine "$before"
}

t_args() { # once
	disk=$(nvme lab1)
	vm 100 "args: -device vfio-pci,host=${disk#0000:}"
	start 100 "$disk=nvme"
	vfio-use "$disk" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	stop 100
}

# After a change of hardware (here: of the file, which says what was there at the last start).
t_moved() { # once
	disk=$(nvme lab1)
	nic=$(nic 41)
	want "$nic"
	start 100 "$nic=e1000e"
	hook_ok 100 post-start
	stop 100
	# QEMU's e1000e has a serial number, as its MAC says.
	grep -q 'path = "0000:.*"; serial = "' /var/lib/pve-passthrough/vm/100 ||
		fail "no slot or serial number: $(cat /var/lib/pve-passthrough/vm/100)"
	sed -i "s/$nic/$disk/" /var/lib/pve-passthrough/vm/100
	want "$disk"
	refused 100 "$disk: at this VM's last start the device here was 8086:10d3" \
		"that device is now at $nic" "qm set 100 --hostpci0 '$nic,pcie=1'"
	verb_exits 0 accept 100
	start 100 "$disk=nvme"
	stop 100
	rm -rf /var/lib/pve-passthrough
}

# What is said of a capture is what is said here.
t_captured_device_settings() { # more
	all_captured
}
