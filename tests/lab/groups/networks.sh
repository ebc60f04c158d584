# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# What the host's networks use, and no directory of sysfs shows: other namespaces, other routing
# tables, nexthops, programs that listen to all; and harmless neighbours of each, which pass.
#
#iommu on
#qemu -netdev user,id=net1,restrict=on,ipv6=off -device pcie-root-port,id=rp1,chassis=1
#qemu -device e1000e,bus=rp1,romfile=,mac=52:54:00:00:00:31,netdev=net1
#qemu -netdev user,id=net2,restrict=on,ipv6=off -device pcie-root-port,id=rp2,chassis=2
#qemu -device e1000e,bus=rp2,romfile=,mac=52:54:00:00:00:32,netdev=net2
#seconds 180

prepare() {
	for module in e1000e vfio_pci vfio_iommu_type1 macvlan pppoe; do
		modprobe "$module" || echo "# the lab has no module $module"
	done
	wait_for 10 test -n "$(nic_name 31)"
}

# want NUMBER: VM 100 wants that NIC, whose interface is up.
want() {
	name=$(nic_name "$1")
	[ -n "$name" ] || fail "the lab: no interface of NIC $1"
	vm 100 "machine: q35" "hostpci0: $(nic "$1"),pcie=1"
	iproute2 link set "$name" up
}

# In use: refused, with these texts.
in_use() {
	refused 100 "its interface $name carries the host's network" "$@"
}

# Not in use: it starts, and says these texts.
idle() {
	bdf=$(nic "$1")
	shift
	start 100 "$bdf=e1000e"
	for text in "$@"; do
		expect_said "$text"
	done
	stop 100
	wait_for 5 test -d "/sys/bus/pci/devices/$bdf/net" || fail "expected the interface back"
}

t_up() { # once
	want 31
	idle 31 "its interface $name is up"
	want 31
	iproute2 link set "$name" down
	idle 31
}

t_macvlan_elsewhere() {
	want 31
	background unshare -n sleep 1000
	there=$(tail -n 1 /tmp/background.pids)
	sleep 0.5
	iproute2 link add away link "$name" type macvlan || fail "the lab: no macvlan"
	iproute2 link set away netns "$there" || fail "the lab: no namespace"
	in_use "below the macvlan away in the network namespace of process $there (sleep)"
	end_background
	sleep 0.5
	step "a namespace with an interface of the same number"
	background unshare -n sleep 1000
	sleep 0.5
	idle 31
	end_background
}

t_moved_elsewhere() {
	want 31
	bdf=$(nic 31)
	background unshare -n sleep 1000
	there=$(tail -n 1 /tmp/background.pids)
	sleep 0.5
	iproute2 link set "$name" netns "$there" || fail "the lab: no namespace"
	refused 100 "its network interface $name is in the network namespace of process $there (sleep)"
	end_background
	wait_for 5 test -e "/sys/bus/pci/devices/$bdf/net/$name" || fail "the lab: $name has not come back"
}

t_route_of_another_table() {
	want 31
	iproute2 route add 198.51.100.0/24 dev "$name" table 77 || fail "the lab: no route"
	in_use "route to 198.51.100.0"
	iproute2 route flush table 77
	step "a route on another interface"
	iproute2 link set "$(nic_name 32)" up
	iproute2 route add 198.51.100.0/24 dev "$(nic_name 32)" table 77
	idle 31
	iproute2 route flush table 77
}

t_second_way_of_a_route() {
	want 32
	iproute2 link set "$(nic_name 31)" up
	iproute2 route add 198.51.100.0/24 nexthop dev "$(nic_name 31)" nexthop dev "$name" ||
		fail "the lab: no route of two ways"
	in_use "route to 198.51.100.0"
	iproute2 route del 198.51.100.0/24
}

t_nexthop() {
	want 31
	wait_for 5 grep -q 1 "/sys/class/net/$name/carrier"
	iproute2 nexthop add id 7 dev "$name" || fail "the lab: no nexthop"
	in_use "nexthop 7"
	iproute2 nexthop del id 7
	iproute2 rule add iif "$name" lookup 77 priority 700 || fail "the lab: no rule"
	in_use "the routing rule 700"
	iproute2 rule del priority 700
}

t_link_address() {
	want 31
	iproute2 addr add fe80::7/64 dev "$name" nodad || fail "the lab: no address"
	idle 31 "with the address fe80::7, which is valid on its link only"
}

t_listener() { # once
	want 31
	background occupy promiscuous "$name"
	wait_for 5 grep -q held /tmp/background.out || fail "the lab: $(cat /tmp/background.out)"
	in_use "a program captures all packets that it receives" "ss -0 -p"
	end_background
	step "a socket that asks for its own packets only"
	want 31
	background occupy packets "$name"
	wait_for 5 grep -q held /tmp/background.out || fail "the lab: $(cat /tmp/background.out)"
	idle 31
	end_background
	step "such a socket, on an interface that the administrator has made promiscuous"
	want 31
	iproute2 link set "$name" promisc on
	background occupy packets "$name"
	wait_for 5 grep -q held /tmp/background.out || fail "the lab: $(cat /tmp/background.out)"
	idle 31
	end_background
}

# Only the table of the connections says what a pppd goes through.
t_pppoe() { # once
	want 31
	background occupy pppoe "$name"
	wait_for 5 grep -q held /tmp/background.out || fail "the lab: $(cat /tmp/background.out)"
	in_use "a PPPoE connection" "cat /proc/net/pppoe"
	end_background
	step "a connection through another interface"
	want 31
	iproute2 link set "$(nic_name 32)" up
	background occupy pppoe "$(nic_name 32)"
	wait_for 5 grep -q held /tmp/background.out || fail "the lab: $(cat /tmp/background.out)"
	idle 31
	end_background
}

t_netconsole() {
	want 31
	iproute2 addr add 192.0.2.2/24 dev "$name"
	modprobe netconsole "netconsole=@192.0.2.2/$name,@192.0.2.9/52:54:00:00:00:99" ||
		fail "the lab: no netconsole"
	iproute2 addr flush dev "$name"
	mkdir -p /sys/kernel/config
	mount -t configfs none /sys/kernel/config 2>/dev/null || true
	mkdir /sys/kernel/config/netconsole/log || fail "the lab: no target of netconsole"
	cd /sys/kernel/config/netconsole/log || fail "the lab: no target of netconsole"
	echo "$name" >dev_name
	echo 192.0.2.2 >local_ip
	echo 192.0.2.9 >remote_ip
	echo 52:54:00:00:00:99 >remote_mac
	echo 1 >enabled
	cd /
	idle 31 "netconsole sends the kernel's messages through its interface $name"
	rmdir /sys/kernel/config/netconsole/log
	rmmod netconsole
}

# What is said of a capture is what is said here.
t_captured_networks() { # more
	all_captured
}
