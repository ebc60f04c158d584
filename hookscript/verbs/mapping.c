// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/mapping.h"

#include "hookscript/plan/judge.h"
#include "hookscript/pve/cluster.h"
#include "hookscript/pve/exit.h"
#include "hookscript/verbs/commands.h"
#include "hookscript/verbs/mapping_find.h"
#include "hookscript/verbs/mapping_json.h"
#include "host/base/log.h"

#include <string.h>

/* How often another may change the mappings between reading and writing. */
#define ATTEMPTS 3

struct session {
	const struct fs_root *root;
	const struct mapping_options *options;
	struct cluster cluster;
	struct device_summaries devices; /* of this node */
	struct pvesh_mapping now;
	struct mapping_targets targets;
	struct mapping_change change;
	struct mapping_finder finder;
	bool partly; /* a node could not be asked */
};

static void free_session(struct session *s)
{
	cluster_free(&s->cluster);
	device_summaries_free(&s->devices);
	pvesh_mapping_free(&s->now);
	mapping_targets_free(&s->targets);
	mapping_change_free(&s->change);
	strbuf_free(&s->finder.notes);
	fs_names_free(&s->finder.kept);
}

static int refused(const char *why)
{
	log_error("%s", why ? why : _("out of memory"));
	return why ? EXIT_REFUSED : EXIT_FAILED;
}

/* What a finder returned. */
static int found(int err, const char *why)
{
	if (!err)
		return EXIT_DONE;
	return err == -EINVAL ? refused(why) : exit_failed(why ? why : log_strerror(err));
}

/* ---- what is asked for ---- */

static bool is_here(const struct session *s)
{
	const char *node = s->options->node;

	return !node || !strcmp(node, s->cluster.here);
}

static bool is_everywhere(const struct session *s)
{
	return s->options->node && !strcmp(s->options->node, "all");
}

/* Whether the lines that there are are set right. */
static bool is_mending(const struct session *s)
{
	return !s->options->n_addresses && !s->options->vfs_of;
}

static char *names_text(const struct fs_names *names)
{
	auto_strbuf struct strbuf text = {0};

	for (size_t i = 0; i < names->n; i++)
		strbuf_add_item(&text, "%s", names->items[i]);
	return strbuf_take(&text);
}

static int check_node(const struct session *s)
{
	const struct mapping_options *options = s->options;
	const char *node = options->node;
	auto_free char *names = names_text(&s->cluster.nodes), *why = NULL;

	if (is_here(s))
		return EXIT_DONE;
	if (!is_everywhere(s) && !fs_names_has(&s->cluster.nodes, node))
		why = fs_path(_("there is no node %s in this cluster; its nodes: %s"), node,
			      names ? names : "");
	else if (is_mending(s) || options->vfs_of || options->all_twins)
		why = fs_path(_("--node: only an address can be looked up on another node; on that "
				"node, run: pve-passthrough mapping %s%s%s%s"),
			      options->name, options->vfs_of ? " --vfs-of " : "",
			      options->vfs_of ? options->vfs_of : "",
			      options->all_twins ? " --all-twins ADDRESS" : "");
	else if (!is_everywhere(s) && fs_names_has(&s->cluster.gone, node))
		why = fs_path(_("node %s is offline"), node);
	else
		return EXIT_DONE;
	return refused(why);
}

static int check_request(struct session *s)
{
	const struct mapping_options *options = s->options;
	auto_free char *why = NULL;
	int err;

	if (!mapping_is_name(options->name)) {
		why = fs_path(_("'%s' cannot be the name of a mapping: it is a letter, and one or "
				"more letters, digits, '_' or '-'"),
			      options->name);
		return refused(why);
	}
	err = cluster_read(s->root, &s->cluster);
	if (err) {
		why = fs_path(_("the nodes of the cluster cannot be read from /%s: %s"),
			      CLUSTER_MEMBERS, log_strerror(err));
		return exit_failed(why);
	}
	if (s->cluster.no_quorum)
		return refused(_("the cluster has no quorum, so nothing can be written to "
				 "/etc/pve; see: pvecm status"));
	return check_node(s);
}

/* ---- what it names ---- */

static int read_devices(struct session *s)
{
	int err = device_summaries_read(s->root, &s->devices);

	if (!err)
		err = judge_devices(s->root, &s->devices);
	if (err) {
		log_error(_("the devices cannot be read from /sys: %s"), log_strerror(err));
		return EXIT_FAILED;
	}
	s->finder.root = s->root;
	s->finder.here = s->cluster.here;
	s->finder.name = s->options->name;
	s->finder.devices = &s->devices;
	s->finder.targets = &s->targets;
	return EXIT_DONE;
}

static int find_here(struct session *s)
{
	const struct mapping_options *options = s->options;
	int code = EXIT_DONE;

	if (options->vfs_of) {
		auto_free char *why = NULL;
		int err = mapping_find_vfs(&s->finder, options->vfs_of, &why);

		return found(err, why);
	}
	for (size_t i = 0; !code && i < options->n_addresses; i++) {
		auto_free char *why = NULL;
		int err = options->all_twins
				  ? mapping_find_twins(&s->finder, options->addresses[i], &why)
				  : mapping_find_here(&s->finder, options->addresses[i], &why);

		code = found(err, why);
	}
	return code;
}

