// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include "host/process/ids.h"
#include "host/usage/open_search.h"
#include "host/usage/owner_cure.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Of so many processes that could not be looked at it is asked whether they have a right to open a
 * node; of more, whether they are root's. */
#define ASKED_MAX 64

struct search {
	const struct fs_root *root;
	const struct survey *survey;
};

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

/*
 * udev opens what it has just found. logind opens every keyboard for its power key. Both close what
 * vanishes. Any process can have their names, but only root puts one into their control groups.
 */
static bool is_bystander(const struct search *search, const struct opener *opener,
			 const struct owner *owner)
{
	static const struct {
		const char *unit, *nodes;
	} rows[] = {
		{"systemd-udevd.service", ""},
		{"systemd-logind.service", "input/"},
		{"acpid.service", "input/"},
	};

	for (size_t i = 0; owner->name && i < ARRAY_SIZE(rows); i++)
		if ((owner->kind == OWNER_PART || owner->kind == OWNER_UNIT) &&
		    !strcmp(owner->name, rows[i].unit) &&
		    after_prefix(opener->node->name, rows[i].nodes))
			return process_is_roots(search->root, opener->pid);
	return false;
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
	char *stop = NULL, *how = owner_cure(search->root, opener->pid, owner, &stop);
	int err = usage_add_command(usage, &opener->node->device->bdf, kind, what, effect_of(kind),
				    how, stop);

	if (err)
		return err;
	usage_last(usage)->unit = TAKE_PTR(owner->unit);
	usage_last(usage)->ctid = owner->kind == OWNER_CT ? owner->number : 0;
	usage_last(usage)->vital = kind == USAGE_DISPLAY || kind == USAGE_SOUND;
	return usage_name(usage, fs_path("/dev/%s", opener->node->name));
}

/* ---- as whom a process runs ---- */

/* Whom the node belongs to; and whether others may open it, too, or that is unknown. */
static bool read_owner(const struct fs_root *root, const struct survey_node *node,
		       struct owner_ids *ret)
{
	auto_free char *path = fs_path("dev/%s", node->name);
	auto_close int fd = fs_open(root, path, O_PATH, 0);
	auto_free char *link = fs_path("/proc/self/fd/%d", fd);
	struct stat st = {0};

	*ret = (struct owner_ids){0};
	if (fd < 0)
		return !fs_is_absent(fd);
	if (!link || fs_stat(root, fd, &st))
		return true;
	*ret = (struct owner_ids){st.st_uid, st.st_gid};
	return st.st_mode & (S_IROTH | S_IWOTH) ||
	       getxattr(link, "system.posix_acl_access", NULL, 0) > 0;
}

static bool may_open(const struct search *search, pid_t pid, const struct survey_node *node)
{
	struct owner_ids ids;

	return read_owner(search->root, node, &ids) || process_may_be(search->root, pid, &ids, 1);
}

/* The users and groups that own nodes of the survey, each once. Returns 0 or -ENOMEM. */
static int read_owners(const struct search *search, struct owner_ids **ret, size_t *ret_n)
{
	auto_free struct owner_ids *ids = NULL;
	size_t n = 0;

	for (size_t i = 0; i < search->survey->n_nodes; i++) {
		struct owner_ids one;
		size_t k = 0;

		read_owner(search->root, &search->survey->nodes[i], &one);
		while (k < n && (ids[k].uid != one.uid || ids[k].gid != one.gid))
			k++;
		if (k < n)
			continue;
		if (!array_grow(ids, n))
			return -ENOMEM;
		ids[n++] = one;
	}
	*ret = TAKE_PTR(ids);
	*ret_n = n;
	return 0;
}

/* ---- findings ---- */

