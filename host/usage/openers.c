// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include "host/base/argv.h"
#include "host/process/process.h"
#include "host/usage/owner.h"

#include <string.h>

#define CONFIG_MAX ((size_t)1024 * 1024)

struct opener {
	pid_t pid; /* first, for compare_ints() */
	const struct survey_node *node;
};

struct search {
	const struct fs_root *root;
	const struct survey *survey;
	struct opener *openers;
	size_t n;
};

/* Whether it is that node: by its number, whatever the path by which it was opened, or its name. */
static bool is_node(const struct open_node *open, const struct survey_node *node)
{
	const char *name = after_prefix(open->path, "/dev/");

	if (open->numbered)
		return node->block == open->block && node->major == open->major &&
		       node->minor == open->minor;
	return name && !strcmp(name, node->name);
}

static const struct survey_node *find_node(const struct survey *survey,
					   const struct open_node *open)
{
	for (size_t i = 0; i < survey->n_nodes; i++)
		if (is_node(open, &survey->nodes[i]))
			return &survey->nodes[i];
	return NULL;
}

static bool is_found(const struct search *search, pid_t pid, const struct survey_node *node)
{
	for (size_t i = 0; i < search->n; i++)
		if (search->openers[i].pid == pid && search->openers[i].node == node)
			return true;
	return false;
}

static int look(const struct open_node *open, void *arg)
{
	struct search *search = arg;
	const struct survey_node *node = find_node(search->survey, open);

	if (!node || is_found(search, open->pid, node))
		return 0;
	if (!array_grow(search->openers, search->n))
		return -ENOMEM;
	search->openers[search->n++] = (struct opener){open->pid, node};
	return 0;
}

static int compare_openers(const void *a, const void *b)
{
	const struct opener *first = a, *second = b;
	int by_process = compare_ints(a, b);

	if (by_process)
		return by_process;
	return first->node < second->node ? -1 : first->node > second->node;
}

static enum usage_kind kind_of(const struct survey_node *node)
{
	if (node->block)
		return USAGE_DISK;
	if (after_prefix(node->name, "dri/") || after_prefix(node->name, "fb") ||
	    after_prefix(node->name, "nvidia"))
		return USAGE_DISPLAY;
	return after_prefix(node->name, "snd/") ? USAGE_SOUND : USAGE_PROCESS;
}

static const char *effect_of(enum usage_kind kind)
{
	if (kind == USAGE_DISK)
		return _("that process would lose the disk while it works on it");
	if (kind == USAGE_SOUND || kind == USAGE_DISPLAY)
		return _("the kernel may wait for that process for ever while it takes the device");
	return _("that process would lose the device while it works with it");
}

/* udev opens what it has just found. logind opens every keyboard for its power key. Both close
 * what vanishes. */
static bool is_bystander(const struct survey_node *node, const char *command)
{
	if (!strcmp(command, "systemd-udevd") || !strcmp(command, "(udev-worker)"))
		return true;
	return after_prefix(node->name, "input/") &&
	       (!strcmp(command, "systemd-logind") || !strcmp(command, "acpid"));
}

/* Whose process it is, for " of …": a new string, "" for nobody's. */
static char *describe_owner(const struct owner *owner)
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

