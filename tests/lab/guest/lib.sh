# shellcheck shell=sh
# For the scenarios, inside the guest (busybox sh). A scenario is a function t_NAME, run in a
# subshell; it ends at the first assertion that fails. It finds its devices by what they are, never
# by address: the firmwares number buses differently.

records=/run/pve-passthrough/records
settings=/etc/pve-passthrough.conf
snippet=/var/lib/vz/snippets/pve-passthrough
devices=/sys/bus/pci/devices
# LAB_SLOW, with which limits of time are multiplied; and LAB_IOMMU, for the scenarios.
slow=1
[ ! -e /lab/slow ] || read -r slow </lab/slow
# shellcheck disable=SC2034 # of the scenarios
iommu=intel
# shellcheck disable=SC2034 # of the scenarios
[ ! -e /lab/iommu ] || read -r iommu </lab/iommu

# ---- results

# The scenario has failed: what was expected, what was seen.
fail() {
	echo "${step:+$step: }$*" >>/tmp/why
	exit 1
}

# What the scenario is about is not to be had here.
skip() {
	echo "$*" >/tmp/skipped
	exit 0
}

# Said before a part of the scenario, for the message when that part fails.
step() {
	step=$*
	echo "--- $*"
}

# ---- the machine

driver() {
	if cd -P "$devices/$1/driver" 2>/dev/null; then
		echo "${PWD##*/}"
	else
		echo none
	fi
	cd /
}

override() {
	read -r value <"$devices/$1/driver_override"
	echo "$value"
}

# Every PCI device with its driver and override, and every record: what must be the same again.
# One process, for this is done often and processes are slow here.
machine() (
	for device in "$devices"/*; do
		override=
		read -r override <"$device/driver_override"
		driver=none
		cd -P "$device/driver" 2>/dev/null && driver=${PWD##*/}
		echo "${device##*/} driver $driver override $override"
	done
	for record in "$records"/*; do
		[ ! -e "$record" ] || echo "${record##*/} record"
	done
)

# What changed between two outputs of machine, on one line.
changes() {
	printf '%s\n' "$1" >/tmp/machine.before
	printf '%s\n' "$2" >/tmp/machine.after
	diff -U 0 /tmp/machine.before /tmp/machine.after | grep '^[-+][^-+]' | tr '\n' ' '
}

# ---- finding devices

# pci VENDOR:DEVICE [N]: the Nth device with that id.
pci() {
	for device in "$devices"/*; do
		read -r vendor <"$device/vendor"
		read -r id <"$device/device"
		[ "${vendor#0x}:${id#0x}" = "$1" ] && echo "${device##*/}"
	done | sed -n "${2:-1}p" | grep . || fail "the lab has no device $1"
}

# The network device with this last byte in its MAC address.
nic() {
	name=$(nic_name "$1")
	cd -P "/sys/class/net/$name/device" || fail "the lab has no NIC $1"
	echo "${PWD##*/}"
	cd /
}

nic_name() {
	for device in /sys/class/net/*; do
		read -r address <"$device/address"
		[ "$address" = "52:54:00:00:00:$1" ] && echo "${device##*/}"
	done
}

# The controller of the NVMe disk with this serial number.
nvme() {
	for device in /sys/class/nvme/*; do
		[ -e "$device/serial" ] || continue
		read -r serial <"$device/serial"
		if [ "$serial" = "$1" ]; then
			cd -P "$device/device" && echo "${PWD##*/}"
			cd /
		fi
	done
}

group_of() {
	cd -P "$devices/$1/iommu_group" || fail "$1 has no IOMMU group"
	echo "${PWD##*/}"
	cd /
}

# The upstream bridge.
above() {
	cd -P "$devices/$1/.." && echo "${PWD##*/}"
	cd /
}

id_of() {
	read -r vendor <"$devices/$1/vendor"
	read -r id <"$devices/$1/device"
	echo "${vendor#0x}:${id#0x}"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	tries=$(($1 * 10 * slow))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.1
	done
}

sound_there() {
	ls /dev/snd/controlC* >/dev/null 2>&1
}

