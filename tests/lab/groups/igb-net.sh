# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# What the settings want of a virtual function of a network card, as the kernel's igb has it.
#
#more
#device igb
#iommu on
#seconds 900
#qemu -device pcie-root-port,id=rp1,chassis=1 -device igb,bus=rp1,romfile=,mac=52:54:00:00:00:51

# shellcheck source=tests/lab/guest/sweep.sh
. /lab/sweep.sh

prepare() {
	for module in igb igbvf bridge vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	wait_for 10 test -n "$(nic_name 51)"
}

# Made anew for each scenario, so that none has what another left: PF, its name, its VFs.
vfs() {
	pf=$(nic 51)
	name=$(nic_name 51)
	echo 0 >"$devices/$pf/sriov_numvfs"
	[ "${1-2}" != 0 ] || return 0
	echo "${1-2}" >"$devices/$pf/sriov_numvfs" || fail "the lab: no VFs on $pf"
	first=$(vf 0)
	second=$(vf 1)
	wait_for 10 test -e "$devices/$second/driver" || fail "the lab: no igbvf"
	iproute2 link set "$name" up
}

vf() {
	cd -P "$devices/$pf/virtfn$1" || fail "the lab: $pf has no VF $1"
	echo "${PWD##*/}"
	cd /
}

# What `ip link show` says of VF N.
shown() {
	iproute2 link show "$name" | sed -n "s/^ *vf $1 *//p"
}

# shows N TEXT...: it says each of them.
shows() {
	line=$(shown "$1")
	number=$1
	shift
	for text in "$@"; do
		case "$line," in
		*"$text,"* | *"$text "*) ;;
		*) fail "VF $number: expected '$text', seen '$line'" ;;
		esac
	done
}

want_settings() {
	echo "vm100 = { hostpci0 = { $* }; };" >"$settings"
	chmod 600 "$settings"
}

mac=02:00:00:00:ab:01
all="mac = \"$mac\"; vlan = 30; trust = true; spoofchk = false;"

t_vf_settings() {
	vfs
	before=$(shown 0)
	other=$(shown 1)
	want_settings "$all"
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
	verb_exits 0 plan 100
	expect_said "vlan 30 while the VM has it; now 0"
	start 100 "$first=igbvf"
	shows 0 "$mac" "vlan 30" "spoof checking off" "trust on"
	expect "VF 1" "$other" "$(shown 1)"
	step "what the VF's own mailbox answers"
	echo "$first" >/sys/bus/pci/drivers/vfio-pci/unbind
	echo igbvf >"$devices/$first/driver_override"
	echo "$first" >/sys/bus/pci/drivers_probe
	wait_for 10 test -d "$devices/$first/net" || fail "the lab: igbvf has no interface"
	read -r seen <"$devices/$first/net/$(ls "$devices/$first/net")/address"
	# QEMU's igb may leave the VF's messages without an answer, and igbvf makes an address up.
	if dmesg | grep "$first" | tail -n 6 | grep -q 'Assigning random MAC'; then
		echo "# the mailbox of the VF does not answer here: its MAC was not compared"
	else
		expect "MAC of the VF's interface" "$mac" "$seen"
	fi
	echo "$first" >/sys/bus/pci/drivers/igbvf/unbind
	echo vfio-pci >"$devices/$first/driver_override"
	echo "$first" >/sys/bus/pci/drivers_probe
	stop 100
	expect "VF 0 after the stop" "$before" "$(shown 0)"
	vfs 0
}

# Of a MAC that nobody had set, all zeroes are put back, and igbvf chooses one again.
t_vf_stable_mac() {
	vfs
	want_settings 'mac = "stable";'
	vm 100 "machine: q35" "smbios1: uuid=6a1e5f0c-3c1f-4a53-9d6e-0f2b7c1d8e90" "hostpci0: $first,pcie=1"
	start 100 "$first=igbvf"
	shows 0 76:21:4c:2c:7f:9b
	stop 100
	vfs 0
}

# It never starts in another network than it should.
t_vf_refused() {
	vfs
	before=$(shown 0)
	want_settings "vlan = 30;"
	vm 100 "machine: q35" "hostpci0: $pf,pcie=1"
	vfs 0
	refused 100 "only a virtual function of a network card has"
	vfs
	step "the interface of the PF is in another network namespace"
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
	background unshare -n sleep 1000
	pid=$(tail -n 1 /tmp/background.pids)
	wait_for 10 [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink /proc/self/ns/net)" ]
	iproute2 link set "$name" netns "$pid" || fail "the lab: $name cannot be moved"
	refused 100 "in another network namespace"
	end_background
	wait_for 10 test -n "$(nic_name 51)" || fail "the lab: the interface is not back"
	vfs 0
}

sweep_settings() {
	vfs
	vf_before=$(shown 0)
	want_settings "vlan = 30; trust = true; spoofchk = false;"
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
}

t_vf_killed_at_start() {
	sweep_settings
	sweep 5 pre-start -- post-stop
	sweep 5 pre-start -a -- post-stop
	shows 0 "spoof checking on" "trust off"
	case $(shown 0) in *vlan*) fail "VLAN of VF 0: expected none, seen $(shown 0)" ;; esac
	vfs 0
}

