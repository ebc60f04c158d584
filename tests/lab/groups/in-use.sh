# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# What the host itself uses: every start that would take it is refused, nothing is written, and the
# host's use goes on. The kernel would have let all of it go.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -drive if=none,id=disk1,driver=null-co,size=64M,read-zeroes=on
#qemu -drive if=none,id=disk2,file.driver=null-co,file.size=64M,file.read-zeroes=on,snapshot=on,format=raw
#qemu -device nvme,bus=rp1,drive=disk2,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme-subsys,id=sub,nqn=lab
#qemu -device nvme,id=multi,bus=rp2,subsys=sub,serial=lab2
#qemu -drive if=none,id=disk3,file.driver=null-co,file.size=64M,file.read-zeroes=on,snapshot=on,format=raw
#qemu -device nvme-ns,drive=disk3,bus=multi,nsid=1,shared=on
#qemu -device pcie-root-port,id=rp3,chassis=3 -device nvme-subsys,id=sub2,nqn=lab2
#qemu -device nvme,bus=rp3,subsys=sub2,serial=lab3,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,max_ioqpairs=26,msix_qsize=17
#qemu -device pcie-root-port,id=rp4,chassis=4
#qemu -netdev user,id=net1,restrict=on,net=192.0.2.0/24,host=192.0.2.1,dhcpstart=192.0.2.20,dns=192.0.2.3
#qemu -device e1000e,bus=rp4,romfile=,mac=52:54:00:00:00:31,netdev=net1
#qemu -device pcie-root-port,id=rp5,chassis=5 -device ich9-intel-hda,bus=rp5,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#qemu -device pcie-root-port,id=rp6,chassis=6 -device bochs-display,bus=rp6
#qemu -device pcie-root-port,id=rp7,chassis=7
#qemu -drive if=none,id=disk4,file.driver=null-co,file.size=64M,file.read-zeroes=on,snapshot=on,format=raw,throttling.bps-write=262144
#qemu -device nvme,bus=rp7,drive=disk4,serial=lab4
#seconds 240

prepare() {
	for module in e1000e bochs snd_hda_intel nvme vfio_pci vfio_iommu_type1 ext4 bridge 8021q \
		dm_mod raid1; do
		modprobe "$module" || echo "# the lab has no module $module"
	done
	wait_for 10 test -n "$(disk_of lab1)"
	wait_for 10 sound_there
}

# Which cannot be loaded on Debian's own kernels without a module built by hand: what claims a disk
# for it is the same open(2) as for the others, which md and device mapper show.
t_zfs() {
	modprobe zfs 2>/dev/null || skip "this kernel has no module of ZFS"
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	zpool create -f lab "$node" || fail "the lab: zpool"
	refused 100 "its disk $node is"
	zpool destroy lab
}

# The disk of the controller with this serial number; the head of a multipath one.
disk_of() {
	for controller in /sys/class/nvme/*; do
		read -r serial <"$controller/serial"
		[ "$serial" = "$1" ] || continue
		name=${controller##*/}
		for disk in "/sys/block/nvme${name#nvme}n"*; do
			[ ! -e "$disk" ] || echo "/dev/${disk##*/}"
		done
	done | head -n 1
}

# want BDF: VM 100 wants it.
want() {
	vm 100 "machine: q35" "hostpci0: $1,pcie=1"
}

make_files() {
	mke2fs -q "$1" 2>/dev/null || mkfs.ext2 "$1" >/dev/null || fail "the lab: no file system on $1"
	mkdir -p /tmp/mnt
	mount -t ext2 "$1" /tmp/mnt || fail "the lab: $1 cannot be mounted"
	echo hello >/tmp/mnt/file
}

files_live() {
	echo more >>/tmp/mnt/file && sync && expect "a file on the disk" hello "$(head -n 1 /tmp/mnt/file)"
}

t_mounted_disk() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	make_files "$node"
	refused 100 "$(nvme lab1)" "its disk $node is in use: mounted at /tmp/mnt" "umount /tmp/mnt" \
		'allow = [ "disk" ]'
	files_live
	step "groups"
	host-setup groups >/tmp/hook.out
	tr -s ' \n' ' ' </tmp/hook.out >/tmp/flat
	grep -qF "its disk $node is in use" /tmp/flat || fail "host-setup groups: $(cat /tmp/hook.out)"
	umount /tmp/mnt
	step "idle"
	start 100 "$(nvme lab1)=nvme"
	stop 100
}