sound_gone() {
	! sound_there
}
# ---- the VM and its hook

# vm VMID LINE...: writes the VM's configuration, with these lines among what a VM usually has.
vm() {
	vmid=$1
	shift
	{
		echo "#a VM of the lab"
		echo "boot: order=scsi0"
		echo "cores: 2"
		echo "hookscript: local:snippets/pve-passthrough"
		echo "memory: 32"
		for line in "$@"; do
			echo "$line"
		done
		echo "name: lab$vmid"
		echo "scsi0: local-lvm:vm-$vmid-disk-0,size=8G"
	} >"/etc/pve/qemu-server/$vmid.conf"
}

now() {
	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}"
}

# hook VMID PHASE: as Proxmox VE runs it: no input, its environment, with the VM's configuration
# locked by the caller, and waiting for the end of its output (a child that keeps that open would
# block the start). After a pre-start that took devices, and still with the lock, there is a process
# that is taken for the VM's QEMU (none, when start_fails is set: the start has failed later); before
# a post-stop it is ended. What $killer holds is put before the hook, and what $hook_env holds into its environment. The output is in /tmp/hook.out.
hook() {
	(
		[ -n "${locked-}" ] || flock 9
		[ "$2" != post-stop ] || end_vm "$1"
		begin=$(now)
		cd /
		# shellcheck disable=SC2086 # a command and its arguments
		{
			env -i PATH=/sbin:/bin:/usr/sbin:/usr/bin LC_ALL=C ${hook_env-} \
				${killer-} "$snippet" "$1" "$2" </dev/null 2>&1 8>&- 9>&-
			echo $? >/tmp/hook.rc
		} | cat >/tmp/hook.out
		echo $(($(now) - begin)) >/tmp/hook.time
		read -r hook_rc </tmp/hook.rc
		if [ "$2 $hook_rc ${start_fails-}" = "pre-start 0 " ] && records_of "$1"; then
			play_vm "$1"
		fi
	) 9>"/var/lock/qemu-server/lock-$1.conf"
	read -r hook_time </tmp/hook.time
	read -r hook_rc </tmp/hook.rc
	echo "\$ ${killer:+$killer }pve-passthrough $1 $2   (exit code $hook_rc, ${hook_time}0 ms)"
	cat /tmp/hook.out
	return "$hook_rc"
}

# Like hook, and the exit code must be 0.
# lock VMID, unlock: as Proxmox VE has the VM's configuration locked from before pre-start until after post-start.
lock() {
	exec 8>"/var/lock/qemu-server/lock-$1.conf"
	flock 8
	locked=yes
}

unlock() {
	flock -u 8
	exec 8>&-
	locked=
}

hook_ok() {
	hook "$@" && return
	fail "$1 $2: expected exit code 0, seen $hook_rc: $(tail -n 1 /tmp/hook.out)"
}

# hook_exits CODE VMID PHASE; CODE may be a pattern.
hook_exits() {
	wanted=$1
	shift
	hook "$@"
	# shellcheck disable=SC2254 # a pattern
	case $hook_rc in
	$wanted) ;;
	*) fail "$1 $2: expected exit code $wanted, seen $hook_rc: $(tail -n 1 /tmp/hook.out)" ;;
	esac
}

# run PROGRAM ARGUMENTS...: as a person without a terminal; its output is in /tmp/hook.out.
run() {
	"$@" >/tmp/hook.out 2>&1 </dev/null
	hook_rc=$?
	echo "\$ $*   (exit code $hook_rc)"
	cat /tmp/hook.out
	return $hook_rc
}

# run_exits CODE PROGRAM ARGUMENTS...
run_exits() {
	wanted=$1
	shift
	run "$@"
	[ "$hook_rc" = "$wanted" ] ||
		fail "$*: expected exit code $wanted, seen $hook_rc: $(tail -n 1 /tmp/hook.out)"
}

# verb ARGUMENTS..., verb_exits CODE ARGUMENTS...: pve-passthrough.
verb() {
	run pve-passthrough "$@"
}

verb_exits() {
	wanted=$1
	shift
	run_exits "$wanted" pve-passthrough "$@"
}

