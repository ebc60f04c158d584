# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A network card, which has a twin, and an NVMe are to be held early. This boot and the four after it can be run by
# themselves: LAB_HOST_ONLY=early.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:02
#qemu -device pcie-root-port,id=rp3,chassis=3 -drive if=none,id=n1,driver=null-co,size=64M -device nvme,bus=rp3,drive=n1,serial=early
#end shutdown
#seconds 1200

t_enabled_for_early() {
	setup 0 enable -y
	# The package enables it.
	systemctl enable --quiet pve-passthrough-early.service
	files >"$kept/before-early"
}

t_root_disk_refused() {
	cd -P /sys/block/vda/device/.. || fail "the lab has no vda"
	disk=${PWD##*/}
	cd /
	setup 2 early -y "$disk"
	expect_line "refused: the host uses $disk: .*mounted at /"
}

t_bridge_port_refused() {
	nic=$(nic 02)
	mkdir -p /etc/network/interfaces.d
	printf 'iface vmbr0 inet manual\n\tbridge-ports %s\n' "$(nic_name 02)" >/etc/network/interfaces.d/early
	setup 2 early -y "$nic"
	expect_line '/etc/network/interfaces.d/early:2: bridge-ports'
	echo "iface $(nic_name 02) inet manual" >/etc/network/interfaces.d/early
	setup 0 early --dry-run "$nic"
	expect_line "^\\+hold pci:v00008086d000010D3"
	rm /etc/network/interfaces.d/early
	rmdir --ignore-fail-on-non-empty /etc/network/interfaces.d /etc/network
	files >/tmp/after
	same "$kept/before-early" /tmp/after "what was refused left something"
}

t_set_up_early() {
	nic 02 >"$kept/nic"
	nvme early >"$kept/nvme"
	setup 0 early -y "$(cat "$kept/nic")" "$(cat "$kept/nvme")"
	expect_line 'from the next boot on no driver of the host has'
	expect_line 'pve_passthrough.early=0'
	lsinitramfs "/boot/initrd.img-$(uname -r)" >/tmp/list
	grep -E 'vfio-pci|pve-passthrough' /tmp/list
	grep -q scripts/init-top/00-pve-passthrough /tmp/list || fail "the script is not in the initramfs"
	grep -q vfio-pci.ko /tmp/list || fail "vfio-pci is not in the initramfs"
	setup 0 early
	expect_line 'held early from the next boot on'
	setup 0 early --json
	expect_json
	expect "the states" "next-boot next-boot" "$(jq -r '.devices[].state' /tmp/hook.out | xargs)"
	touched >/tmp/before
	setup 0 early -y "$(cat "$kept/nic")"
	expect_line 'nothing to change'
	touched >/tmp/after
	same /tmp/before /tmp/after "doing it again changed something"
}

t_captured_early_set_up() {
	all_captured
}