# With data on the way to a slow disk: the unbind would wait for it, beyond kill -9.
t_mounted_disk_dirty() { # once
	node=$(disk_of lab4)
	want "$(nvme lab4)"
	make_files "$node"
	dd if=/dev/zero of=/tmp/mnt/dirty bs=64k count=32 2>/dev/null
	dirty=$(sed -n 's/^Dirty: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	[ "$dirty" -gt 1000 ] || fail "the lab: only $dirty kB are dirty"
	refused 100 "its disk $node is in use: mounted at /tmp/mnt"
	in_time "being told at once" 300 "$hook_time"
	expect "a file on the disk" hello "$(head -n 1 /tmp/mnt/file)"
	rm /tmp/mnt/dirty
	umount /tmp/mnt
}

# A drive of the VM's own on the disk whose controller it gets: QEMU would not find it.
t_own_drive() { # once
	node=$(disk_of lab1)
	controller=$(nvme lab1)
	mkdir -p /dev/disk/by-id
	ln -s "../../${node##*/}" /dev/disk/by-id/nvme-lab
	vm 100 "machine: q35" "hostpci0: $controller,pcie=1" "scsi1: /dev/disk/by-id/nvme-lab,size=64M"
	refused 100 "scsi1: /dev/disk/by-id/nvme-lab ($node) belongs to $controller" \
		"qm set 100 --delete scsi1" "qm set 100 --delete hostpci0"
	rm /dev/disk/by-id/nvme-lab
}

t_multipath_head() {
	node=$(disk_of lab2)
	[ -n "$node" ] || fail "the lab: no disk below lab2"
	case $(readlink -f "/sys/block/${node##*/}") in
	*/nvme-subsystem/*) ;;
	*) fail "the lab: $node is no head: $(readlink -f "/sys/block/${node##*/}")" ;;
	esac
	want "$(nvme lab2)"
	make_files "$node"
	refused 100 "its disk $node (NVMe multipath) is in use: mounted at /tmp/mnt"
	files_live
	umount /tmp/mnt
}

t_swap() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	mkswap "$node" >/dev/null || fail "the lab: mkswap"
	swapon "$node" || fail "the lab: swapon"
	refused 100 "its disk $node is in use: swap on $node"
	grep -q "^$node " /proc/swaps || fail "expected the swap still on"
	swapoff "$node"
}

t_device_mapper() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	echo "0 1024 linear $node 0" | dmsetup create held --noudevsync || fail "the lab: dmsetup"
	refused 100 "its disk $node is in use: part of dm-0 (held)"
	dd if=/dev/mapper/held of=/dev/null bs=4k count=1 2>/dev/null ||
		dd if=/dev/dm-0 of=/dev/null bs=4k count=1 2>/dev/null || fail "the mapping is dead"
	dmsetup remove --noudevsync held
}

# md by hand, without mdadm: what claims the disk is the kernel's, however it was told.
t_md() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	echo md_lab >/sys/module/md_mod/parameters/new_array || fail "the lab: no md"
	md=/sys/block/md_lab/md
	echo none >$md/metadata_version
	echo raid1 >$md/level
	echo 1 >$md/raid_disks
	cat "/sys/block/${node##*/}/dev" >$md/new_dev || fail "the lab: md does not take $node"
	refused 100 "its disk $node is"
	echo clear >$md/array_state
}

# Files on a loop device of the disk: nothing has the disk open, and nothing holds it but the kernel.
t_mounted_loop_device() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	modprobe loop || fail "the lab: no loop devices"
	wait_for 5 test -e /dev/loop0
	losetup /dev/loop0 "$node" || fail "the lab: losetup"
	make_files /dev/loop0
	refused 100 "its disk $node is in use: " "/tmp/mnt" "loop0"
	files_live
	umount /tmp/mnt
	step "a loop device without files"
	refused 100 "its disk $node is in use: " "loop0"
	losetup -d /dev/loop0
	step "idle"
	start 100 "$(nvme lab1)=nvme"
	stop 100
}

config=/sys/kernel/config