static char *describe_opener(const struct opener *opener, const char *command, const char *whose)
{
	const char *name = opener->node->name;

	switch (opener->how) {
	case OPENER_OPEN: break;
	case OPENER_MAPPED:
		return fs_path(_("/dev/%s is mapped in process %d (%s)%s"), name, opener->pid,
			       command, whose);
	case OPENER_RING:
		return fs_path(_("process %d (%s)%s has files registered with io_uring, one of "
				 "which may be /dev/%s"),
			       opener->pid, command, whose, name);
	}
	return fs_path(_("/dev/%s is open in process %d (%s)%s"), name, opener->pid, command,
		       whose);
}

static int add_opener(const struct search *search, const struct opener *opener, struct usage *usage)
{
	auto_free char *command = process_command(search->root, opener->pid);
	auto_owner struct owner owner = {0};
	auto_free char *whose = NULL;
	int err;

	if (!command)
		return -ENOMEM;
	err = owner_read(search->root, opener->pid, &owner);
	if (err)
		return err;
	if (is_bystander(search, opener, &owner))
		return 0;
	whose = owner_describe(&owner);
	err = whose ? correct_owner(search, opener->node, &owner) : -ENOMEM;
	if (err)
		return err;
	err = add_owned(search, opener, describe_opener(opener, command, whose), &owner, usage);
	err = err ?: usage_name_process(usage, opener->pid, command);
	if (!err && opener->how == OPENER_RING)
		usage_last(usage)->harmless = !may_open(search, opener->pid, opener->node);
	return err;
}

/* A process that could not be looked at: what it has open is unknown. */
static int add_unfinished(const struct search *search, const struct unfinished *one, bool harmless,
			  struct usage *usage)
{
	pid_t pid = one->process.pid;
	auto_free char *command = process_command(search->root, pid);
	const struct usage_device *device = search->survey->nodes[0].device;
	int err = command ? usage_add_command(
				    usage, &device->bdf, USAGE_PROCESS,
				    one->err == -ETIME
					    ? fs_path(_("what process %d (%s) has open could not "
							"be looked at in time"),
						      pid, command)
					    : fs_path(_("what process %d (%s) has open cannot be "
							"read: %s"),
						      pid, command, strerror(-one->err)),
				    harmless ? _("it has no right to open the device, so it does "
						 "not count")
					     : _("it may have the device open, so that counts as "
						 "in use"),
				    strdup(_("end it; what it is")),
				    fs_path("systemctl status %d", pid))
			  : -ENOMEM;

	if (err)
		return err;
	usage_last(usage)->harmless = harmless;
	return usage_name_process(usage, pid, command);
}

/*
 * An ordinary user can open so many files that there is no time for them, and must not be able to
 * stop VMs with that. Errors are not the user's doing; and a process may have a node open without
 * a right to open it, as a display server that was handed it by logind.
 */
static int add_all_unfinished(const struct search *search, const struct open_search *found,
			      struct usage *usage)
{
	auto_free struct owner_ids *ids = NULL;
	size_t n = 0;
	int err = found->n_unfinished ? read_owners(search, &ids, &n) : 0;

	for (size_t i = 0; !err && i < found->n_unfinished; i++) {
		const struct unfinished *one = &found->unfinished[i];
		bool counts = one->err != -ETIME ||
			      (i < ASKED_MAX
				       ? process_may_be(search->root, one->process.pid, ids, n)
				       : one->process.rank == PROCESS_ROOT);

		if (counts || i < ASKED_MAX)
			err = add_unfinished(search, one, !counts, usage);
	}
	return err;
}

int usage_find_openers(const struct fs_root *root, const struct survey *survey, struct usage *usage)
{
	const struct search search = {.root = root, .survey = survey};
	auto_open_search struct open_search found = {0};
	int err;

	if (!survey->n_nodes)
		return 0;
	err = open_search(root, survey, &found);
	for (size_t i = 0; !err && i < found.n; i++)
		err = add_opener(&search, &found.items[i], usage);
	return err ? err : add_all_unfinished(&search, &found, usage);
}
