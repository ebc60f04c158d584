# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# The package comes to a node, and leaves it.

t_a_node() {
	put_node
	dpkg-query -W -f '${binary:Package}\n' | sort >/lab/packages
	files >/lab/before
}

t_install() {
	update_lists
	apt-get install -y --no-install-recommends /lab/new/*.deb
	[ -x "$hook" ] || fail "$hook is nothing that can be run"
	expect "the hook is" /usr/sbin/pve-passthrough "$(readlink "$hook")"
	expect "owner of the hook" "pve-passthrough: $hook" "$(dpkg -S "$hook")"
	for program in pve-passthrough host-setup; do
		! ldd "/usr/sbin/$program" | grep 'not found' || fail "$program lacks a library"
		"$program" --version
		[ -s "/usr/share/man/man8/$program.8.gz" ] || fail "no page of $program"
		[ -s "/usr/share/zsh/vendor-completions/_$program" ] || fail "zsh does not complete $program"
	done
	[ -s /usr/share/man/man7/pve-passthrough-json.7.gz ] || fail "no page of --json"
	[ -s /usr/share/pve-passthrough/schema/plan.json ] || fail "no schema of plan --json"
	[ -s /usr/share/man/man5/pve-passthrough.conf.5.gz ] || fail "no page of the settings"
	[ -s /usr/share/doc/pve-passthrough/examples/pve-passthrough.conf ] || fail "no example"
	expect "mode of /run/pve-passthrough" "700 root" "$(stat -c '%a %U' /run/pve-passthrough)"
	[ ! -e /etc/pve-passthrough.conf ] || fail "the settings are the administrator's to write"
}

t_restore_runs_with_qmeventd() {
	[ -L /etc/systemd/system/qmeventd.service.wants/pve-passthrough-restore.service ] ||
		fail "it is not enabled: $(find /etc/systemd/system)"
	[ ! -L /etc/systemd/system/multi-user.target.wants/pve-passthrough-sriov.service ] ||
		fail "the unit for VFs is enabled without any"
	[ -L /etc/systemd/system/multi-user.target.wants/pve-passthrough-early.service ] ||
		fail "the unit for devices that are held early is not enabled"
	[ -L /etc/systemd/system/multi-user.target.wants/pve-passthrough-confirm.service ] ||
		fail "the unit for changes that are to be confirmed is not enabled"
	systemd-analyze --man=no verify pve-passthrough-restore.service pve-passthrough-watch@100.service \
		pve-passthrough-sriov.service pve-passthrough-early.service pve-passthrough-confirm.service >/tmp/out 2>&1 ||
		fail "systemd does not like the units: $(cat /tmp/out)"
	expect_no_line pve-passthrough /tmp/out
	rm -f /run/systemd/systemd-units-load # its own
}

t_a_new_kernel_is_looked_at() {
	/etc/kernel/postinst.d/zzz-pve-passthrough 6.99 >/tmp/out 2>&1 || fail "it fails an installation"
	[ "$(wc -l </tmp/out)" -le 1 ] || fail "it says more than a line: $(cat /tmp/out)"
}

t_bash_completes_this_nodes_vms() {
	bash -c '. /usr/share/bash-completion/completions/pve-passthrough
		COMP_WORDS=(pve-passthrough plan 10) COMP_CWORD=2
		_pve_passthrough
		echo "${COMPREPLY[*]}"' >/tmp/out
	expect "completed" "100 101 102 103 104 105" "$(cat /tmp/out)"
}

t_a_vm_without_devices() {
	for phase in pre-start post-start pre-stop post-stop; do
		hook 0 100 $phase
		expect "output of $phase" "" "$(cat /tmp/out)"
	done
}

t_a_vm_whose_device_is_not_there() {
	hook 2 101 pre-start
	expect_line '0000:99:00\.0' /tmp/out
	nothing_taken || fail "a record after a refusal"
	pve-passthrough plan 101 >/tmp/out 2>&1 || expect "exit code of plan" 2 $?
}

t_a_vm_with_a_device() {
	start_vm 102
	expect "records" "$device" "$(ls "$records")"
	pve-passthrough status | tee /tmp/out
	expect_line 'taken for VM 102 from vfio-pci' /tmp/out
	[ -n "$(watcher_of 102)" ] || fail "no watcher"
	stop_vm 102
	nothing_taken || fail "still taken after post-stop"
}

# As after a QEMU that died while qmeventd was down.
t_a_vm_that_nobody_stops() {
	start_vm 102
	end_vm 102
	wait_until nothing_taken
}

t_the_settings_are_read() {
	echo 'vm102 = { deadline = 0; };' >/etc/pve-passthrough.conf
	hook 2 102 pre-start
	expect_line "/etc/pve-passthrough.conf, line 1: key 'deadline' must be" /tmp/out
	cp /usr/share/doc/pve-passthrough/examples/pve-passthrough.conf /etc/pve-passthrough.conf
	pve-passthrough plan 102
}

# No locale of Chinese is generated here.
t_messages_are_in_the_administrators_language() {
	rm -f /etc/pve-passthrough.conf
	LC_ALL=zh_CN.UTF-8 pve-passthrough status >/tmp/out
	expect "status" 没有已接管的设备 "$(cat /tmp/out)"
	echo 'language = "zh_CN";' >/etc/pve-passthrough.conf
	LC_ALL=C pve-passthrough plan 100 >/tmp/out
	expect_line '启动不会改动' /tmp/out
	echo 'language = "en";' >/etc/pve-passthrough.conf
	LC_ALL=zh_CN.UTF-8 pve-passthrough plan 100 >/tmp/out
	expect_line 'a start touches nothing' /tmp/out
	cp /usr/share/doc/pve-passthrough/examples/pve-passthrough.conf /etc/pve-passthrough.conf
}

t_host_setup_runs() {
	host-setup check >/tmp/out 2>&1 || expect "exit code of check" 2 $?
	host-setup groups >/tmp/out
	expect_line "$device" /tmp/out
}

early=/etc/initramfs-tools/scripts/init-top/00-pve-passthrough

# What enable leaves on a host that is started by systemd-boot and one that is started by GRUB.
put_what_enable_leaves() {
	mkdir -p /etc/kernel /etc/default/grub.d /var/lib/pve-passthrough
	touch /etc/default/grub.d/zz-pve-passthrough.cfg /etc/modules-load.d/pve-passthrough.conf
	printf 'word intel_iommu=on\nword iommu=pt\n' >/var/lib/pve-passthrough/host-setup
}

t_remove_says_what_it_means() {
	put_what_enable_leaves
	start_vm 102
	mkdir -p /etc/pve-passthrough.d
	echo 'format = 1; sriov = (
  { address = "0000:03:00.0"; id = "8086:10fb"; vfs = 4; host_driver = false; }
);
early = (
  { address = "0000:05:00.0"; path = "0000:00/1c.0/00.0"; identity = "10de:1b80:0000:0000:030000"; revision = 161; serial = ""; held = true; with = "0000:05:00.0"; },
  { address = "0000:06:00.0"; path = "0000:00/1d.0/00.0"; identity = "10de:1b80:0000:0000:030000"; revision = 161; serial = ""; held = false; }
);' >/etc/pve-passthrough.d/host.conf
	mkdir -p "${early%/*}"
	echo '#!/bin/sh' >"$early"
	mkdir -p /var/lib/pve-passthrough
	printf 'stage armed\nminutes 5\n' >/var/lib/pve-passthrough/confirm
	apt-get remove -y pve-passthrough >/tmp/remove 2>&1
	cat /tmp/remove
	for vm in 100 101 102 105; do
		expect_line "qm set $vm --delete hookscript" /tmp/remove
	done
	for vm in 103 104; do
		expect_no_line "qm set $vm " /tmp/remove
	done
	expect_line "$device" /tmp/remove
	expect_line 'taken for VM 102 from vfio-pci' /tmp/remove
	expect_line 'host-setup disable' /tmp/remove
	expect_line '0000:03:00.0 \(4 VFs\)' /tmp/remove
	expect_line 'host-setup sriov 0000:03:00.0 0' /tmp/remove
	expect_line 'host-setup early --remove 0000:05:00.0' /tmp/remove
	expect_no_line '0000:06:00.0' /tmp/remove
	expect_line "rm $early" /tmp/remove
	expect_line 'was still to be confirmed; the change stays' /tmp/remove
	[ ! -e /var/lib/pve-passthrough/confirm ] || fail "the trial would go on when it is installed again"
	[ ! -L "$hook" ] || fail "the hook is still there"
	[ -e /var/lib/vz/snippets/mine.sh ] || fail "another hookscript is gone"
	[ -e /etc/pve-passthrough.conf ] || fail "the settings are gone"
}

t_devices_come_back_without_the_package() {
	taken || fail "removing gave back the device of a VM that runs"
	end_vm 102
	wait_until nothing_taken
}

t_purge_keeps_what_disable_needs() {
	apt-get purge -y pve-passthrough >/tmp/purge 2>&1
	cat /tmp/purge
	expect_line 'rm /etc/default/grub.d/zz-pve-passthrough.cfg' /tmp/purge
	expect_line 'rm /etc/modules-load.d/pve-passthrough.conf' /tmp/purge
	expect_line 'remove from /etc/kernel/cmdline: intel_iommu=on' /tmp/purge
	expect "kept of the state" "word intel_iommu=on
word iommu=pt" "$(cat /var/lib/pve-passthrough/host-setup)"
	[ ! -e /etc/pve-passthrough.conf ] || fail "the settings are still there"
	expect_line "rm $early" /tmp/purge
	[ -e "$early" ] || fail "purging has changed how the host boots"
	grep -q 'held = true' /etc/pve-passthrough.d/host.conf || fail "which devices are held early is not kept"
}

t_purge_leaves_nothing() {
	apt-get install -y --no-install-recommends /lab/new/*.deb
	cp /usr/share/doc/pve-passthrough/examples/pve-passthrough.conf /etc/pve-passthrough.conf
	start_vm 102
	stop_vm 102
	# As `host-setup disable` does it.
	rm /etc/default/grub.d/zz-pve-passthrough.cfg /etc/modules-load.d/pve-passthrough.conf
	rm /var/lib/pve-passthrough/host-setup
	# As `host-setup early --remove` does it.
	rm "$early" /etc/pve-passthrough.d/host.conf
	rmdir -p /etc/initramfs-tools/scripts/init-top 2>/dev/null || true
	rmdir /etc/default/grub.d /etc/kernel 2>/dev/null || true
	apt-get purge -y pve-passthrough
	# What it needed, and others recommend, so that autoremove would not take it.
	dpkg-query -W -f '${binary:Package}\n' | sort | comm -13 /lab/packages - | xargs -r apt-get purge -y
	files >/lab/after
	diff /lab/before /lab/after || fail "the tree is not what it was before"
}
