# shellcheck shell=sh
# For the steps, inside a tree of Debian (dash): a Proxmox VE node as far as the hook can see, and Proxmox VE's
# way to run it. Sourced by inside/run.

hook=/var/lib/vz/snippets/pve-passthrough
records=/run/pve-passthrough/records
configs=/etc/pve/nodes/lab/qemu-server
device=0000:01:00.0

fail() {
	echo "$*"
	exit 1
}

expect() {
	[ "$2" = "$3" ] || fail "$1: expected '$2', seen '$3'"
}

expect_line() {
	grep -qE -- "$1" "$2" || fail "no line like '$1' in: $(cat "$2")"
}

expect_no_line() {
	! grep -qE -- "$1" "$2" || fail "a line like '$1' in: $(cat "$2")"
}

# A source that fails has nothing to do with what is installed here, or the installation says so.
update_lists() {
	apt-get update -qq || echo "warning: apt-get update failed"
}

# ---- a node ----

# A network card that is on vfio-pci already: the kernel's part in taking it is nothing then, so that plain
# files can be its sysfs. What binding does is for the kernel lab.
put_device() {
	at=/sys/devices/pci0000:00/$device
	driver=/sys/bus/pci/drivers/vfio-pci
	mkdir -p "$at" "$driver" /sys/bus/pci/devices /sys/kernel/iommu_groups/7/devices /sys/class/iommu \
		/sys/devices/virtual/iommu/dmar0 /sys/module/vfio_pci /sys/module/vfio \
		/sys/module/vfio_iommu_type1/parameters /dev/vfio
	echo 0x8086 >"$at/vendor"
	echo 0x10d3 >"$at/device"
	echo 0x8086 >"$at/subsystem_vendor"
	echo 0xa01f >"$at/subsystem_device"
	echo 0x020000 >"$at/class"
	echo '(null)' >"$at/driver_override"
	echo pci:v00008086d000010D3sv00008086sd0000A01Fbc02sc00i00 >"$at/modalias"
	# Vendor, device, ..., header type 0, a capabilities list with PCI Express in it.
	{
		printf '\206\200\323\020\006\000\020\000\000\000\000\002\000\000\000\000'
		head -c 28 /dev/zero
		printf '\206\200\037\240\000\000\000\000\100\000\000\000\000\000\000\000\000\000\000\000'
		printf '\020\000\002\000'
		head -c 188 /dev/zero
	} >"$at/config"
	: >"$at/resource"
	ln -s "../../../kernel/iommu_groups/7" "$at/iommu_group"
	ln -s "../../../bus/pci/drivers/vfio-pci" "$at/driver"
	ln -s "../../../devices/pci0000:00/$device" "/sys/bus/pci/devices/$device"
	ln -s "../../../../devices/pci0000:00/$device" "$driver/$device"
	ln -s "../../../../devices/pci0000:00/$device" "/sys/kernel/iommu_groups/7/devices/$device"
	ln -s ../../../../module/vfio_pci "$driver/module"
	ln -s ../../devices/virtual/iommu/dmar0 /sys/class/iommu/dmar0
	echo Y >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts
	: >/dev/vfio/vfio
}

# put_vm VMID LINE...
put_vm() {
	vm=$1
	shift
	printf '%s\n' "$@" >"$configs/$vm.conf"
}

put_node() {
	mkdir -p "$configs" /var/lib/vz/snippets /run/qemu-server /run/lock/qemu-server
	ln -s nodes/lab /etc/pve/local
	ln -s local/qemu-server /etc/pve/qemu-server
	printf '[Unit]\nDescription=as on Proxmox VE\n[Service]\nExecStart=/bin/true\n' >/usr/lib/systemd/system/qmeventd.service
	echo '#!/bin/sh' >/var/lib/vz/snippets/mine.sh
	put_vm 100 'hookscript: local:snippets/pve-passthrough' 'machine: q35' 'memory: 512'
	put_vm 101 'hookscript: local:snippets/pve-passthrough' 'machine: q35' 'hostpci0: 0000:99:00.0,pcie=1'
	put_vm 102 'hookscript: shared:snippets/pve-passthrough' 'machine: q35' "hostpci0: $device,pcie=1"
	put_vm 103 'hookscript: local:snippets/mine.sh' 'machine: q35'
	put_vm 104 'machine: q35' '' '[before]' 'hookscript: local:snippets/pve-passthrough'
	put_vm 105 'machine: q35' '' '[PENDING]' 'hookscript: local:snippets/pve-passthrough'
	for vm in 100 101 102 103 104 105; do
		: >"/run/lock/qemu-server/lock-$vm.conf" # Proxmox VE never removes them
	done
	put_device
}

# Everything in the tree, so that what is left can be seen: names, types, modes, link targets, and what is in
# /etc. Not what apt, dpkg and ldconfig keep of all that they have ever done.
files() {
	find / -xdev \( -path /proc -o -path /tmp -o -path /lab -o -path /sys -o -path /var/cache -o -path /var/log \
		-o -path /var/lib/apt \) -prune -o -printf '%y %m %p %l\n' |
		grep -vE ' /(var/lib/dpkg/.*-old|var/lib/dpkg/(lock|lock-frontend|triggers/.*)|run/apt.*) $' | sort
	find /etc -xdev -type f ! -name resolv.conf ! -name ld.so.cache -exec md5sum {} + | sort -k 2
}

# ---- Proxmox VE's part ----

# hook CODE VMID PHASE: as Proxmox VE runs it, until both its streams are closed; its output is in /tmp/out.
hook() {
	wanted=$1
	shift
	{
		code=0
		env -i PATH=/sbin:/bin:/usr/sbin:/usr/bin LC_ALL=C "$hook" "$@" </dev/null 2>&1 9>&- || code=$?
		echo "$code" >/tmp/code
	} | cat >/tmp/out
	cat /tmp/out
	expect "exit code of $*" "$wanted" "$(cat /tmp/code)"
}

# The lock that Proxmox VE holds on a VM while it starts or stops it.
lock_vm() {
	exec 9>"/run/lock/qemu-server/lock-$1.conf"
	flock 9
}

start_vm() {
	lock_vm "$1"
	hook 0 "$1" pre-start
	perl -e 'sleep 3600' -- -pidfile "/var/run/qemu-server/$1.pid" </dev/null >/dev/null 2>&1 9>&- &
	echo $! >"/run/qemu-server/$1.pid"
	hook 0 "$1" post-start
	exec 9>&-
}

end_vm() {
	kill "$(cat "/run/qemu-server/$1.pid")"
	while kill -0 "$(cat "/run/qemu-server/$1.pid")" 2>/dev/null && ! ended "$(cat "/run/qemu-server/$1.pid")"; do
		sleep 0.1
	done
	rm "/run/qemu-server/$1.pid"
}

ended() {
	grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

stop_vm() {
	lock_vm "$1"
	hook 0 "$1" pre-stop
	end_vm "$1"
	hook 0 "$1" post-stop
	exec 9>&-
}

taken() {
	[ -n "$(ls -A "$records" 2>/dev/null)" ]
}

# The process that waits for the end of the VM; "" when there is none.
watcher_of() {
	for process in /proc/[0-9]*; do
		[ "$(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)" = "pve-passthrough watch $1 " ] || continue
		echo "${process#/proc/}"
		return
	done
}

wait_until() {
	n=0
	while ! "$@"; do
		n=$((n + 1))
		[ $n -lt 600 ] || fail "not within a minute: $*"
		sleep 0.1
	done
}

nothing_taken() {
	! taken
}
