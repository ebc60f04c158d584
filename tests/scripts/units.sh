# shellcheck shell=bash disable=SC2154 # variables of lib
# The systemd units.

# Each of these makes the programs fail at their first file, or hides from the host what they do: check-host shows
# that, but takes half an hour. RestrictSUIDSGID= answers openat2(2) with ENOSYS (systemd, src/shared/seccomp-util.c,
# seccomp_restrict_suid_sgid()), since a filter does not see the mode in its structure; the others in the last line
# make a mount namespace, in which what ifreload and pct mount is not the host's.
t_units_have_no_option_that_stops_the_programs() {
	local forbidden
	forbidden='RestrictSUIDSGID|DynamicUser|NoNewPrivileges|PrivateDevices|ProtectKernelTunables|ProtectKernelModules'
	forbidden+='|ProtectSystem|ProtectHome|PrivateTmp|PrivateMounts|ReadOnlyPaths|InaccessiblePaths|PrivateNetwork'
	ls "$top"/systemd/*.service.in
	! grep -HE "^($forbidden)=" "$top"/systemd/*.service.in
}
