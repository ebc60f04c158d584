# shellcheck shell=sh
# What the lab's scripts on this machine share: messages, where things are, and the one check that
# keeps them off a Proxmox VE node. Sourced, after the caller has set $lab to its own folder.

: "${lab:?set by the caller}"
PATH=$PATH:/usr/sbin:/sbin
lab_top=$(cd "$lab/../.." && pwd)
lab_cache=${LAB_CACHE:-$lab_top/.cache}
export PATH lab_top lab_cache

say() {
	printf '%s\n' "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

package_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Debian's QEMU and Proxmox VE's cannot be installed together: apt would solve that by removing
# Proxmox VE. The tests would not be at their place on a host with VMs either.
refuse_on_proxmox() {
	for package in pve-qemu-kvm pve-manager; do
		package_installed "$package" || continue
		cat >&2 <<-END
		${0##*/}: this is a Proxmox VE machine ($package is installed): stopped, nothing changed.

		The kernel lab needs Debian's QEMU (qemu-system-x86), which conflicts with pve-qemu-kvm:
		apt would remove Proxmox VE to install it. Run this on another Debian 12 or 13 machine,
		or in a Debian VM or container on this one.
		END
		exit 1
	done
}

# Stops early, with the cure, instead of somewhere in the middle with "not found".
require_commands() {
	for command in "$@"; do
		command -v "$command" >/dev/null ||
			die "$command is missing; install what the lab needs with: make deps-lab"
	done
}

# lab_header FILE KEY: the words of the lines "#KEY WORDS" in a file of the guest, which say what
# machine it needs.
lab_header() {
	sed -n "s/^#$2 //p" "$1"
}

# lab_pack KERNEL BASE PART: an initramfs of the kernel's modules, what all boots share, and the folder
# PART, which is one boot's own.
lab_pack() {
	(cd "$3" && find . | cpio -o -H newc -R 0:0 --quiet) | cat "$1/modules.cpio" "$2" -
}

# lab_boot CODE GUEST KERNEL INITRD [ARGS...]: boots the machine that the file GUEST asks for, with
# more arguments for QEMU, and prints its serial line. What boot exits with is put into the file CODE.
lab_boot() {
	code_file=$1
	guest=$2
	kernel=$3
	initrd=$4
	shift 4
	limit=$(lab_header "$guest" seconds)
	say 0 >"$code_file"
	{
		# shellcheck disable=SC2046 # words
		"$lab/boot" -t "${limit:-120}" -a "$(lab_header "$guest" append)" "$kernel" "$initrd" \
			$(lab_header "$guest" qemu) "$@" 2>&1 || say $? >"$code_file"
	} | lab_serial
}

# The serial line as it comes, without its carriage returns and QEMU's remark on NICs that are
# connected to nothing, as meant.
lab_serial() {
	sed -u 's/\r$//; /^qemu-system-x86_64: warning: nic .* has no peer$/d'
}
