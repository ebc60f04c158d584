# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# The package is upgraded, and then the whole node from Debian 12 to 13, while a VM has a device.

record=$records/$device

version() {
	dpkg-query -W -f '${Version}' "$1"
}

t_an_older_version_runs() {
	put_node
	update_lists
	apt-get install -y --no-install-recommends /lab/old/*.deb
	start_vm 102
	cat "$record" >/lab/record
	watcher_of 102 >/lab/watcher
	[ -s /lab/watcher ] || fail "no watcher"
}

t_upgrade_with_a_device_taken() {
	before=$(version pve-passthrough)
	apt-get install -y --no-install-recommends /lab/new/*.deb
	[ "$before" != "$(version pve-passthrough)" ] || fail "it was no upgrade: $before"
	expect "record" "$(cat /lab/record)" "$(cat "$record")"
	expect "watcher" "$(cat /lab/watcher)" "$(watcher_of 102)"
	readlink "/proc/$(cat /lab/watcher)/exe" | tee /tmp/out
	expect_line 'deleted' /tmp/out # so it is the older version's
	pve-passthrough status >/tmp/out
	expect_line 'taken for VM 102 from vfio-pci' /tmp/out
}

t_the_old_watcher_gives_back() {
	end_vm 102
	wait_until nothing_taken
	# It looks once more before it ends, and would give back what the next step puts there.
	wait_until old_watcher_has_ended
}

old_watcher_has_ended() {
	[ ! -e "/proc/$(cat /lab/watcher)" ] || ended "$(cat /lab/watcher)"
}

# The first records: they had no claim, and nothing of networks.
t_an_older_record_is_read() {
	grep -vE '^(claim|network|ifreload) ' /lab/record >"$record"
	cat "$record"
	expect_no_line '^claim' "$record"
	pve-passthrough status >/tmp/out
	expect_line 'taken for VM 102 from vfio-pci' /tmp/out
	hook 0 102 post-stop
	nothing_taken || fail "still taken after post-stop"
}

install_old() {
	apt-get install -y --no-install-recommends --allow-downgrades /lab/old/*.deb
}

install_new() {
	apt-get install -y --no-install-recommends /lab/new/*.deb
}

t_this_version_stops_what_the_older_has_started() {
	install_old
	start_vm 102
	install_new
	stop_vm 102
	nothing_taken || fail "still taken after post-stop"
}

# The older version's watcher and QEMU are killed, and nobody calls post-stop.
t_this_version_restores_after_a_kill() {
	install_old
	start_vm 102
	install_new
	watcher=$(watcher_of 102)
	kill -9 "$watcher"
	end_vm 102
	taken || fail "given back by nobody"
	pve-passthrough restore 102
	nothing_taken || fail "still taken after restore"
}

# Its record is taken over by the next start.
t_this_version_starts_it_again() {
	install_old
	start_vm 102
	watcher=$(watcher_of 102)
	kill -9 "$watcher"
	end_vm 102
	install_new
	taken || fail "given back by nobody"
	start_vm 102
	stop_vm 102
	nothing_taken || fail "still taken after post-stop"
}

t_dist_upgrade_with_a_device_taken() {
	start_vm 102
	version libconfig9 >/lab/libconfig9
	sed -i 's/bookworm/trixie/g' /etc/apt/sources.list
	update_lists
	apt-get -y -o Dpkg::Options::=--force-confold full-upgrade
	expect "Debian" trixie "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)"
	taken || fail "the record is gone"
}

t_the_hook_runs_on_debian_13() {
	for program in pve-passthrough host-setup; do
		! ldd "/usr/sbin/$program" | grep 'not found' || fail "$program lacks a library"
	done
	stop_vm 102
	nothing_taken || fail "still taken after post-stop"
	hook 2 101 pre-start
	start_vm 102
	stop_vm 102
}

t_autoremove_keeps_its_libraries() {
	apt-get autoremove -y --purge
	expect "libconfig9" "$(cat /lab/libconfig9)" "$(version libconfig9)"
	hook 0 100 pre-start
	start_vm 102
}

t_the_package_for_13_takes_over() {
	apt-get install -y --reinstall --no-install-recommends /lab/newer/*.deb
	ldd /usr/sbin/pve-passthrough >/tmp/out
	expect_line 'libconfig\.so\.11' /tmp/out
	[ -L /etc/systemd/system/qmeventd.service.wants/pve-passthrough-restore.service ] ||
		fail "restore is not enabled any more"
	stop_vm 102
	nothing_taken || fail "still taken after post-stop"
	apt-get autoremove -y --purge
	! version libconfig9 2>/dev/null | grep . || fail "libconfig9 is still there"
	start_vm 102
	stop_vm 102
}

t_purge() {
	apt-get purge -y --autoremove pve-passthrough
	find / -xdev \( -path /proc -o -path /tmp -o -path /lab -o -path /var/log -o -path /var/cache \) -prune -o \
		-name '*pve-passthrough*' -print -o -name '*host-setup*' -print >/tmp/out
	expect "left" "" "$(cat /tmp/out)"
	[ -e /var/lib/vz/snippets/mine.sh ] || fail "another hookscript is gone"
}
