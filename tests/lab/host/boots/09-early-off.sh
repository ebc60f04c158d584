# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A word on the kernel command line turns it off for this boot, as it would be typed in GRUB's menu.
#
#qemu -device intel-iommu,intremap=on,caching-mode=on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01
#qemu -device pcie-root-port,id=rp2,chassis=2 -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:02
#qemu -device pcie-root-port,id=rp3,chassis=3 -drive if=none,id=n1,driver=null-co,size=64M -device nvme,bus=rp3,drive=n1,serial=early
#end shutdown
#seconds 900

t_off_for_this_boot() {
	has_word pve_passthrough.early=0 || fail "booted without the word: $(cat /proc/cmdline)"
	cp -p "$kept/grub.cfg" "$grub_cfg"
	nic=$(cat "$kept/nic") nvme=$(cat "$kept/nvme")
	dmesg | grep -E "pve-passthrough|e1000e|nvme"
	dmesg | grep -q 'pve_passthrough.early=0: no device is held early' || fail "the log does not say so"
	wait_for 20 test -e /dev/nvme0n1 || fail "the NVMe has no node"
	expect "driver of the NIC" e1000e "$(driver "$nic")"
	expect "driver of the NVMe" nvme "$(driver "$nvme")"
	expect "override of the NIC" '(null)' "$(override "$nic")"
	! systemctl --failed --no-legend | grep . || fail "units have failed"
}

t_off_is_said() {
	setup 0 early
	expect_line 'not held early at this boot: pve_passthrough.early=0'
	setup 0 check
	expect_line 'not held early at this boot: pve_passthrough.early=0'
}
