# shellcheck shell=bash disable=SC2154 # variables of lib
# ^C in the middle of tests: nothing runs on, and nothing stays in /dev/shm and /tmp. As a terminal does it, SIGINT goes
# to the whole process group.

# in_group COMMAND...: in the background, in a process group of its own, that of $group; ^C ends it even where
# whoever runs the tests ignores it.
in_group() {
	set -m
	env --default-signal=INT "$@" >out 2>&1 &
	group=$!
	set +m
}

interrupt() {
	kill -INT -- "-$group"
	wait_until group_is_gone
}

group_is_gone() {
	! kill -0 -- "-$group" 2>/dev/null
}

# What the word stands for in the command lines of processes, but for those that are only to be reaped.
processes_of() {
	local process
	for process in /proc/[0-9]*; do
		! tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -qF -- "$1" || echo "${process#/proc/}"
	done
}

none_of() {
	[ -z "$(processes_of "$1")" ]
}

t_unit_tests_leave_nothing() {
	# A test with a tree, and a daemon, as watchers are.
	cat >test_long <<-'END'
	#!/bin/sh
	mkdir "$TEST_TMP/tree"
	setsid sleep 98765.4321 </dev/null >/dev/null 2>&1 &
	echo "$TEST_TMP" >where
	exec sleep 1000
	END
	chmod +x test_long
	in_group "$top/mk/still-running" unit "$top/tests/summarise" unit ./test_long
	wait_until test -s where
	wait_until test -n "$(processes_of 98765.4321)"
	[ -d "$(cat where)/tree" ] || fail "no tree in $(cat where)"
	interrupt
	[ ! -e "$(cat where)" ] || fail "$(cat where) is still there"
	wait_until none_of 98765.4321
}

# The emulator of a machine that has something else to do than to listen.
fake_qemu() {
	fake qemu-system-x86_64 <<-END
	echo >"$PWD/started"
	exec sleep 98765.1234
	END
}

t_a_machine_of_the_lab_ends() {
	fake_qemu
	mkdir kernel logs
	: >kernel/modules.cpio
	: >base.cpio
	in_group env TMPDIR="$PWD" "$top/tests/lab/run-group" "$PWD/kernel" "$PWD/base.cpio" "$PWD/logs" endpoints
	wait_until test -e started
	interrupt
	wait_until none_of 98765.1234
	expect "temporary directories" "" "$(find . -maxdepth 1 -name 'tmp.*')"
}

t_a_machine_with_a_disk_ends() {
	fake_qemu
	mkdir hand
	in_group env TMPDIR="$PWD" "$top/tests/lab/host/boot-disk" disk hand
	wait_until test -e started
	interrupt
	wait_until none_of 98765.1234
	expect "temporary files" "" "$(find . -maxdepth 1 -name 'tmp.*')"
}

# Without ^C, a machine has its time.
t_a_machine_that_hangs_is_ended() {
	fake_qemu
	mkdir kernel
	: >initrd
	exits 3 "$top/tests/lab/boot" -t 1 kernel initrd
	wait_until none_of 98765.1234
}
