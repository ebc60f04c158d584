# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# The ways in which Proxmox VE names a device beside its address: mappings of the cluster, and what it
# chooses among several devices of one.
#
#once
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device nvme,bus=rp1,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme,bus=rp2,serial=lab2

prepare() {
	for module in nvme vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	wait_for 10 test -e /sys/class/nvme/nvme1/serial
	mkdir -p /etc/pve/mapping
}

# One map line for the disk, as the web interface writes it.
map_line() {
	read -r vendor <"$devices/$1/vendor"
	read -r device <"$devices/$1/device"
	read -r subvendor <"$devices/$1/subsystem_vendor"
	read -r subdevice <"$devices/$1/subsystem_device"
	printf '\tmap id=%s:%s,iommugroup=%s,node=lab,path=%s,subsystem-id=%s:%s\n' "${vendor#0x}" \
		"${device#0x}" "$(group_of "$1")" "$1" "${subvendor#0x}" "${subdevice#0x}"
}

map() {
	{
		echo disk
		for bdf in "$@"; do
			map_line "$bdf"
		done
	} >/etc/pve/mapping/pci.cfg
	vm 100 "machine: q35" "hostpci0: mapping=disk,pcie=1"
}

# reserve VMID BDF: as Proxmox VE does while it builds a VM's command line.
reserve() {
	echo "$2 $1 time:$(($(date +%s) + 60))" >>/run/qemu-server/pci-id-reservations
}

# attach VMID BDF: the reservation of a VM that runs.
attach() {
	read -r pid <"/var/run/qemu-server/$1.pid"
	echo "$2 $1 pid:$pid" >/run/qemu-server/pci-id-reservations
}

t_mapping() {
	disk=$(nvme lab1)
	map "$disk"
	start 100 "$disk=nvme"
	attach 100 "$disk"
	hook_ok 100 post-start
	vfio-use "$disk" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	rm /run/qemu-server/pci-id-reservations
	stop 100
}

t_mapping_wrong() {
	disk=$(nvme lab1)
	map "$disk"
	sed -i 's/iommugroup=[0-9]*/iommugroup=99/' /etc/pve/mapping/pci.cfg
	refused 100 "mapping disk: the device at $disk on this node (lab) has iommugroup" \
		"but the mapping says 99"
}

t_alternative_reserved() {
	first=$(nvme lab1)
	second=$(nvme lab2)
	map "$first" "$second"
	reserve 101 "$first"
	before=$(machine)
	hook_ok 100 pre-start
	expect_taken 100 "$second" nvme
	expect_driver "$first" nvme
	attach 100 "$second"
	hook_ok 100 post-start
	expect "what it says" "" "$(cat /tmp/hook.out)"
	rm /run/qemu-server/pci-id-reservations
	hook_ok 100 post-stop
	expect_machine "$before"
}

# Another VM is quicker between pre-start and the choice; Proxmox VE binds the second disk itself, by
# its id, which both have.
t_alternative_not_foreseen() {
	first=$(nvme lab1)
	second=$(nvme lab2)
	map "$first" "$second"
	before=$(machine)
	lock 100
	hook_ok 100 pre-start
	expect_taken 100 "$first" nvme
	step "Proxmox VE takes the other one"
	read -r vendor <"$devices/$second/vendor"
	read -r device <"$devices/$second/device"
	echo "$second" >"$devices/$second/driver/unbind"
	echo "${vendor#0x} ${device#0x}" >/sys/bus/pci/drivers/vfio-pci/new_id
	expect_driver "$second" vfio-pci
	attach 100 "$second"
	step "post-start"
	hook_ok 100 post-start
	unlock
	expect_said "$second: Proxmox VE took it for VM 100, instead of the one that was expected; will return to nvme"
	expect_said "$first: vfio-pci -> nvme"
	expect_free "$first" nvme
	expect_driver "$second" vfio-pci
	expect "VM in the record of $second" 100 "$(record_of "$second" vmid)"
	! echo "${vendor#0x} ${device#0x}" 2>/dev/null >/sys/bus/pci/drivers/vfio-pci/remove_id ||
		fail "expected no dynamic id of vfio-pci, seen ${vendor#0x} ${device#0x}"
	vfio-use "$second" >/tmp/use 2>&1 || fail "vfio-use: $(cat /tmp/use)"
	rm /run/qemu-server/pci-id-reservations
	hook_ok 100 post-stop
	expect_machine "$before"
}

# What is said of a capture is what is said here.
t_captured_mapping() { # more
	all_captured
}