# need MODULE...: what the kernel has for targets, or the scenario is about nothing.
need() {
	for module in "$@"; do
		modprobe "$module" 2>/dev/null || skip "this kernel has no module $module"
	done
	[ -e $config/nvmet ] || [ -e $config/target ] || mount -t configfs configfs $config || fail "the lab: no configfs"
}

# What others read through the target is the disk's, as before.
still_reads() {
	dd if="$1" of=/dev/null bs=4k count=1 2>/dev/null || fail "expected $1 readable"
}

t_nvme_target() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	need nvmet
	space=$config/nvmet/subsystems/lab/namespaces/1
	mkdir -p "$config/nvmet/subsystems/lab"
	mkdir "$space" || fail "the lab: no subsystem of nvmet"
	printf %s "$node" >"$space/device_path"
	step "a namespace that is not enabled is no use"
	verb_exits 0 plan 100
	step "enabled"
	echo 1 >"$space/enable" || fail "the lab: nvmet does not take $node"
	refused 100 "its disk $node is in use: " "NVMe target lab"
	expect "the namespace's enable" 1 "$(cat "$space/enable")"
	still_reads "$node"
	echo 0 >"$space/enable"
	rmdir "$space" "$config/nvmet/subsystems/lab"
	step "idle"
	start 100 "$(nvme lab1)=nvme"
	stop 100
}

# backstore KIND CONTROL: LIO's, on the disk $node.
backstore() {
	store=$config/target/core/$1_0/lab
	mkdir -p "$config/target/core/$1_0"
	mkdir "$store" || fail "the lab: no backstore $1"
	echo "$2" >"$store/control" || fail "the lab: $1 does not take $2"
	echo 1 >"$store/enable" || fail "the lab: $1 cannot be enabled"
	refused 100 "its disk $node is in use: " "$1_0/lab"
	grep -q ACTIVATED "$store/info" || fail "expected the backstore still there: $(cat "$store/info")"
	still_reads "$node"
	rmdir "$store" "$config/target/core/$1_0"
	step "idle"
	start 100 "$(nvme lab1)=nvme"
	stop 100
}

t_scsi_target_iblock() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	need target_core_mod target_core_iblock
	backstore iblock "udev_path=$node"
}

# It has the disk open, in the kernel: no process shows it, and nothing claims the disk.
t_scsi_target_fileio() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	need target_core_mod target_core_file
	backstore fileio "fd_dev_name=$node,fd_dev_size=67108864"
}

t_raw_disk_held() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	background sh -c "exec sleep 1000 3<$node"
	sleep 0.3
	refused 100 "$node is open in process $(tail -n 1 /tmp/background.pids) (sleep)"
	still_open "$node"
}

# The kernel starts programs as it starts its threads, which have nothing open.
t_held_by_the_kernels_program() {
	node=$(disk_of lab1)
	want "$(nvme lab1)"
	printf '#!/bin/sh\nexec 3<%s\necho $$ >/tmp/handler.pid\ncat >/dev/null\nexec sleep 1000\n' "$node" >/tmp/handler
	chmod +x /tmp/handler
	echo '|/tmp/handler' >/proc/sys/kernel/core_pattern
	sh -c 'kill -SEGV $$' || true
	echo core >/proc/sys/kernel/core_pattern
	wait_for 5 sh -c 'grep -q sleep "/proc/$(cat /tmp/handler.pid)/comm"'
	handler=$(cat /tmp/handler.pid)
	expect "who has started process $handler" 2 "$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$handler/status")"
	refused 100 "$node is open in process $handler (sleep)"
	expect "what process $handler has open" "$node" "$(readlink "/proc/$handler/fd/3")"
	kill "$handler"
	start 100 "$(nvme lab1)=nvme"
	stop 100
}

# The host's network still works: its gateway answers.
ping_answered() {
	wait_for 10 ping -c 1 -W 1 192.0.2.1 >/dev/null || fail "expected an answer of the gateway, seen none"
}

# The process that has a node open still has it.
still_open() {
	holder=$(tail -n 1 /tmp/background.pids)
	expect "what process $holder has open" "$1" "$(readlink "/proc/$holder/fd/3")"
}