# The output of the last hook or verb has this text in it.
expect_said() {
	grep -qF -- "$1" /tmp/hook.out ||
		fail "expected to be told '$1', seen: $(tail -n 3 /tmp/hook.out | tr '\n' '/')"
}

expect_last_line() {
	last=$(tail -n 1 /tmp/hook.out)
	last=${last#pve-passthrough: }
	[ "$last" = "$1" ] || fail "last line: expected '$1', seen '$last'"
}

# check_host CODE: `host-setup check --json`, for check_item; CODE may be a pattern.
check_host() {
	host-setup check --json >/tmp/hook.out 2>&1 </dev/null
	hook_rc=$?
	cat /tmp/hook.out
	# shellcheck disable=SC2254 # a pattern
	case $hook_rc in
	$1) ;;
	*) fail "host-setup check: expected exit code $1, seen $hook_rc" ;;
	esac
}

# check_item NAME STATUS: each item of this name has this status.
check_item() {
	expect "$1 of host-setup check" "$2" \
		"$(tr -d '\n\t ' </tmp/hook.out | sed 's/{/\n{/g' | sed -n 's/.*"name":"'"$1"'","status":"\([a-z]*\)".*/\1/p' | sort -u)"
}

# ---- host-setup sriov

# As systemctl(1) enables and disables a unit, which is all that host-setup asks of it.
fake_systemctl() {
	cat >/bin/systemctl <<'EOF'
#!/bin/sh
wants=/etc/systemd/system/multi-user.target.wants
case $1 in
enable) mkdir -p $wants && ln -sf /usr/lib/systemd/system/$2 $wants/$2 ;;
disable) rm -f $wants/$2 && rmdir -p $wants 2>/dev/null || true ;;
esac
EOF
	chmod 755 /bin/systemctl
}

# setup ARGUMENTS..., setup_exits CODE ARGUMENTS...: host-setup.
setup() {
	run host-setup "$@"
}

setup_exits() {
	wanted=$1
	shift
	run_exits "$wanted" host-setup "$@"
}

vfs_of() {
	find "$devices/$1/" -maxdepth 1 -name "virtfn*" | wc -l
}

# All that it writes: files below /etc, the VFs, and whether the kernel looks for drivers for them.
sriov_state() {
	find /etc ! -path "/etc/pve/*" ! -path "/etc/systemd*" | sort
	ls /etc/systemd/system/*.wants 2>/dev/null
	cat /etc/pve-passthrough.d/* 2>/dev/null
	vfs_of "$1"
	cat "$devices/$1/sriov_drivers_autoprobe"
}

# ---- assertions

expect() {
	[ "$2" = "$3" ] || fail "$1: expected ${2:-nothing}, seen ${3:-nothing}"
}

expect_driver() {
	expect "driver of $1" "$2" "$(driver "$1")"
}

expect_override() {
	expect "driver_override of $1" "$2" "$(override "$1")"
}

# record_of BDF KEY: a value in the record, "none" where it is empty or not there.
record_of() {
	value=$(sed -n 's/^[[:blank:]]*'"$2"'[[:blank:]]*=[[:blank:]]*"\{0,1\}\([^";]*\).*/\1/p' \
		"$records/$1" | head -n 1)
	echo "${value:-none}"
}

# in_time WHAT LIMIT TIME: this took so long, and no longer than that; both in hundredths of a second.
in_time() {
	[ "$3" -le $(($2 * slow)) ] ||
		fail "$1: expected at most $(($2 * slow))0 ms, seen ${3}0 ms; for a slow machine there is LAB_SLOW=$((slow * 3))"
}

# expect_taken VMID BDF DRIVER: taken for this VM, to return to this driver.
expect_taken() {
	expect_driver "$2" vfio-pci
	[ "$3" = vfio-pci ] || expect_override "$2" vfio-pci
	[ -f "$records/$2" ] || fail "record of $2: expected a file, seen none"
	expect "mode of the record of $2" 600 "$(stat -c %a "$records/$2")"
	expect "mode of $records" 700 "$(stat -c %a "$records")"
	expect "VM in the record of $2" "$1" "$(record_of "$2" vmid)"
	expect "driver in the record of $2" "$3" "$(record_of "$2" driver)"
}

