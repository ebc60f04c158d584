# shellcheck shell=bash disable=SC2154 # variables of lib
# The lab's scripts where something is missing, full or slow. No machine is started, and no network is asked.

unset LAB_SLOW LAB_IOMMU LAB_MORE LAB_SEEDS LAB_GROUPS LAB_ONLY LAB_SUITES LAB_SEED LAB_ROUNDS LAB_ONCE LAB_AGAIN LAB_REQUIRED LAB_KEEP

# free MB: what df says of every directory. apt's programs only tell that they were asked.
free() {
	local kib=$(($1 * 1024))
	fake df <<-END
	echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
	echo '/dev/sda1 100000000 1 $kib 99% /'
	END
}

fake_fetching() {
	local name
	for name in apt-get apt-cache apt-config; do
		fake $name <<<"echo $name >>$PWD/asked; exit 100"
	done
	for name in depmod modprobe xz zstd dpkg; do
		fake $name <<<'exit 0'
	done
	: >asked
	export LAB_CACHE=$PWD/cache
}

t_a_full_disk_is_said_before_a_kernel_is_fetched() {
	fake_fetching
	free 599
	exits 1 "$top/tests/lab/fetch-kernel" trixie
	expect_line "^fetch-kernel: .* needs 600 MB in $PWD/cache, where 599 MB are free: .*LAB_CACHE=" out
	expect "what was asked" "" "$(cat asked)"
	expect "what is in the cache" "" "$(ls cache)"
}

t_a_disk_with_space_is_no_obstacle() {
	fake_fetching
	free 600
	exits 3 "$top/tests/lab/fetch-kernel" trixie
	expect_no_line "MB are free" out
	grep -q apt-get asked || fail "apt-get was not asked"
}

# Unknown is not full.
t_a_disk_of_unknown_size_is_no_obstacle() {
	fake_fetching
	fake df <<<'exit 1'
	exits 3 "$top/tests/lab/fetch-kernel" trixie
	expect_no_line "MB are free" out
}

t_a_full_disk_and_a_kernel_that_is_there() {
	fake_fetching
	free 1
	local folder
	folder=$LAB_CACHE/kernel-trixie-$(cksum <"$top/tests/lab/modules" | cut -d ' ' -f 1)
	mkdir -p "$folder"
	: >"$folder/modules.cpio"
	exits 0 "$top/tests/lab/fetch-kernel" trixie
	expect "what it says" "$folder" "$(cat out)"
}

t_a_full_disk_is_said_before_qemu_is_fetched() {
	fake_fetching
	free 100
	fake qemu-system-x86_64 <<<'exit 1'
	exits 1 "$top/tests/lab/fetch-qemu" igb
	expect_line "^fetch-qemu: .* needs [0-9]* MB in $PWD/cache, where 100 MB are free" out
	expect "what was asked" "" "$(cat asked)"
}

t_the_qemu_of_this_machine_will_do() {
	fake_fetching
	fake qemu-system-x86_64 <<<'echo "igb options:"'
	exits 0 "$top/tests/lab/fetch-qemu" igb
	expect "what it says" "$PWD/bin/qemu-system-x86_64" "$(cat out)"
	exits 3 "$top/tests/lab/fetch-qemu" igbx
}