t_address() {
	name=$(nic_name 31)
	want "$(nic 31)"
	step "up alone is a warning"
	ip link set "$name" up
	verb_exits 0 plan 100
	step "an address and the default route"
	ip addr add 192.0.2.2/24 dev "$name"
	ip route add default via 192.0.2.1 dev "$name"
	ping_answered
	refused 100 "its interface $name carries the host's network: address 192.0.2.2, " \
		"the default route" "ifreload -a" 'allow = [ "network" ]'
	ip addr show dev "$name" | grep -q 192.0.2.2 || fail "expected the address still there"
	ping_answered
	ip addr flush dev "$name"
	ip link set "$name" down
}

t_bridge() {
	name=$(nic_name 31)
	want "$(nic 31)"
	ip link add vmbr0 type bridge || fail "the lab: no bridge"
	ip link set "$name" master vmbr0
	ip link set "$name" up
	ip addr add 192.0.2.2/24 dev vmbr0
	ip link set vmbr0 up
	ping_answered
	refused 100 "its interface $name carries the host's network: below vmbr0"
	ping_answered
	[ -e "/sys/class/net/vmbr0/brif/$name" ] || fail "expected $name still in vmbr0"
	ip link set "$name" down
	ip link set "$name" nomaster
	ip link del vmbr0
}

t_vlan() {
	name=$(nic_name 31)
	want "$(nic 31)"
	ip link add link "$name" name lan5 type vlan id 5 || fail "the lab: no VLAN"
	refused 100 "its interface $name carries the host's network: below lan5"
	ip link del lan5
}

# In another network namespace: nothing of it is to be seen from here but the empty folder.
t_moved_interface() {
	name=$(nic_name 31)
	want "$(nic 31)"
	background unshare -n sleep 1000
	sleep 0.5
	ip link set "$name" netns "$(tail -n 1 /tmp/background.pids)" || fail "the lab: no namespace"
	refused 100 "its network interface $name is in the network namespace of process"
	end_background
	wait_for 5 test -n "$(nic_name 31)" || true
}

# Only where the settings name this device; an entry for another one is ignored, aloud.
t_allowed() {
	nic=$(nic 31)
	name=$(nic_name 31)
	want "$nic"
	ip link set "$name" up
	ip addr add 192.0.2.2/24 dev "$name"
	echo "devices = ( { address = \"$nic\"; id = \"8086:0000\"; allow = [ \"network\" ]; } );" >"$settings"
	refused 100 "the entry of 'devices' for $nic is for a device 8086:0000"
	echo "devices = ( { address = \"$nic\"; id = \"8086:10d3\"; allow = [ \"network\" ]; } );" >"$settings"
	start 100 "$nic=e1000e"
	stop 100
	expect_said "$nic: is back without what its interface had: $name: address 192.0.2.2"
	wait_for 5 test -n "$(nic_name 31)" || fail "expected the network device back"
}

t_open_sound() {
	want "$(pci 8086:293e)"
	background sh -c 'exec sleep 1000 3</dev/snd/controlC0'
	sleep 0.3
	refused 100 "/dev/snd/controlC0 is open in process $(tail -n 1 /tmp/background.pids) (sleep)"
	sound_there || fail "expected the sound card still there"
	still_open /dev/snd/controlC0
}

# Whose process it is says its control group, as the kernel writes it.
t_held_by_a_unit() { # once
	want "$(pci 8086:293e)"
	mkdir -p /tmp/cgroup
	mount -t cgroup2 none /tmp/cgroup || fail "the lab: no cgroup2"
	mkdir -p /tmp/cgroup/system.slice/mpd.service /tmp/cgroup/qemu.slice/105.scope
	background sh -c 'echo $$ >/tmp/cgroup/system.slice/mpd.service/cgroup.procs; exec sleep 1000 3</dev/snd/controlC0'
	sleep 0.3
	refused 100 "/dev/snd/controlC0 is open in process $(tail -n 1 /tmp/background.pids) (sleep) of mpd.service" \
		"systemctl stop mpd.service" 'stop_units = [ "mpd.service" ]'
	still_open /dev/snd/controlC0
	echo "$(tail -n 1 /tmp/background.pids)" >/tmp/cgroup/qemu.slice/105.scope/cgroup.procs
	refused 100 "(sleep) of VM 105" "qm shutdown 105"
	end_background
	rmdir /tmp/cgroup/system.slice/mpd.service /tmp/cgroup/system.slice
	rmdir /tmp/cgroup/qemu.slice/105.scope /tmp/cgroup/qemu.slice
	umount /tmp/cgroup
}

