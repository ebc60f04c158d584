# shellcheck shell=sh disable=SC2154 # variables of guest/lib.sh
# For the steps, inside the guest (dash), after tests/lab/guest/lib.sh.

# What one boot leaves for the next; nobody else looks there.
kept=/var/lib/lab
grub_cfg=/boot/grub/grub.cfg

nic_there() {
	[ -n "$(nic_name 01 2>/dev/null)" ]
}

pf_there() {
	[ -n "$(nvme lab1 2>/dev/null)" ]
}

# The network card that is to be passed through is there when udev has loaded its driver.
prepare() {
	[ ! -e /lab/nic ] || wait_for 60 nic_there
}

# setup CODE ARGS...: runs host-setup, whose exit code must be CODE. The output is in /tmp/hook.out.
setup() {
	wanted=$1
	shift
	began=$(now)
	# shellcheck disable=SC2086 # a command and its arguments
	${killer-} host-setup "$@" >/tmp/hook.out 2>&1 </dev/null
	hook_rc=$?
	echo "\$ ${killer:+$killer }host-setup $*   (exit code $hook_rc, $((($(now) - began) / 100)) s)"
	cat /tmp/hook.out
	[ "$hook_rc" = "$wanted" ] ||
		fail "host-setup $*: expected exit code $wanted, seen $hook_rc: $(tail -n 1 /tmp/hook.out)"
}

# A file like this is not empty.
filled() {
	for file in $1; do
		[ ! -s "$file" ] || return 0
	done
	return 1
}

# kill_when PATTERN ARGS...: runs host-setup and kills it, and all that it has started, as soon as
# there is something in a file like this. (killat would have to look at each write of
# update-initramfs, which takes minutes here.)
kill_when() {
	pattern=$1
	shift
	setsid host-setup "$@" >/tmp/hook.out 2>&1 </dev/null &
	pid=$!
	while ! filled "$pattern"; do
		[ -d /proc/$pid ] || fail "host-setup $*: it ended before $pattern was there"
		sleep 0.05
	done
	kill -9 -$pid
	ls -l "${pattern%/*}"
	wait $pid
	hook_rc=$?
	echo "\$ host-setup $*   (killed when there was $pattern, exit code $hook_rc)"
	cat /tmp/hook.out
	expect "exit code of host-setup $*" 137 $hook_rc
}

# The last output has a line like this (grep -iE).
expect_line() {
	grep -qiE -- "$1" /tmp/hook.out ||
		fail "expected a line like '$1', seen: $(tail -n 3 /tmp/hook.out | tr '\n' '/')"
}

expect_json() {
	jq -e . /tmp/hook.out >/tmp/json.out 2>&1 ||
		fail "no JSON: $(head -n 1 /tmp/json.out)"
}

# ---- files

# What host-setup keeps below /var/lib; what the hookscript remembers of the devices there is not its.
setup_state() {
	find /var/lib/pve-passthrough -mindepth 1 \( -name returns -o -name starts -o -name vm \) -prune \
		-o "$@" 2>/dev/null
}

# Everything that enable and disable may change, by content, mode and owner.
files() {
	{
		find /etc /boot/grub -type f -print0 2>/dev/null
		setup_state -type f -print0
	} | xargs -0 sha256sum | sort -k 2
	{
		find /etc /boot/grub -printf '%p %M %U:%G %l\n' 2>/dev/null
		setup_state -printf '%p %M %U:%G %l\n'
	} | sort
}

# The same with the times and inodes of files and folders: what was written at all.
touched() {
	files
	{
		find /etc /boot -printf '%p %i %T@ %C@\n' 2>/dev/null
		setup_state -printf '%p %i %T@ %C@\n'
	} | sort
}

# same FILE1 FILE2 WHAT
same() {
	cmp -s "$1" "$2" && return
	diff "$1" "$2" | grep '^[<>]' | head -n 20
	fail "$3: $(diff "$1" "$2" | grep '^[<>]' | head -n 1)"
}

# ---- the kernel's words

has_word() {
	case " $(cat /proc/cmdline) " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

expect_words() {
	for word in intel_iommu=on iommu=pt; do
		has_word $word || fail "expected $word in /proc/cmdline, seen: $(cat /proc/cmdline)"
	done
}

expect_no_words() {
	for word in intel_iommu=on iommu=pt; do
		! has_word $word || fail "expected no $word in /proc/cmdline, seen: $(cat /proc/cmdline)"
	done
}

# What our package leaves below these folders, and what was kept of it in a folder.
our_files() {
	find /etc/default/grub.d /etc/modules-load.d /etc/modprobe.d -name '*pve-passthrough*' | sort
}

# Each file that enable writes is there as a whole or not at all, and so is grub.cfg.
expect_nothing_torn() {
	our_files | while read -r path; do
		case ${path##*/} in
		.*) continue ;; # left over beside the file: nobody reads it
		esac
		cmp -s "$path" "$kept/new$path" || fail "$path is neither as it was nor as it was to be"
	done
	[ ! -s /tmp/why ] || exit 1
	cmp -s "$grub_cfg" "$kept/old$grub_cfg" || cmp -s "$grub_cfg" "$kept/new$grub_cfg" ||
		fail "$grub_cfg is neither the old nor the new one"
}

# Either both words or none.
expect_old_or_new_words() {
	if has_word iommu=pt; then
		expect_words
	else
		expect_no_words
	fi
}

# ---- a change that is to be confirmed

# In place of two programs: making every initramfs takes minutes here, and fails when it is to; and the boot's steps are to
# be over before the reboot that is asked for.
stand_ins() {
	cat >/usr/local/sbin/update-initramfs <<-END
	#!/bin/sh
	touch /boot/initrd.img-*
	[ ! -e $kept/fail ]
	END
	cat >/usr/local/sbin/systemctl <<-'END'
	#!/bin/sh
	if [ "$1" = reboot ]; then
		: >/run/lab.asked
		while [ ! -e /run/lab.go ]; do sleep 1; done
	fi
	exec /usr/bin/systemctl "$@"
	END
	chmod 755 /usr/local/sbin/update-initramfs /usr/local/sbin/systemctl
}

no_stand_ins() {
	rm /usr/local/sbin/update-initramfs /usr/local/sbin/systemctl
}