/* What ends the use, in words and as a command. Both are new; NULL without memory. */
static char *find_cure(const struct search *search, pid_t pid, const struct owner *owner,
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
		*ret_command = stop_user_unit(search->root, owner);
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

/* logind opens displays for those who log in, so the display manager is what lets go of them. */
static int correct_owner(const struct search *search, const struct survey_node *node,
			 struct owner *owner)
{
	auto_free char *manager = NULL;

	if (owner->kind != OWNER_PART || strcmp(owner->name, "systemd-logind.service") != 0 ||
	    kind_of(node) != USAGE_DISPLAY)
		return 0;
	manager = owner_display_manager(search->root);
	if (!manager)
		return 0;
	owner_free(owner);
	*owner = (struct owner){.kind = OWNER_UNIT, .unit = strdup(manager)};
	owner->name = TAKE_PTR(manager);
	return owner->unit ? 0 : -ENOMEM;
}

/* Takes WHAT over. */
static int add_owned(const struct search *search, const struct opener *opener, char *what,
		     struct owner *owner, struct usage *usage)
{
	enum usage_kind kind = kind_of(opener->node);
	char *stop = NULL, *how = find_cure(search, opener->pid, owner, &stop);
	int err = usage_add_command(usage, &opener->node->device->bdf, kind, what, effect_of(kind),
				    how, stop);

	if (err)
		return err;
	usage_last(usage)->unit = TAKE_PTR(owner->unit);
	usage_last(usage)->ctid = owner->kind == OWNER_CT ? owner->number : 0;
	usage_last(usage)->vital = kind == USAGE_DISPLAY || kind == USAGE_SOUND;
	return 0;
}

static int add_opener(const struct search *search, const struct opener *opener, struct usage *usage)
{
	auto_free char *command = process_command(search->root, opener->pid);
	auto_owner struct owner owner = {0};
	auto_free char *whose = NULL;
	int err;

	if (!command)
		return -ENOMEM;
	if (is_bystander(opener->node, command))
		return 0;
	err = owner_read(search->root, opener->pid, &owner);
	if (err)
		return err;
	whose = describe_owner(&owner);
	err = whose ? correct_owner(search, opener->node, &owner) : -ENOMEM;
	if (err)
		return err;
	return add_owned(search, opener,
			 fs_path(_("/dev/%s is open in process %d (%s)%s"), opener->node->name,
				 opener->pid, command, whose),
			 &owner, usage);
}

/* ---- containers ---- */

/* Whether a container that is given PATH is given the node. */
static bool covers(const char *path, size_t len, const char *node)
{
	while (len && path[len - 1] == '/')
		len--;
	return len > strlen("/dev") && !strncmp(path, "/dev/", strlen("/dev/")) &&
	       !strncmp(path + strlen("/dev/"), node, len - strlen("/dev/")) &&
	       strchr("/", node[len - strlen("/dev/")]);
}

/* The path on the host that a line of a container's config gives to it, and its length. */
static const char *given_path(const char *line, size_t *ret_len)
{
	const char *value = after_prefix(line, "lxc.mount.entry");
	unsigned int number;

	if (value) {
		value += strspn(value, " \t:=");
	} else {
		value = after_prefix(line, "dev");
		if (!value || !number_take(&value, &number) || *value++ != ':')
			return NULL;
		value += strspn(value, " \t");
		if (after_prefix(value, "path="))
			value = after_prefix(value, "path=");
	}
	*ret_len = strcspn(value, " \t,\n");
	return value;
}

static int add_container(unsigned int ctid, const struct survey_node *node, struct usage *usage)
{
	int err = usage_add_command(
		usage, &node->device->bdf, USAGE_CONTAINER,
		fs_path(_("container %u, which runs, is given /dev/%s by its config"), ctid,
			node->name),
		_("the container would lose the device, and not get it back before it is "
		  "started again"),
		fs_path(_("shut CT %u down, or stop it at once by pct stop %u"), ctid, ctid),
		fs_path("pct shutdown %u", ctid));

	if (!err)
		usage_last(usage)->ctid = ctid;
	return err;
}

static int look_at_config(const struct survey *survey, unsigned int ctid, char *text,
			  struct usage *usage)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		size_t len = 0;
		const char *path;

		if (*line == '[')
			break; /* the section of a snapshot */
		path = given_path(line, &len);
		for (size_t i = 0; path && i < survey->n_nodes; i++) {
			int err = covers(path, len, survey->nodes[i].name)
					  ? add_container(ctid, &survey->nodes[i], usage)
					  : 0;

			if (err)
				return err;
		}
	}
	return 0;
}

/* Containers that run have a control group of their number. */
static int find_containers(const struct fs_root *root, const struct survey *survey,
			   struct usage *usage)
{
	auto_names struct fs_names running = {0};
	int err = fs_list_dirs(root, "sys/fs/cgroup/lxc", &running);

	for (size_t i = 0; !err && i < running.n; i++) {
		auto_free char *path = NULL, *text = NULL;
		unsigned int ctid;

		if (!number_parse(running.items[i], &ctid))
			continue;
		path = fs_path("etc/pve/lxc/%u.conf", ctid);
		err = fs_read(root, path, CONFIG_MAX, &text, NULL);
		if (!err)
			err = look_at_config(survey, ctid, text, usage);
		else if (err == -ENOENT) /* of another manager than Proxmox VE */
			err = 0;
	}
	return err;
}

int usage_find_openers(const struct fs_root *root, const struct survey *survey, struct usage *usage)
{
	struct search search = {.root = root, .survey = survey};
	int err;

	if (!survey->n_nodes)
		return 0;
	err = process_each_node(root, look, &search);
	if (search.n)
		qsort(search.openers, search.n, sizeof(*search.openers), compare_openers);
	for (size_t i = 0; !err && i < search.n; i++)
		err = add_opener(&search, &search.openers[i], usage);
	free(search.openers);
	return err ? err : find_containers(root, survey, usage);
}