/* Of --node all: a node that cannot be asked, or has no such device, leaves the others. */
static int skip(struct session *s, const char *node, const char *why)
{
	log_warning(_("node %s is left out: %s"), node, why ? why : _("out of memory"));
	s->partly = true;
	return EXIT_DONE;
}

/* TARGETS: those of this node, in the order of the addresses; NULL: not what was asked for. */
static int find_there(struct session *s, const char *node, const struct mapping_targets *targets)
{
	auto_pvesh_devices struct pvesh_devices devices = {0};
	auto_free char *unread = NULL;
	int code = EXIT_DONE;

	if (targets && fs_names_has(&s->cluster.gone, node))
		return skip(s, node, _("it is offline"));
	if (pvesh_read_devices(s->root, node, &devices, &unread))
		return targets ? skip(s, node, unread) : exit_failed(unread);
	for (size_t i = 0; !code && i < s->options->n_addresses; i++) {
		const struct pci_identity *like = targets ? &targets->items[i].identity : NULL;
		auto_free char *why = NULL;
		int err = mapping_find_there(&s->finder, node, &devices, s->options->addresses[i],
					     like, &why);

		code = err == -EINVAL && targets ? skip(s, node, why) : found(err, why);
	}
	return code;
}

static int find_everywhere(struct session *s)
{
	auto_mapping_targets struct mapping_targets here = {0};
	int code = find_here(s);

	for (size_t i = 0; !code && i < s->targets.n; i++)
		if (mapping_targets_add(&here, &s->targets.items[i]))
			return exit_failed(NULL);
	if (!code && here.n < s->options->n_addresses)
		return refused(_("an address is given twice"));
	for (size_t i = 0; !code && i < s->cluster.nodes.n; i++)
		if (strcmp(s->cluster.nodes.items[i], s->cluster.here) != 0)
			code = find_there(s, s->cluster.nodes.items[i], &here);
	return code;
}

static int find_targets(struct session *s)
{
	int code = is_here(s) || is_everywhere(s) ? read_devices(s) : EXIT_DONE;

	s->finder.targets = &s->targets;
	s->finder.name = s->options->name;
	if (code || is_mending(s))
		return code;
	if (is_everywhere(s))
		return find_everywhere(s);
	return is_here(s) ? find_here(s) : find_there(s, s->options->node, NULL);
}

/* ---- what becomes of the mapping ---- */

static int read_now(struct session *s)
{
	auto_free char *why = NULL;

	pvesh_mapping_free(&s->now);
	return pvesh_read_mapping(s->root, s->options->name, NULL, &s->now, &why) ? exit_failed(why)
										  : EXIT_DONE;
}

/* Of lines to be set right, their devices are found anew each time. */
static int find_lines(struct session *s)
{
	auto_free char *why = NULL;

	if (!is_mending(s))
		return EXIT_DONE;
	if (!s->now.exists) {
		why = fs_path(_("there is no mapping %s; to make it: pve-passthrough mapping %s "
				"ADDRESS"),
			      s->options->name, s->options->name);
		return refused(why);
	}
	mapping_targets_free(&s->targets);
	strbuf_free(&s->finder.notes);
	fs_names_free(&s->finder.kept);
	return mapping_find_lines(&s->finder, &s->now) ? exit_failed(NULL) : EXIT_DONE;
}

static int make_change(struct session *s)
{
	const struct mapping_options *options = s->options;
	const struct mapping_wish wish = {.name = options->name,
					  .targets = &s->targets,
					  .beside = options->alternative,
					  .twins = options->all_twins,
					  .mends = is_mending(s),
					  .kept = &s->finder.kept};
	int code = find_lines(s);

	if (code)
		return code;
	mapping_change_free(&s->change);
	if (mapping_make(&wish, &s->now, &s->change) ||
	    (!wish.mends && mapping_note_misfits(&s->finder, s->change.lines, s->change.n_lines,
						 &s->change.notes)) ||
	    s->finder.notes.failed || s->change.notes.failed)
		return exit_failed(NULL);
	return s->change.refusal && !options->json ? refused(s->change.refusal) : EXIT_DONE;
}

/* Whether it is as asked, for programs. */
static int say_in_json(const struct session *s)
{
	if (mapping_print_json(s->options->name, &s->now, &s->finder.notes, &s->change))
		return exit_failed(NULL);
	return s->change.refusal || s->change.command ? EXIT_REFUSED : EXIT_DONE;
}

static void print_notes(const struct strbuf *notes)
{
	const char *rest = notes->text;

	while (rest && *rest) {
		size_t len = strcspn(rest, "\n");

		log_info("- %.*s", (int)len, rest);
		rest += len + (rest[len] == '\n');
	}
}