t_open_display() {
	want "$(pci 1234:1111)"
	[ -e /dev/dri/card0 ] || fail "the lab: no /dev/dri/card0"
	background sh -c 'exec sleep 1000 3</dev/dri/card0'
	sleep 0.3
	refused 100 "/dev/dri/card0 is open in process $(tail -n 1 /tmp/background.pids) (sleep)"
	still_open /dev/dri/card0
}

# Somebody else than Proxmox VE uses it through VFIO.
t_open_vfio_group() {
	nic=$(nic 31)
	want "$nic"
	echo vfio-pci >"$devices/$nic/driver_override"
	echo "$nic" >"$devices/$nic/driver/unbind"
	echo "$nic" >/sys/bus/pci/drivers_probe
	hold "$nic"
	holder=$(tail -n 1 /tmp/background.pids)
	refused 100 "IOMMU group $(group_of "$nic") is in use through VFIO by process $holder (vfio-use)"
	kill -0 "$holder" || fail "expected the holder to live, seen it gone"
	end_background
	echo "$nic" >"$devices/$nic/driver/unbind"
	echo >"$devices/$nic/driver_override"
	echo "$nic" >/sys/bus/pci/drivers_probe
}

# Proxmox VE has given it to another VM, which we never heard of.
t_reserved() {
	nic=$(nic 31)
	want "$nic"
	echo "$nic 101 time:$(($(date +%s) + 60))" >/run/qemu-server/pci-id-reservations
	refused 100 "refused: $nic" "reserved it for VM 101"
	echo "$nic 101 time:$(($(date +%s) - 60))" >/run/qemu-server/pci-id-reservations
	verb_exits 0 plan 100
	rm /run/qemu-server/pci-id-reservations
}

t_pf_with_vfs() {
	pf=$(nvme lab3)
	want "$pf"
	echo 0 >"$devices/$pf/sriov_drivers_autoprobe"
	echo 2 >"$devices/$pf/sriov_numvfs" || fail "the lab: no VFs on $pf"
	vf=$(basename "$(readlink "$devices/$pf/virtfn0")")
	refused 100 "$pf: it is an SR-IOV PF whose VFs are in use or ready for it: $vf (no driver)" \
		"echo 0 > /sys/bus/pci/devices/$pf/sriov_numvfs"
	echo 0 >"$devices/$pf/sriov_numvfs"
	echo 1 >"$devices/$pf/sriov_drivers_autoprobe"
}

t_neighbours_refused() {
	smbus=$(pci 8086:2930)
	vm 100 "machine: q35" "hostpci0: $smbus"
	echo 'group = "refuse";' >"$settings"
	refused 100 "$(pci 8086:2918) is in IOMMU group" 'group = "refuse"'
}

# ---- VFs that host-setup makes, here of an NVMe controller

t_sriov_set_up_and_undone() { # once
	pf=$(nvme lab3)
	fake_systemctl
	before=$(sriov_state "$pf")
	setup_exits 0 sriov
	expect_said "$pf"
	expect_said "VFs: 2 possible, 0 now"
	step "nobody can be asked"
	setup_exits 2 sriov "$pf" 2
	expect_said "vfs = 2;"
	setup_exits 0 sriov "$pf" 2 --dry-run
	setup_exits 2 sriov "$pf" 3 -y
	expect_said "at most 2 VFs"
	expect "the host" "$before" "$(sriov_state "$pf")"
	step "another one sets the number"
	mkdir -p /etc/udev/rules.d
	echo "# VFs
ACTION==\"bind\", KERNEL==\"$pf\", ATTR{sriov_numvfs}=\"1\"" >/etc/udev/rules.d/70-vfs.rules
	setup_exits 2 sriov "$pf" 2 -y
	expect_said "/etc/udev/rules.d/70-vfs.rules:2"
	rm -r /etc/udev
	step "set up"
	setup_exits 0 sriov "$pf" 2 -y
	expect "VFs of $pf" 2 "$(vfs_of "$pf")"
	expect "sriov_drivers_autoprobe" 0 "$(cat "$devices/$pf/sriov_drivers_autoprobe")"
	vf=$(basename "$(readlink "$devices/$pf/virtfn0")")
	expect_driver "$vf" none
	setup_exits 0 sriov --json
	expect_said '"made":2'
	check_host '[0-4]'
	check_item sriov ok
	step "a VF in use"
	vm 100 "machine: q35" "hostpci0: $vf,pcie=1"
	before_start=$(machine)
	hook_ok 100 pre-start
	expect_taken 100 "$vf" none
	setup_exits 2 sriov "$pf" 1 -y
	expect_said "VM 100 has it"
	setup_exits 2 sriov "$pf" 0 -y
	expect "VFs of $pf" 2 "$(vfs_of "$pf")"
	stop 100
	step "undone"
	setup_exits 0 sriov "$pf" 0 -y
	expect "the host" "$before" "$(sriov_state "$pf")"
	setup_exits 0 sriov "$pf" 0 -y
	expect_said "nothing to undo"
	rm /bin/systemctl
}