# Not taken, with this driver.
expect_free() {
	expect_driver "$1" "$2"
	[ ! -e "$records/$1" ] || fail "record of $1: expected none, seen one"
}

# Everything is as in this earlier output of machine.
expect_machine() {
	seen=$(machine)
	[ "$seen" = "$1" ] || fail "expected the machine as before, seen: $(changes "$1" "$seen")"
}

# expect_only BEFORE BDF...: nothing but these devices and their records has changed.
expect_only() {
	machine_before=$1
	shift
	pattern=$(echo "$*" | tr ' ' '|')
	was=$(echo "$machine_before" | grep -vE "^($pattern) ")
	is=$(machine | grep -vE "^($pattern) ")
	[ "$was" = "$is" ] || fail "expected only $* to change, seen: $(changes "$was" "$is")"
}

# start VMID BDF=DRIVER...: a successful pre-start that takes these devices, and only these.
start() {
	vmid=$1
	shift
	step "start of $vmid"
	before_start=$(machine)
	bdfs=
	for pair in "$@"; do
		expect_free "${pair%=*}" "${pair#*=}"
		bdfs="$bdfs ${pair%=*}"
	done
	hook_ok "$vmid" pre-start
	for pair in "$@"; do
		expect_taken "$vmid" "${pair%=*}" "${pair#*=}"
	done
	# shellcheck disable=SC2086 # a list
	expect_only "$before_start" $bdfs
}

# stop VMID: a successful post-stop after which the machine is as it was before the start.
stop() {
	step "stop of $1"
	hook_ok "$1" post-stop
	expect_machine "$before_start"
}

# refused VMID TEXT...: a pre-start that is refused, says these texts, and touches nothing.
refused() {
	vmid=$1
	shift
	before_refusal=$(machine)
	hook_exits 2 "$vmid" pre-start
	for text in "$@"; do
		expect_said "$text"
	done
	expect_machine "$before_refusal"
}

# ---- processes that play a part

# Started in the background, and ended with the scenario.
background() {
	"$@" >/tmp/background.out 2>&1 9>&- &
	echo $! >>/tmp/background.pids
}

# Whether a device is recorded as taken for the VM.
records_of() {
	grep -qs "^vmid = $1;" "$records"/*
}

# play_vm VMID: a process that Proxmox VE would take for the VM's QEMU, with what $vm_args holds in its command line. It
# sleeps until it is killed.
play_vm() {
	pid_file=/var/run/qemu-server/$1.pid
	[ ! -e "$pid_file" ] || end_vm "$1"
	# shellcheck disable=SC2016 # of that shell
	# shellcheck disable=SC2086 # words
	background sh -c 'kill -STOP $$' kvm -id "$1" -pidfile "$pid_file" -daemonize ${vm_args-}
	pid=$(tail -n 1 /tmp/background.pids)
	until grep -q pidfile "/proc/$pid/cmdline"; do
		sleep 0.05
	done
	echo "$pid" >"$pid_file"
}

# end_vm VMID: its QEMU is killed; whoever should hear of that has to find out.
end_vm() {
	pid_file=/var/run/qemu-server/$1.pid
	[ -e "$pid_file" ] || return 0
	read -r pid <"$pid_file"
	kill -9 "$pid" 2>/dev/null
	while ! grep -qs '^State:.Z' "/proc/$pid/status" && [ -e "/proc/$pid" ]; do
		sleep 0.05
	done
	rm -f "$pid_file"
}

# The watchers of all VMs, or of one.
watchers() {
	ps -o pid,args | sed -n "s/^ *\([0-9]*\) pve-passthrough watch ${1-}.*/\1/p" | grep .
}

no_watchers() {
	! watchers "$@" >/dev/null
}

kill_watchers() {
	watchers "$@" | xargs -r kill -9
	wait_for 5 no_watchers "$@" || fail "the lab: a watcher survives kill -9"
}