static void print_change(const struct session *s)
{
	const char *name = s->options->name;
	bool noted = s->finder.notes.len || s->change.notes.len;

	if (!s->change.command)
		log_info(noted ? _("nothing in mapping %s would be changed, but:")
			       : _("mapping %s is as it should be"),
			 name);
	else
		log_info(s->now.exists ? _("mapping %s would be changed:")
				       : _("mapping %s would be made:"),
			 name);
	print_notes(&s->finder.notes);
	print_notes(&s->change.notes);
	if (s->change.command)
		commands_print(s->change.command);
	for (char *const *const *then = s->options->then; then && *then; then++)
		commands_print(*then);
}

/* Whether another has changed the mappings since they were read; an error is reported. */
static bool has_changed(struct session *s)
{
	auto_free char *digest = TAKE_PTR(s->now.digest);
	bool existed = s->now.exists;

	if (read_now(s))
		return false;
	return existed != s->now.exists || !digest != !s->now.digest ||
	       (digest && strcmp(digest, s->now.digest) != 0);
}

/* Returns EXIT_DONE; EXIT_PARTLY: it is to be shown anew; EXIT_FAILED. */
static int write_mapping(struct session *s)
{
	int err;

	if (!s->change.command)
		return EXIT_DONE;
	err = commands_run(s->root, s->change.command, pvesh_limit_ms);
	if (!err)
		return EXIT_DONE;
	if (err == -ETIMEDOUT)
		log_error(_("whether it was written is not known; see: pvesh get "
			    "/cluster/mapping/pci/%s"),
			  s->options->name);
	if (err != -EIO || !has_changed(s))
		return EXIT_FAILED;
	log_warning(_("the mappings were changed by another meanwhile; they were read again"));
	return EXIT_PARTLY;
}

/* ---- afterwards ---- */

static bool has_lines(const struct pvesh_mapping *mapping, const struct mapping_change *change)
{
	bool same = mapping->n_lines == change->n_lines;

	for (size_t i = 0; same && i < change->n_lines; i++)
		same = !strcmp(mapping->lines[i], change->lines[i]);
	return same;
}

static int check_written(const struct session *s, const char *node)
{
	auto_pvesh_mapping struct pvesh_mapping mapping = {0};
	const char *name = s->options->name;
	auto_free char *why = NULL;

	if (pvesh_read_mapping(s->root, name, node, &mapping, &why))
		return exit_failed(why);
	if (!has_lines(&mapping, &s->change)) {
		log_error(_("mapping %s was not written as shown; see: pvesh get "
			    "/cluster/mapping/pci/%s"),
			  name, name);
		return EXIT_FAILED;
	}
	/* What is on vfio-pci provides no mediated devices. */
	if (!mapping.errors || s->finder.mdev)
		return EXIT_DONE;
	log_error(_("node %s: Proxmox VE finds fault with mapping %s: %s; look again on that "
		    "node: pve-passthrough mapping %s"),
		  node, name, mapping.errors, name);
	return EXIT_FAILED;
}

/* Each node that has a new line, once. */
static int check_nodes(const struct session *s)
{
	auto_names struct fs_names nodes = {0};
	int code = EXIT_DONE;

	for (size_t i = 0; i < s->targets.n; i++)
		if (fs_names_add(&nodes, s->targets.items[i].node))
			return exit_failed(NULL);
	for (size_t i = 0; s->change.command && i < nodes.n; i++)
		if (check_written(s, nodes.items[i]))
			code = EXIT_FAILED;
	return code;
}

static int carry_out(struct session *s)
{
	int code = write_mapping(s);

	if (code)
		return code;
	code = check_nodes(s);
	for (char *const *const *then = s->options->then; !code && then && *then; then++)
		if (commands_run(s->root, *then, 0))
			code = EXIT_FAILED;
	if (code)
		return EXIT_FAILED;
	if (!s->options->then)
		log_info(_("mapping %s is good; a VM gets a device of it by: hostpciN "
			   "mapping=%s"),
			 s->options->name, s->options->name);
	return EXIT_DONE;
}

/* Shows and asks, again when another was faster. */
static int settle(struct session *s)
{
	const struct command_rights rights = {.run = s->options->run, .yes = s->options->yes};
	int code = read_now(s);

	for (int attempt = 0; !code && attempt < ATTEMPTS; attempt++) {
		code = make_change(s);
		if (code)
			return code;
		if (s->options->json)
			return say_in_json(s);
		print_change(s);
		if (!s->change.command && !s->options->then)
			return EXIT_DONE;
		if (!commands_may_run(&rights))
			return EXIT_REFUSED;
		code = carry_out(s);
		if (code != EXIT_PARTLY)
			return code;
		code = EXIT_DONE;
	}
	return EXIT_FAILED;
}

int mapping_run(const struct fs_root *root, const struct mapping_options *options)
{
	cleanup_with(free_session) struct session s = {.root = root, .options = options};
	int code = check_request(&s);

	if (!code)
		code = find_targets(&s);
	if (!code)
		code = settle(&s);
	return !code && s.partly ? EXIT_PARTLY : code;
}