t_sriov_at_boot() { # once
	pf=$(nvme lab3)
	fake_systemctl
	before=$(sriov_state "$pf")
	setup_exits 0 sriov "$pf" 1 -y
	vf=$(basename "$(readlink "$devices/$pf/virtfn0")")
	step "after a boot"
	echo 0 >"$devices/$pf/sriov_numvfs"
	echo 1 >"$devices/$pf/sriov_drivers_autoprobe"
	check_host '[0-4]'
	check_item sriov warning
	setup_exits 0 sriov --boot
	expect "VFs of $pf" 1 "$(vfs_of "$pf")"
	expect "sriov_drivers_autoprobe" 0 "$(cat "$devices/$pf/sriov_drivers_autoprobe")"
	setup_exits 0 sriov --boot
	step "the driver comes late"
	echo 0 >"$devices/$pf/sriov_numvfs"
	echo "$pf" >"$devices/$pf/driver/unbind"
	background sh -c "sleep 2; echo $pf >/sys/bus/pci/drivers_probe"
	setup_exits 0 sriov --boot
	expect "VFs of $pf" 1 "$(vfs_of "$pf")"
	wait_for 10 test -e "$devices/$pf/nvme"
	step "a VM's start makes it"
	echo 0 >"$devices/$pf/sriov_numvfs"
	before_start=$(machine)
	vm 100 "machine: q35" "hostpci0: $vf,pcie=1"
	verb_exits 0 plan 100
	expect_said "the start first makes the 1 VFs"
	expect_machine "$before_start"
	hook_ok 100 pre-start
	expect_taken 100 "$vf" none
	hook_ok 100 post-stop
	expect "VFs of $pf" 1 "$(vfs_of "$pf")"
	setup_exits 0 sriov "$pf" 0 -y
	expect "the host" "$before" "$(sriov_state "$pf")"
	step "not set up"
	refused 100 "host-setup sriov $pf 1"
	rm /bin/systemctl
}

# A driver that makes no VFs: the kernel's own line is quoted, and nothing stays.
t_sriov_driver_makes_none() {
	pf=$(nvme lab3)
	modprobe pci_stub || skip "this kernel has no pci-stub"
	fake_systemctl
	before=$(sriov_state "$pf")
	echo pci-stub >"$devices/$pf/driver_override"
	echo "$pf" >"$devices/$pf/driver/unbind"
	echo "$pf" >/sys/bus/pci/drivers_probe
	expect_driver "$pf" pci-stub
	setup_exits 2 sriov "$pf" 2 -y
	expect_said "its driver pci-stub makes no VFs"
	expect_said "the kernel's log says:"
	expect_said "driver does not support SR-IOV configuration via sysfs"
	expect "the host" "$before" "$(sriov_state "$pf")"
	echo "$pf" >"$devices/$pf/driver/unbind"
	echo >"$devices/$pf/driver_override"
	echo "$pf" >/sys/bus/pci/drivers_probe
	wait_for 10 test -e "$devices/$pf/nvme"
	rm /bin/systemctl
}

# What is said of a capture is what is said here.
t_captured_in_use() { # once
	all_captured
}