is_machine() {
	[ "$(machine)" = "$1" ]
}

# back_within SECONDS BEFORE: without a post-stop, everything is as it was before; $back_after says
# after how many hundredths of a second.
# shellcheck disable=SC2034 # of the scenarios
back_within() {
	begun_waiting=$(now)
	until [ -z "$(ls "$records")" ]; do
		[ $(($(now) - begun_waiting)) -lt $(($1 * 100 * slow)) ] || break
	done
	back_after=$(($(now) - begun_waiting))
	expect_machine "$2"
}

# hold BDF: something that has the group open, as a QEMU that still lives.
hold() {
	background vfio-use -k "$1"
	wait_for 10 grep -q holding /tmp/background.out ||
		fail "vfio-use -k $1: expected it to hold the group, seen: $(cat /tmp/background.out)"
}

end_background() {
	[ -e /tmp/background.pids ] || return 0
	# shellcheck disable=SC2046 # a list
	kill -9 $(cat /tmp/background.pids) 2>/dev/null
	while read -r pid; do
		while kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status"; do
			sleep 0.1
		done
	done </tmp/background.pids
	rm -f /tmp/background.pids
}

# ---- running

# What a scenario may have made outside of the devices.
tidy() {
	end_background
	rm -f /var/run/qemu-server/*.pid /var/run/qemu-server/*.reboot
	# What a VM had goes back now, to be seen; a watcher that does not end has nothing to do.
	wait_for 10 no_watchers || echo "at its end: expected no watchers, seen: $(watchers | tr '\n' ' ')" >>/tmp/why
	watchers | xargs -r kill -9
	rm -rf "$settings" /run/udev /run/systemd /dev/log /var/run/qemu-server/*.pid /etc/pve/nodes/*/qemu-server/*
}

# By hand, without the program, so that one failure is not the failure of all that follow.
recover() {
	echo "$1" | while read -r bdf word wanted _ original; do
		[ "$word" = driver ] || continue
		if [ "$(driver "$bdf")" != "$wanted" ]; then
			[ "$(driver "$bdf")" = none ] || echo "$bdf" >"$devices/$bdf/driver/unbind"
			if [ "$wanted" != none ]; then
				echo "$wanted" >"$devices/$bdf/driver_override"
				echo "$bdf" >/sys/bus/pci/drivers_probe
			fi
		fi
		[ "$original" != "(null)" ] || original=
		echo "$original" >"$devices/$bdf/driver_override"
	done
	rm -rf /run/pve-passthrough
}

run_scenario() {
	pristine=$(machine)
	rm -f /tmp/why /tmp/skipped
	log_end=$(dmesg | tail -n 1)
	begun=$(now)
	("t_$1") >/tmp/scenario.out 2>&1
	rc=$?
	tidy
	took=$(($(now) - begun))
	# A mistake in the lab itself, which an assertion could take for what it expects.
	grep '^/init: ' /tmp/scenario.out | sed 's/^/the lab: /' >>/tmp/why
	if [ $rc = 0 ] && [ ! -s /tmp/why ]; then
		left=$(machine)
		[ "$left" = "$pristine" ] ||
			echo "at its end: expected the machine as before, seen: $(changes "$pristine" "$left")" \
				>/tmp/why
	elif [ ! -s /tmp/why ]; then
		echo "expected exit code 0, seen $rc" >/tmp/why
	fi

	grep '^# ' /tmp/scenario.out
	if [ ! -s /tmp/why ] && [ -s /tmp/skipped ]; then
		echo "skipped $1: $(cat /tmp/skipped)"
		return 0
	fi
	if [ ! -s /tmp/why ]; then
		echo "ok $1 (${took}0 ms)"
		return 0
	fi
	# One line says it; what led there follows.
	echo "not ok $1: $(head -n 1 /tmp/why)"
	sed 's/^/    /' /tmp/scenario.out
	dmesg | awk -v end="$log_end" 'seen { print }; $0 == end { seen = 1 }' | tail -n 15 | sed 's/^/    kernel: /'
	recover "$pristine"
	return 1
}
