# shellcheck shell=bash disable=SC2154 # variables of lib
# make uninstall, in a mount namespace with a /run and a /var/lib of its own, and a systemctl that only notes.

# uninstall SETTING...: with those of make. Leaves what was printed, run and kept in said, ran and left.
uninstall() {
	local in_namespace=(unshare --mount)
	[ "$(id -u)" = 0 ] || in_namespace+=(--map-root-user)
	"${in_namespace[@]}" true || {
		echo "SKIPPED: no namespaces here"
		exit 0
	}
	fake systemctl <<'END'
echo "$*" >>"${0%/bin/systemctl}/ran"
END
	# shellcheck disable=SC2016 # for the inner shell
	"${in_namespace[@]}" sh -euc '
		here=$1 top=$2
		shift 2
		mount -t tmpfs none /run
		mount -t tmpfs none /var/lib
		mkdir -p /run/systemd/system /run/motd.d /var/lib/pve-passthrough
		echo "stage armed" >/var/lib/pve-passthrough/confirm
		: >/run/motd.d/pve-passthrough
		make -s -C "$top" uninstall prefix="$here/usr" snippetdir="$here/snippets" kerneldir="$here/kernel" "$@"
		find /run/motd.d /var/lib/pve-passthrough >"$here/left"
	' sh "$PWD" "$top" "$@" >said 2>&1 || fail "$(cat said)"
}

# A change of the boot that is on trial would be undone, with a reboot, by a clock that goes on.
t_uninstall_ends_a_trial() {
	uninstall packaged="$PWD/none"
	expect_line 'disable --now .*pve-passthrough-confirm.service' ran
	expect_line 'disable --now .*pve-passthrough-sriov.service' ran
	expect_line 'was still to be confirmed; the change stays' said
	expect_no_line '/confirm$' left
	expect_no_line '/run/motd.d/' left
}

t_uninstall_leaves_a_package_alone() {
	: >package
	uninstall packaged="$PWD/package"
	expect_no_line disable ran
	expect_line daemon-reload ran
	expect_line '/confirm$' left
}
