// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/owner.h"

#include "host/process/process.h"

#include <string.h>

#define CGROUP_MAX ((size_t)64 * 1024)
#define PASSWD_MAX ((size_t)4 * 1024 * 1024)

/* As many characters of a container's id as `docker ps` and `podman ps` show. */
#define ID_SHOWN 12

/* Services that the host needs while it runs; with '*' all that begin so. An instance, "ssh@1", is
 * its template. */
static const char *const parts[] = {
	"pve*",	     "proxmox*",     "qmeventd", "corosync",	"spiceproxy", "lxc*", "rrdcached",
	"systemd-*", "watchdog-mux", "dbus",	 "dbus-broker", "ssh",	      "sshd", "udev",
};

static bool is_part(const char *unit)
{
	size_t len = strcspn(unit, "@.");

	/* A container of its own. */
	if (after_prefix(unit, "systemd-nspawn@"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t n = strcspn(parts[i], "*");

		if ((parts[i][n] ? len >= n : len == n) && !strncmp(unit, parts[i], n))
			return true;
	}
	return false;
}

static const char *before_suffix(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && !strcmp(text + len - n, suffix) ? text + len - n : NULL;
}

/* ---- components of the path, from the root on; each says whether it decides ---- */

struct path {
	char **items;
	size_t n;
};

static bool set_name(struct owner *owner, enum owner_kind kind, const char *name, size_t len)
{
	owner->kind = kind;
	owner->name = strndup(name, len);
	return true;
}

/* "105" in "lxc/105", "105.scope" in "qemu.slice/105.scope", "lxc.payload.105". */
static bool is_guest(const struct path *path, size_t i, struct owner *owner)
{
	static const struct {
		const char *prefix, *end;
		bool below;
		enum owner_kind kind;
	} guests[] = {
		{"qemu.slice", ".scope", true, OWNER_VM}, {"lxc", "", true, OWNER_CT},
		{"lxc.payload", "", true, OWNER_CT},	  {"lxc.monitor", "", true, OWNER_CT},
		{"lxc.payload.", "", false, OWNER_CT},	  {"lxc.monitor.", "", false, OWNER_CT},
	};

	for (size_t k = 0; k < ARRAY_SIZE(guests); k++) {
		const char *at = after_prefix(path->items[i], guests[k].prefix);

		if (!at || (guests[k].below && (*at || i + 1 == path->n)))
			continue;
		if (guests[k].below)
			at = path->items[i + 1];
		if (!number_take(&at, &owner->number) || strcmp(at, guests[k].end) != 0)
			continue;
		owner->kind = guests[k].kind;
		return true;
	}
	owner->number = 0;
	return false;
}

/* "docker-ID.scope", "libpod-ID.scope", and with the other of the two cgroup drivers
 * "docker/ID", "libpod-ID". */
static bool is_container(const struct path *path, size_t i, struct owner *owner)
{
	static const struct {
		const char *prefix;
		enum owner_kind kind;
	} prefixes[] = {
		{"docker-", OWNER_DOCKER},
		{"libpod-conmon-", OWNER_PODMAN},
		{"libpod-", OWNER_PODMAN},
	};
	const char *item = path->items[i];

	if (i && !strcmp(path->items[i - 1], "docker") &&
	    strspn(item, "0123456789abcdef") == strlen(item))
		return set_name(owner, OWNER_DOCKER, item, ID_SHOWN);
	for (size_t k = 0; k < ARRAY_SIZE(prefixes); k++) {
		const char *id = after_prefix(item, prefixes[k].prefix);

		if (id && strspn(id, "0123456789abcdef") >= ID_SHOWN)
			return set_name(owner, prefixes[k].kind, id, ID_SHOWN);
	}
	return false;
}

static bool is_unit(const struct path *path, size_t i, struct owner *owner)
{
	const char *item = path->items[i];
	bool service = before_suffix(item, ".service");

	if (!service && strcmp(item, "init.scope") && !before_suffix(item, ".scope"))
		return false;
	if (!strcmp(item, "init.scope") || (service && is_part(item)))
		return set_name(owner, OWNER_PART, item, strlen(item));
	set_name(owner, OWNER_UNIT, item, strlen(item));
	owner->unit = service ? strdup(item) : NULL;
	return true;
}

/* "user-1000.slice/session-3.scope", "user-1000.slice/user@1000.service/app.slice/x.service". */
static bool is_users(const struct path *path, size_t i, struct owner *owner)
{
	const char *at = after_prefix(path->items[i], "user-"), *end, *name;

	if (!at || !number_take(&at, &owner->number) || strcmp(at, ".slice") || i + 1 == path->n) {
		owner->number = 0;
		return false;
	}
	name = path->items[i + 1];
	at = after_prefix(name, "session-");
	end = at ? before_suffix(at, ".scope") : NULL;
	if (end)
		return set_name(owner, OWNER_SESSION, at, (size_t)(end - at));
	owner->unit = fs_path("user@%u.service", owner->number);
	for (size_t k = i + 2; k < path->n; k++)
		if (before_suffix(path->items[k], ".service") ||
		    before_suffix(path->items[k], ".scope"))
			name = path->items[k];
	return set_name(owner, OWNER_MANAGER, name, strlen(name));
}

static bool parse_path(const struct path *path, struct owner *owner)
{
	for (size_t i = 0; i < path->n; i++)
		if (is_guest(path, i, owner) || is_users(path, i, owner) ||
		    is_container(path, i, owner) || is_unit(path, i, owner))
			return true;
	return false;
}

/* TEXT is cut up. */
static int split(char *text, struct path *ret)
{
	char *item;

	*ret = (struct path){0};
	while ((item = strsep(&text, "/"))) {
		if (!*item)
			continue;
		if (!array_grow(ret->items, ret->n)) {
			free(TAKE_PTR(ret->items));
			return -ENOMEM;
		}
		ret->items[ret->n++] = item;
	}
	return 0;
}

/* The path of a line of the two hierarchies that have systemd's names, or NULL. */
static char *path_of_line(char *line)
{
	char *at = strchr(line, ':');

	if (!at || (strncmp(line, "0::", 3) && strncmp(at, ":name=systemd:", 14)))
		return NULL;
	return strchr(at + 1, ':') + 1;
}

int owner_parse(const char *cgroup, struct owner *ret)
{
	auto_free char *text = strdup(cgroup);
	char *rest = text, *line;
	bool found = false;

	*ret = (struct owner){0};
	if (!text)
		return -ENOMEM;
	while (!found && (line = strsep(&rest, "\n"))) {
		auto_free char *at = path_of_line(line) ? strdup(path_of_line(line)) : NULL;
		struct path path;
		int err;

		if (!at)
			continue;
		err = split(at, &path);
		if (err)
			return err;
		found = parse_path(&path, ret);
		free(path.items);
	}
	if ((ret->kind > OWNER_CT && !ret->name) || (ret->kind == OWNER_MANAGER && !ret->unit)) {
		owner_free(ret);
		return -ENOMEM;
	}
	return 0;
}

/* ---- what the control group does not say ---- */

/* /etc/passwd alone: a directory service may take long to answer, or for ever. */
static char *user_name(const struct fs_root *root, unsigned int uid)
{
	auto_free char *text = NULL;
	char *rest, *line;

	if (!fs_read(root, "etc/passwd", PASSWD_MAX, &text, NULL))
		for (rest = text; (line = strsep(&rest, "\n"));) {
			const char *name = strsep(&line, ":");
			unsigned int number;

			(void)strsep(&line, ":");
			if (line && number_parse(strsep(&line, ":"), &number) && number == uid)
				return strdup(name);
		}
	return fs_path("uid %u", uid);
}

char *owner_display_manager(const struct fs_root *root)
{
	char *unit = NULL;

	if (fs_link_name_if(root, "etc/systemd/system/display-manager.service", &unit))
		return NULL;
	return unit;
}

/* Whether a display manager made the login: when it is ended alone, the next one comes at once.
 * (systemd: src/login/logind-session.c, session_save()) */
static bool is_graphical(const struct fs_root *root, const char *session)
{
	auto_free char *path = fs_path("run/systemd/sessions/%s", session);
	auto_free char *text = NULL;

	if (fs_read(root, path, CGROUP_MAX, &text, NULL))
		return false;
	return (has_word(text, "TYPE=x11") || has_word(text, "TYPE=wayland")) &&
	       !has_word(text, "SERVICE=login");
}

int owner_read(const struct fs_root *root, pid_t pid, struct owner *ret)
{
	auto_free char *path = fs_path("proc/%d/cgroup", pid);
	auto_free char *text = NULL;
	int err = fs_read(root, path, CGROUP_MAX, &text, NULL);

	if (err == -ENOMEM)
		return err;
	err = owner_parse(err ? "" : text, ret);
	if (err)
		return err;
	if (ret->kind == OWNER_UNKNOWN) {
		ret->number = process_vm(root, pid);
		ret->kind = ret->number ? OWNER_VM : OWNER_UNKNOWN;
	}
	if (ret->kind != OWNER_SESSION && ret->kind != OWNER_MANAGER)
		return 0;
	ret->user = user_name(root, ret->number);
	if (ret->kind == OWNER_SESSION && is_graphical(root, ret->name))
		ret->unit = owner_display_manager(root);
	if (ret->user)
		return 0;
	owner_free(ret);
	return -ENOMEM;
}

void owner_free(struct owner *owner)
{
	free(owner->name);
	free(owner->user);
	free(owner->unit);
	*owner = (struct owner){0};
}