t_vf_killed_at_stop() {
	sweep_settings
	sweep 5 post-stop -- post-stop
	shows 0 "spoof checking on" "trust off"
	case $(shown 0) in *vlan*) fail "VLAN of VF 0: expected none, seen $(shown 0)" ;; esac
	vfs 0
}

# Proxmox VE fails after pre-start: the watcher puts back what was.
t_vf_failed_start() {
	vfs
	before=$(shown 0)
	machine_before=$(machine)
	want_settings "$all"
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
	start_fails=yes
	lock 100
	hook_ok 100 pre-start
	shows 0 "vlan 30"
	unlock
	back_within 10 "$machine_before"
	expect "VF 0 after the failed start" "$before" "$(shown 0)"
	vfs 0
}

# What Proxmox VE does itself: it binds the device by its id.
bind_as_pve() {
	echo "$1" >"$devices/$1/driver/unbind"
	echo vfio-pci >"$devices/$1/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
	echo >"$devices/$1/driver_override"
}

t_vf_other_chosen() {
	vfs
	before=$(shown 0)
	want_settings "$all"
	mkdir -p /etc/pve/mapping
	{
		echo vfs
		for bdf in "$first" "$second"; do
			printf '\tmap id=8086:10ca,iommugroup=%s,node=lab,path=%s,subsystem-id=%s\n' \
				"$(group_of "$bdf")" "$bdf" "$(subsystem "$bdf")"
		done
	} >/etc/pve/mapping/pci.cfg
	vm 100 "machine: q35" "hostpci0: mapping=vfs,pcie=1"
	vm_args="-device vfio-pci,host=$second,id=hostpci0,bus=rp1"
	lock 100
	hook_ok 100 pre-start
	shows 0 "$mac" "vlan 30"
	bind_as_pve "$second"
	read -r pid </var/run/qemu-server/100.pid
	echo "$second 100 pid:$pid" >/run/qemu-server/pci-id-reservations
	hook_ok 100 post-start
	unlock
	expect_said "Proxmox VE took it for VM 100"
	shows 1 "$mac" "vlan 30" "spoof checking off" "trust on"
	case $(shown 0) in *vlan* | *"$mac"*) fail "VF 0: expected what was before, seen $(shown 0)" ;; esac
	expect_driver "$first" igbvf
	rm /run/qemu-server/pci-id-reservations
	hook_ok 100 post-stop
	case $(shown 1) in *vlan* | *"$mac"*) fail "VF 1: expected what was before, seen $(shown 1)" ;; esac
	expect_driver "$second" igbvf
	rm -rf /etc/pve/mapping
	vfs 0
}

subsystem() {
	read -r vendor <"$devices/$1/subsystem_vendor"
	read -r id <"$devices/$1/subsystem_device"
	echo "${vendor#0x}:${id#0x}"
}

entered() {
	bridge fdb show dev "$name" | grep -q "^bc:24:11:00:00:0$1 .*self"
}

not_entered() {
	! entered "$1"
}

t_vf_bridge() {
	vfs
	ip link add vmbr0 type bridge || fail "the lab: no bridge"
	iproute2 link set "$name" master vmbr0
	# The administrator's own entry.
	bridge fdb add bc:24:11:00:00:03 dev "$name" self || fail "the lab: no entry"
	machine_before=$(machine)
	mkdir -p /etc/pve/lxc
	echo "net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,type=veth" >/etc/pve/lxc/105.conf
	vm 200 "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0"
	vm 201 "net0: virtio=BC:24:11:00:00:04,bridge=vmbr0"
	play_vm 200
	vm 100 "machine: q35" "hostpci0: $first,pcie=1"
	hook_ok 100 pre-start
	entered 1 || fail "expected the MAC of VM 200 on $name, seen: $(bridge fdb show dev "$name" | tr '\n' '/')"
	entered 3 || fail "expected the administrator's entry, seen none"
	not_entered 4 || fail "expected no MAC of a VM that does not run, seen one"
	step "a VM that starts later, and one that ends: the watcher sees it"
	play_vm 201
	end_vm 200
	wait_for 40 entered 4 || fail "expected the MAC of VM 201, seen none"
	wait_for 10 not_entered 1 || fail "expected no MAC of VM 200, seen one"
	hook_ok 100 post-stop
	not_entered 4 || fail "expected no entry after the stop, seen one"
	entered 3 || fail "expected the administrator's entry after the stop, seen none"
	expect_machine "$machine_before"
	step "fdb = false"
	want_settings "fdb = false;"
	hook_ok 100 pre-start
	not_entered 4 || fail "expected no entry with fdb = false, seen one"
	hook_ok 100 post-stop
	step "killed at every write"
	rm -f "$settings"
	sweep 4 pre-start -a -- post-stop
	sweep 4 post-stop -- post-stop
	not_entered 4 || fail "expected no entry at the end, seen one"
	bridge fdb del bc:24:11:00:00:03 dev "$name" self
	iproute2 link set "$name" nomaster
	ip link del vmbr0
	rm -rf /etc/pve/lxc
	vfs 0
}

# What is said of a capture is what is said here.
t_captured_igb_net() {
	all_captured
}
