# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# What is said of a capture of this machine, to an ordinary user, is what is said here.
#
#once
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -drive if=none,id=disk1,file.driver=null-co,file.size=64M,file.read-zeroes=on,snapshot=on,format=raw
#qemu -device nvme,bus=rp1,drive=disk1,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2
#qemu -netdev user,id=net1,restrict=on,ipv6=off,net=192.0.2.0/24,host=192.0.2.1,dhcpstart=192.0.2.20,dns=192.0.2.3
#qemu -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:31,netdev=net1
#qemu -device pcie-root-port,id=rp3,chassis=3 -device ich9-intel-hda,bus=rp3,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#qemu -device pcie-root-port,id=rp4,chassis=4
#qemu -drive if=none,id=disk2,file.driver=null-co,file.size=64M,file.read-zeroes=on,snapshot=on,format=raw
#qemu -device nvme,bus=rp4,drive=disk2,serial=lab2
#seconds 300

prepare() {
	for module in e1000e nvme ext4 snd_hda_intel vfio_pci vfio_iommu_type1; do
		modprobe "$module" || echo "# the lab has no module $module"
	done
	wait_for 10 test -e /dev/nvme0n1
	wait_for 10 sound_there
}

t_idle() {
	vm 100 "machine: q35" "hostpci0: $(nvme lab2),pcie=1" "args: -cpu host"
	captured 100
}

t_in_use() {
	node=$(disk_of_lab1)
	mke2fs -q "$node" 2>/dev/null || mkfs.ext2 "$node" >/dev/null || fail "the lab: no file system on $node"
	mkdir -p /tmp/mnt
	mount -t ext2 "$node" /tmp/mnt || fail "the lab: $node cannot be mounted"
	ip link set "$(nic_name 31)" up
	ip addr add 192.0.2.15/24 dev "$(nic_name 31)"
	background sh -c 'exec sleep 1000 3</dev/snd/controlC0'
	sleep 0.3
	vm 100 "machine: q35" "hostpci0: $(nvme lab1),pcie=1" "hostpci1: $(nic 31)"
	vm 101 "hostpci0: $(pci 8086:293e)"
	captured 100 101
	ip addr del 192.0.2.15/24 dev "$(nic_name 31)"
	umount /tmp/mnt
}

t_taken() {
	device=$(nvme lab2)
	vm 100 "machine: q35" "hostpci0: $device,pcie=1"
	start 100 "$device=nvme"
	vm 101 "hostpci0: $device"
	captured 100 101
	stop 100
}

disk_of_lab1() {
	for controller in /sys/class/nvme/*; do
		read -r serial <"$controller/serial"
		[ "$serial" != lab1 ] || for disk in "/sys/block/${controller##*/}n"*; do
			echo "/dev/${disk##*/}"
		done
	done | head -n 1
}
