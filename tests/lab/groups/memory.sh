# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# A VM's memory on a host with two NUMA nodes, as a real kernel shows them. On which node the NIC is this
# firmware does not say, so the scenarios do (Linux: drivers/pci/pci-sysfs.c, numa_node_store()).
#
#iommu on
#once
#qemu -smp 2 -object memory-backend-ram,id=m0,size=256M -object memory-backend-ram,id=m1,size=256M
#qemu -numa node,nodeid=0,cpus=0,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1
#qemu -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:41

thp=/sys/kernel/mm/transparent_hugepage/enabled

# On a machine as small as this the kernel has them off (mm/huge_memory.c, hugepage_init()).
prepare() {
	modprobe e1000e
	[ ! -e $thp ] || echo madvise >$thp
}

kept=/var/lib/pve-passthrough/starts

# The NIC, on node 1.
far() {
	nic 41
	echo 1 >"$devices/$(nic 41)/numa_node"
}

# A line of meminfo, in MiB.
host_mib() {
	echo $(($(sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo) / 1024))
}

# What `qm set` would write is taken: the VM starts with it.
t_more_memory_than_the_host() {
	nic=$(nic 41)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "memory: 2048"
	refused 100 "memory: 2 GiB is more than this host has: $(host_mib MemTotal) MiB" "qm set 100 --memory "
	step "with what the cure says"
	size=$(sed -n 's/.*qm set 100 --memory \([0-9]*\).*/\1/p' /tmp/hook.out)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "memory: $size"
	start 100 "$nic=e1000e"
	stop 100
}

# The pools' memory is none for a VM without huge pages.
t_memory_in_pools() {
	nic=$(nic 41)
	pages=/proc/sys/vm/nr_hugepages
	size=$(($(host_mib MemTotal) - 16))
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "memory: $size"
	start 100 "$nic=e1000e"
	stop 100
	echo 32 >$pages
	# Not by read, which takes a byte at a time: from there on the kernel gives none.
	n=$(cat $pages)
	[ "$n" = 32 ] || {
		echo 0 >$pages
		fail "$pages: expected 32, seen $n"
	}
	refused 100 "MiB more in pools of huge pages, which this VM does not use"
	echo 0 >$pages
}

t_memory_short_now() {
	nic=$(nic 41)
	size=$(($(host_mib MemTotal) - 2))
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "memory: $size"
	start 100 "$nic=e1000e"
	expect_said "memory: its devices need $size MiB at the start, and "
	stop 100
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "memory: 16"
	start 100 "$nic=e1000e"
	! grep -q memory: /tmp/hook.out || fail "expected nothing about memory, seen $(grep memory: /tmp/hook.out)"
	stop 100
}

t_how_long_it_took() {
	nic=$(nic 41)
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "memory: 64"
	verb_exits 0 plan 100
	expect_said "memory: a start will take about "
	start 100 "$nic=e1000e"
	sleep 3
	hook_ok 100 post-start
	verb_exits 0 plan 100
	expect_said "memory: the last start took "
	expect_said " s, 64 MiB, 4 KiB pages"
	ms=$(sed -n 's/^ms = \([0-9]*\)L*;/\1/p' $kept/100)
	[ "$ms" -ge 3000 ] || fail "ms in $kept/100: expected 3000 or more, seen $ms"
	stop 100
	step "the file is somebody's"
	echo "ms = 7 minutes" >$kept/100
	verb_exits 0 plan 100
	expect_said "memory: how long the last start took cannot be read: $kept/100"
	vm 100 "machine: q35" "hostpci0: $nic,pcie=1" "memory: 64"
	start 100 "$nic=e1000e"
	hook_ok 100 post-start
	verb_exits 0 plan 100
	expect_said "memory: the last start took "
	stop 100
}

t_numa() {
	far=$(far)
	vm 100 "machine: q35" "hostpci0: $far,pcie=1" "cores: 1" "memory: 64"
	verb_exits 0 plan 100
	expect_said "affinity: its devices are on node 1 of this host"
	expect_said "    qm set 100 --affinity 1"
	expect_said "    qm set 100 --numa 1 --numa0 cpus=0,hostnodes=1,memory=64,policy=bind"
	step "with what it says"
	vm 100 "machine: q35" "hostpci0: $far,pcie=1" "cores: 1" "memory: 64" "affinity: 1" "numa: 1" \
		"numa0: cpus=0,hostnodes=1,memory=64,policy=bind"
	verb_exits 0 plan 100
	! grep -qE "affinity:|numa0:" /tmp/hook.out || fail "expected no more advice"
}

# A start that took long has huge pages advised, not the absence of transparent ones, for so small a VM; the kernel can
# make them.
t_huge_pages() {
	far=$(far)
	[ -e $thp ] || skip "this kernel has no transparent huge pages"
	vm 100 "machine: q35" "hostpci0: $far,pcie=1" "memory: 64"
	echo never >$thp
	verb_exits 0 plan 100
	echo madvise >$thp
	! grep -q "huge pages" /tmp/hook.out || fail "expected no advice of huge pages"
	mkdir -p $kept
	printf '%s\n' 'format = 1;' 'ms = 21000L;' 'memory_mib = 64L;' 'page_kib = 4;' >$kept/100
	verb_exits 0 plan 100
	expect_said "memory: the last start took long; with huge pages"
	expect_said "    qm set 100 --numa 1 --hugepages 2 --numa0 cpus=0-1,hostnodes=1,memory=64,policy=bind"
	expect_said "memory: of the 32 pages of 2 MiB on node 1, 0 are free"
	expect_said "    host-setup enable --kernel-arg hugepagesz=2M --kernel-arg hugepages=1:32"
	step "as Proxmox VE reserves them"
	pool=/sys/devices/system/node/node1/hugepages/hugepages-2048kB
	echo 32 >$pool/nr_hugepages
	n=$(cat $pool/nr_hugepages)
	vm 100 "machine: q35" "hostpci0: $far,pcie=1" "memory: 64" "numa: 1" "hugepages: 2" \
		"numa0: cpus=0-1,hostnodes=1,memory=64,policy=bind"
	start 100 "$far=e1000e"
	hook_ok 100 post-start
	stop 100
	verb_exits 0 plan 100
	echo 0 >$pool/nr_hugepages
	[ "$n" = 32 ] || fail "$pool/nr_hugepages: expected 32, seen $n"
	! grep -q fragmented /tmp/hook.out || fail "expected no missing pages"
	expect_said " s, 64 MiB, 2 MiB pages"
}

# What is said of a capture is what is said here.
t_captured_memory() { # more
	all_captured
}
