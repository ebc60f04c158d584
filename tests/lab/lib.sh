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

# lab_iommu KIND: what makes the IOMMU that a guest asks for with "#iommu KIND" (on; off: by the command line; none: the
# machine has none; no-remapping: it does not remap interrupts), in a machine of LAB_IOMMU: intel (VT-d, as without it)
# or amd (AMD-Vi). $iommu_qemu are arguments of QEMU, $iommu_words are of the kernel's command line: with AMD's, iommu=pt,
# because an NVMe disk of QEMU 7.2 hangs where that translates for the host's own driver.
lab_iommu() {
	case ${LAB_IOMMU:-intel}-$1 in
	intel-on) iommu_qemu="-device intel-iommu,intremap=on,caching-mode=on" iommu_words=intel_iommu=on ;;
	intel-off) iommu_qemu="-device intel-iommu,intremap=on,caching-mode=on" iommu_words=intel_iommu=off ;;
	intel-no-remapping) iommu_qemu="-device intel-iommu,intremap=off,caching-mode=on" iommu_words=intel_iommu=on ;;
	intel-none) iommu_qemu="" iommu_words=intel_iommu=on ;;
	amd-on) iommu_qemu="-device amd-iommu,intremap=on" iommu_words=iommu=pt ;;
	amd-off) iommu_qemu="-device amd-iommu,intremap=on" iommu_words=amd_iommu=off ;;
	amd-no-remapping) iommu_qemu="-device amd-iommu,intremap=off" iommu_words=iommu=pt ;;
	amd-none) iommu_qemu="" iommu_words="" ;;
	*) die "no machine has this IOMMU: LAB_IOMMU=${LAB_IOMMU:-intel}, #iommu $1" ;;
	esac
	# TCG's qemu64 is an AMD processor, and programs look at that.
	case ${LAB_IOMMU:-intel} in
	intel) iommu_qemu="-cpu qemu64,vendor=GenuineIntel $iommu_qemu" ;;
	esac
}

# lab_seconds SECONDS: so many on this machine: LAB_SLOW times as many.
lab_seconds() {
	case ${LAB_SLOW:-1} in
	*[!0-9]* | 0*) die "LAB_SLOW=$LAB_SLOW: not a whole number from 1 on" ;;
	esac
	say $(($1 * ${LAB_SLOW:-1}))
}

# lab_too_late SECONDS: what to say of a machine that was not done within so many.
lab_too_late() {
	say "not done within $1 s; for a slow machine there is LAB_SLOW=$((${LAB_SLOW:-1} * 3))"
}

# lab_limit GUEST: the seconds that the guest has.
lab_limit() {
	limit=$(lab_header "$1" seconds)
	lab_seconds "${limit:-120}"
}

# lab_boot CODE GUEST KERNEL INITRD [ARGS...]: boots the machine that the file GUEST asks for, with
# more arguments for QEMU, and prints its serial line. What boot exits with is put into the file CODE.
lab_boot() {
	code_file=$1
	guest=$2
	kernel=$3
	initrd=$4
	shift 4
	iommu=$(lab_header "$guest" iommu)
	lab_iommu "$iommu"
	seconds=$(lab_limit "$guest")
	say 0 >"$code_file"
	{
		# shellcheck disable=SC2046,SC2086 # words
		"$lab/boot" -t "$seconds" -a "$iommu_words $(lab_header "$guest" append)" "$kernel" "$initrd" \
			$iommu_qemu $(lab_header "$guest" qemu) "$@" 2>&1 || say $? >"$code_file"
	} | lab_serial
}

# need_space DIRECTORY MB WHAT: stops when so much is not free there. How much is free may be unknown.
need_space() {
	free=$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }') || free=
	[ -n "$free" ] || return 0
	[ "$free" -ge "$2" ] || die "$3 needs $2 MB in $1, where $free MB are free: \
free some, or name another directory with LAB_CACHE=DIRECTORY"
}

# The serial line as it comes, without its carriage returns and QEMU's remark on NICs that are
# connected to nothing, as meant.
lab_serial() {
	sed -u 's/\r$//; /^qemu-system-x86_64: warning: nic .* has no peer$/d'
}
