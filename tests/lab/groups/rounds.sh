# shellcheck shell=sh disable=SC2154,SC2034 # variables of lib.sh
# Rounds of four VMs that share eight devices, at once and at random. LAB_SEED=N draws others, LAB_ROUNDS=N so many.
#
#once
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1 -device nvme,bus=rp1,serial=lab1
#qemu -device pcie-root-port,id=rp2,chassis=2 -device nvme,bus=rp2,serial=lab2
#qemu -device pcie-root-port,id=rp3,chassis=3 -device nvme,bus=rp3,serial=lab3
#qemu -device pcie-root-port,id=rp4,chassis=4 -device nvme,bus=rp4,serial=lab4
#qemu -device pcie-root-port,id=rp5,chassis=5
#qemu -device bochs-display,bus=rp5,addr=0.0,multifunction=on -device intel-hda,bus=rp5,addr=0.1,id=sound
#qemu -audiodev none,id=audio -device hda-duplex,bus=sound.0,audiodev=audio
#qemu -device pcie-root-port,id=rp6,chassis=6 -device pcie-pci-bridge,id=br1,bus=rp6
#qemu -device e1000,bus=br1,addr=1,romfile= -device edu,bus=br1,addr=2
#seconds 400

prepare() {
	for module in nvme bochs e1000 vfio_pci vfio_iommu_type1; do
		modprobe "$module"
	done
	# Under QEMU's AMD IOMMU its codec cannot be read by DMA. The driver then keeps one of its 32
	# card numbers at each probe, and refuses all later ones (azx_probe(), sound/pci/hda).
	modprobe snd_hda_intel single_cmd=1
	wait_for 10 test -e /sys/class/nvme/nvme3/serial
	wait_for 10 sound_there
}

t_random_rounds() {
	printf 'pcie = "off";\ndeadline = 20;\n' >"$settings"
	read -r seed </lab/seed
	read -r n </lab/rounds
	before=$(machine)
	rounds "$seed" "$n" "$(nvme lab1)" "$(nvme lab2)" "$(nvme lab3)" "$(nvme lab4)" \
		"$(pci 1234:1111)" "$(pci 8086:2668)" "$(pci 8086:100e)" "$(pci 1234:11e8)" >/tmp/rounds 2>&1
	rc=$?
	cat /tmp/rounds
	expect "what did not hold" "" "$(grep -v '^# ' /tmp/rounds | head -n 3 | tr '\n' '/')"
	expect "exit code of rounds" 0 $rc
	rm -f "$records"/*.reboot
	expect_machine "$before"
}

# What is said of a capture is what is said here.
t_captured_rounds() { # more
	all_captured
}