# What its file asks for, from a machine and a processor of the kind of LAB_IOMMU.
t_every_group_has_an_iommu_of_either_kind() {
	local lab=$top/tests/lab file kind
	# shellcheck source=tests/lab/lib.sh
	. "$lab/lib.sh"
	for file in "$lab"/groups/*.sh "$lab/guest/demo.sh"; do
		! grep -E '^#qemu .*-iommu|^#append .*iommu=' "$file" || fail "$file: \"#iommu KIND\" is for that (lab_iommu)"
		kind=$(lab_header "$file" iommu)
		(LAB_IOMMU=intel lab_iommu "$kind")
		(LAB_IOMMU=amd lab_iommu "$kind")
	done
	exits 1 lab_of amd nonsense
	exits 1 lab_of nonsense on
}

# Unless it is named, and no other group.
t_once_is_left_out_on_the_next_kernel() {
	local list=$top/tests/lab/list-scenarios once
	once=$(cd "$top/tests/lab/groups" && grep -l '^#once' -- *.sh | sed 's/\.sh$//' | sort)
	[ -n "$once" ] || fail "no group has #once"
	expect "left out" "$once" "$(comm -23 <("$list" | sort) <(LAB_AGAIN=yes "$list" | sort))"
	expect "named" "${once%%$'\n'*}" "$(LAB_AGAIN=yes LAB_GROUPS=${once%%$'\n'*} "$list")"
}

lab_of() {
	(LAB_IOMMU=$1 lab_iommu "$2")
}

t_a_slow_machine_has_more_time() {
	local lab=$top/tests/lab
	# shellcheck source=tests/lab/lib.sh
	. "$lab/lib.sh"
	printf '#seconds 40\n' >group
	: >other
	expect "seconds" 40 "$(lab_limit group)"
	expect "seconds" 120 "$(LAB_SLOW=3 lab_limit group)"
	expect "seconds without a line" 360 "$(LAB_SLOW=3 lab_limit other)"
	exits 1 env LAB_SLOW=0 "$lab/check-kernel"
	expect_line 'LAB_SLOW=0: ' out
	exits 1 env LAB_SLOW=1.5 "$lab/check-kernel"
	expect_line 'LAB_SLOW=1.5: ' out
}

# A machine that is not done in time is reported with the variable.
t_a_late_machine_names_the_variable() {
	fake timeout <<<'exit 124'
	fake qemu-system-x86_64 <<<'exit 0'
	mkdir kernel logs
	: >kernel/modules.cpio
	: >base.cpio
	exits 1 env LAB_SLOW=2 "$top/tests/lab/run-group" "$PWD/kernel" "$PWD/base.cpio" "$PWD/logs" no-iommu
	expect_line '^not ok .*: not done within 240 s; for a slow machine there is LAB_SLOW=6$' out
}

# A lab whose check-kernel is the script on standard input; its unit tests pass.
fake_lab() {
	fake make <<<'echo "unit: 1 passed, 0 failed, 0 skipped"'
	mkdir -p tests mk
	cp -r "$top/tests/lab" tests
	{
		echo '#!/bin/sh'
		cat
	} >tests/lab/check-kernel
}

t_more_is_added_up() {
	fake_lab <<-'END'
	echo "with ${LAB_IOMMU-} ${LAB_SUITES-} ${LAB_GROUPS-} ${LAB_SEED-}"
	echo "3 passed, 0 failed, 1 skipped"
	END
	exits 0 tests/lab/check-more
	expect "last line" "21 passed, 0 failed, 6 skipped" "$(tail -n 1 out)"
	expect_line '^with amd ' out
	expect_line '^with  trixie-backports ' out
	expect_line '^with  .* igb ' out
	expect_line '^with   rounds 4$' out
	expect_no_line 'NOT RUN' out
}

t_more_fails_with_one() {
	fake_lab <<-'END'
	[ "${LAB_SEED-}" != 3 ] || { echo "2 passed, 1 failed, 0 skipped"; exit 1; }
	echo "3 passed, 0 failed, 0 skipped"
	END
	exits 1 tests/lab/check-more
	expect "last line" "20 passed, 1 failed, 0 skipped" "$(tail -n 1 out)"
}

# What cannot be had does not read as a pass.
t_more_that_is_not_run_is_no_success() {
	fake_lab <<-'END'
	[ "${LAB_SUITES-}" != trixie-backports ] || {
		echo "SKIPPED: 90 scenarios on the kernel of trixie-backports, which cannot be fetched here"
		echo "0 passed, 0 failed, 90 skipped"
		exit 1
	}
	case ${LAB_GROUPS-} in igb*) echo "check-kernel: no kernel of bookworm"; exit 1 ;; esac
	echo "3 passed, 0 failed, 0 skipped"
	END
	exits 1 tests/lab/check-more
	expect_line '^NOT RUN: 90 scenarios on the kernel of trixie-backports' out
	expect_line '^NOT RUN: network cards with virtual functions$' out
	expect "last line" "15 passed, 0 failed, 90 skipped" "$(tail -n 1 out)"
}

t_parts_of_more() {
	fake_lab <<<'echo "3 passed, 0 failed, 0 skipped"'
	exits 0 env LAB_MORE="igb amd" tests/lab/check-more
	expect "last line" "6 passed, 0 failed, 0 skipped" "$(tail -n 1 out)"
}
