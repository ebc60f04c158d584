# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# What "make demo" shows: a network card, taken for VM 100 and given back.
#
#iommu on
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:01

headline() {
	echo
	echo "== $*"
}

show_config() {
	echo "  In /etc/pve/qemu-server/100.conf:"
	grep -E '^(machine|hostpci)' /etc/pve/qemu-server/100.conf | sed 's/^/    /'
}

# A command as one would type it, and what it prints.
shown() {
	echo "\$ $*"
	"$@" 2>&1 </dev/null | sed 's/^/  /'
}

show_hook() {
	echo "\$ /var/lib/vz/snippets/pve-passthrough $1 $2"
	hook "$1" "$2" >/dev/null
	sed 's/^/  /' /tmp/hook.out
	return "$hook_rc"
}

show_driver() {
	name=
	for net in "$devices/$nic/net"/*; do
		[ ! -e "$net" ] || name=" (the host sees it as ${net##*/})"
	done
	echo "  The card $nic is with the driver: $(driver "$nic")$name"
}

demo() {
	modprobe e1000e
	nic=$(nic 01)
	headline "A machine with an IOMMU, Linux $(uname -r), and a network card"
	show_driver

	headline "VM 100 is to have the card, but was created as an i440fx machine"
	vm 100 "hostpci0: $nic"
	show_config
	shown pve-passthrough plan 100
	! hook 100 pre-start >/dev/null || return 1
	echo "  Its start is refused, with exit code $hook_rc, and nothing was touched:"
	show_driver
	[ "$(driver "$nic")" = e1000e ] || return 1

	headline "The same VM as a q35 machine, with a PCIe device"
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1"
	show_config
	shown pve-passthrough plan 100

	headline "qm start 100: before QEMU starts, Proxmox VE runs the hookscript"
	show_hook 100 pre-start || return 1
	show_driver
	[ "$(driver "$nic")" = vfio-pci ] || return 1

	headline "While the VM runs: the card is usable through VFIO, as QEMU uses it"
	vfio-use "$nic" >/tmp/use 2>&1 || { cat /tmp/use; return 1; }
	echo "  A program that opened it reads its ids: $(head -n 1 /tmp/use)"
	shown pve-passthrough status

	headline "qm stop 100: after QEMU has ended, Proxmox VE runs the hookscript again"
	show_hook 100 post-stop || return 1
	[ "$(driver "$nic")" = e1000e ] || return 1
	wait_for 5 test -e "$devices/$nic/net"
	show_driver
	shown pve-passthrough status

	headline "Before a VM gets a card: would it come back? (the VM is not needed for that)"
	shown pve-passthrough test "$nic" --yes
	[ "$(driver "$nic")" = e1000e ] || return 1

	headline "The devices of this machine as a page for a browser"
	shown host-setup groups --html /tmp/page.html
	[ -s /tmp/page.html ] || return 1
	echo "== page"
	gzip -c /tmp/page.html | base64
	echo "== end of page"
}
