# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# After --remove and a boot: as it was.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:02
#qemu -device pcie-root-port,id=rp3,chassis=3 -drive if=none,id=n1,driver=null-co,size=64M -device nvme,bus=rp3,drive=n1,serial=early
#end shutdown
#seconds 600

t_all_are_on_their_drivers() {
	wait_for 20 test -e /dev/nvme0n1 || fail "the NVMe has no node"
	expect "driver of the NIC" e1000e "$(driver "$(cat "$kept/nic")")"
	expect "driver of the NVMe" nvme "$(driver "$(cat "$kept/nvme")")"
	expect "override of the NIC" '(null)' "$(override "$(cat "$kept/nic")")"
	! dmesg | grep 'pve-passthrough: ' || fail "something still runs"
	! systemctl --failed --no-legend | grep . || fail "units have failed"
	setup 0 early
	expect_line 'no device is held early'
	systemctl disable --quiet pve-passthrough-early.service
}
