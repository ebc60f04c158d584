# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# For the scenarios and the steps of check-host, after lib.sh: what is said of a capture of this machine, to an ordinary
# user, is what is said here.

# In place of tar, which busybox has not in full: the tree is moved to where it would be unpacked.
fake_tar() {
	mkdir -p /tmp/bin
	cat >/tmp/bin/tar <<-'END'
		#!/bin/sh
		for word; do
			case $word in
			--file=*) : >"${word#*=}" ;;
			--directory=*) mv "${word#*=}" /tmp/replay ;;
			esac
		done
	END
	chmod +x /tmp/bin/tar
	grep -q '^nobody:' /etc/passwd || echo 'nobody:x:65534:65534::/:/bin/sh' >>/etc/passwd
}

# as_user COMMAND...
as_user() {
	program=$(command -v "$1")
	shift
	start-stop-daemon -S -q -n nobody-else -c nobody -a "$program" -- "$@"
}

# capture: of this machine, unpacked in /tmp/replay by an ordinary user.
capture() {
	rm -rf /tmp/replay /tmp/capture.tar.xz
	path=$PATH
	if ! tar --version 2>&1 | grep -q GNU; then
		fake_tar
		path=/tmp/bin:$PATH
	fi
	PATH=$path host-setup capture /tmp/capture.tar.xz --yes >/tmp/capture.out 2>&1 </dev/null ||
		fail "host-setup capture: $(tail -n 3 /tmp/capture.out)"
	if [ -e /tmp/replay ]; then
		chmod 755 /tmp/replay
		chown -R nobody /tmp/replay
	else
		mkdir /tmp/replay
		chown nobody /tmp/replay
		as_user tar -xJf - -C /tmp/replay </tmp/capture.tar.xz || fail "the capture cannot be unpacked"
	fi
	rm /tmp/capture.tar.xz
}

# What of the answers must differ: MACs, IP addresses, UUIDs, serial numbers, words of the kernel that it does not know,
# and VMs' names have stand-ins, and who looks at a capture names it.
plain() {
	sed -E '/kernel was started with|next boot (is|will be) started/d
		s/([0-9a-f]{2}:){5}[0-9a-f]{2}/MAC/g
		s/[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/IP/g
		s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g
		s/(VM [0-9]+) \([^)]*\)/\1/g
		s/^(name +).*/\1NAME/
		s/address [0-9a-f]*:[0-9a-f:]+/address IP/g
		s/word-[0-9]+/WORD/g
		s/(^|[^0-9a-f])[0-9a-f]{16}([^0-9a-f]|$)/\1SERIAL\2/g
		s#(at boot: /(proc|etc/kernel)/cmdline:1: ).*#\1WORDS#
		s/^Commands to be run in that system:/Commands to be run:/
		s|--root /tmp/replay ||g' "$1"
}

# captured VMID...: captures this machine, and compares all answers about it and these VMs; and where there are
# initramfs-tools, what would be done to hold $early_of, addresses, early.
captured() {
	capture
	early=
	[ ! -e /usr/sbin/mkinitramfs ] || early=${early_of-}
	cat >/tmp/answers <<-'END'
		#!/bin/sh
		vmids=$1 early=$2
		shift 2
		answer() {
			echo "\$ $*"
			"$@" $root 2>&1 </dev/null
			echo "exit code $?"
		}
		root=$*
		for json in "" --json; do
			answer host-setup check $json
			answer host-setup groups $json
			for vmid in $vmids; do
				answer pve-passthrough plan $vmid $json
				answer pve-passthrough vm $vmid $json
			done
		done
		for vmid in $vmids; do
			answer pve-passthrough config $vmid
		done
		for address in $early; do
			answer host-setup early $address --dry-run
			answer host-setup early $address --dry-run --json
		done
	END
	chmod 755 /tmp/answers
	/tmp/answers "$*" "$early" >/tmp/live
	as_user /tmp/answers "$*" "$early" --root /tmp/replay >/tmp/replayed
	plain /tmp/live >/tmp/live.plain
	plain /tmp/replayed >/tmp/replayed.plain
	cmp -s /tmp/live.plain /tmp/replayed.plain && return
	diff -U 3 /tmp/live.plain /tmp/replayed.plain
	fail "live and replayed differ: $(diff -U 0 /tmp/live.plain /tmp/replayed.plain | grep '^[-+][^-+]' |
		head -n 20 | tr '\n' '|')"
}

# Of this machine, with a VM that wants all devices of it that are no bridges, as far as it can.
all_captured() {
	set --
	early_of=
	for device in "$devices"/*; do
		read -r class <"$device/class"
		[ "${class#0x06}" = "$class" ] || continue
		early_of="$early_of ${device##*/}"
		[ $# -ge 16 ] || set -- "$@" "hostpci$#: ${device##*/},pcie=1"
	done
	vm 100 "machine: q35" "$@"
	captured 100
	rm /etc/pve/qemu-server/100.conf
}
