// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/owner_cure.h"

#include "host/text/argv.h"

#include <string.h>

char *owner_describe(const struct owner *owner)
{
	switch (owner->kind) {
	case OWNER_UNKNOWN: return strdup("");
	case OWNER_VM: return fs_path(_(" of VM %u"), owner->number);
	case OWNER_CT: return fs_path(_(" in CT %u"), owner->number);
	case OWNER_DOCKER: return fs_path(_(" in the Docker container %s"), owner->name);
	case OWNER_PODMAN: return fs_path(_(" in the Podman container %s"), owner->name);
	case OWNER_UNIT:
	case OWNER_PART: return fs_path(_(" of %s"), owner->name);
	case OWNER_MANAGER: return fs_path(_(" of user %s, %s"), owner->user, owner->name);
	case OWNER_SESSION: break;
	}
	return fs_path(_(" of user %s, login session %s"), owner->user, owner->name);
}

/* A unit as it is written in a shell's line; names of units have backslashes in them. */
static char *stop_command(const char *verb, const char *unit)
{
	const char *words[] = {unit, NULL};
	auto_free char *text = argv_text((char *const *)(uintptr_t)words);

	return text ? fs_path("%s %s", verb, text) : NULL;
}

/* The service itself, and the socket that would start it again. */
static char *stop_user_unit(const struct fs_root *root, const struct owner *owner)
{
	const char *end = strstr(owner->name, ".service");
	auto_free char *socket = end ? fs_path("usr/lib/systemd/user/%.*s.socket",
					       (int)(end - owner->name), owner->name)
				     : NULL;
	auto_free char *stop = fs_path("systemctl --user --machine=%s@ stop", owner->user);
	auto_free char *command = stop ? stop_command(stop, owner->name) : NULL;

	/* Of a user without a name, or what the user's manager itself has open. */
	if (strchr(owner->user, ' ') || !strcmp(owner->name, owner->unit))
		return stop_command("systemctl stop", owner->unit);
	if (command && socket && fs_probe(root, socket) > 0)
		return fs_path("%s %.*s.socket", command, (int)(end - owner->name), owner->name);
	return TAKE_PTR(command);
}

char *owner_cure(const struct fs_root *root, pid_t pid, const struct owner *owner,
		 char **ret_command)
{
	switch (owner->kind) {
	case OWNER_VM:
		*ret_command = fs_path("qm shutdown %u", owner->number);
		return fs_path(_("shut VM %u down, or stop it at once by qm stop %u"),
			       owner->number, owner->number);
	case OWNER_CT:
		*ret_command = fs_path("pct shutdown %u", owner->number);
		return fs_path(_("shut CT %u down, or stop it at once by pct stop %u, or end that "
				 "process in it"),
			       owner->number, owner->number);
	case OWNER_DOCKER:
		*ret_command = fs_path("docker stop %s", owner->name);
		return fs_path(_("stop the container; so that Docker does not start it again: "
				 "docker update --restart=no %s"),
			       owner->name);
	case OWNER_PODMAN:
		*ret_command = fs_path("podman stop %s", owner->name);
		return strdup(_("stop the container"));
	case OWNER_UNIT:
		*ret_command = stop_command("systemctl stop", owner->name);
		return strdup(_("stop what runs it"));
	case OWNER_MANAGER:
		*ret_command = stop_user_unit(root, owner);
		return fs_path(_("stop what user %s runs there"), owner->user);
	case OWNER_SESSION:
		*ret_command = owner->unit ? stop_command("systemctl stop", owner->unit)
					   : fs_path("kill %d", pid);
		return owner->unit ? strdup(_("end the graphical login: stop its display manager"))
				   : fs_path(_("end that program of user %s"), owner->user);
	case OWNER_PART:
		*ret_command = fs_path("systemctl status %d", pid);
		return fs_path(_("%s is a service that the host needs; it may close the device by "
				 "itself shortly; its status"),
			       owner->name);
	case OWNER_UNKNOWN: break;
	}
	*ret_command = fs_path("systemctl status %d", pid);
	return strdup(_("end it; to see what it is"));
}
