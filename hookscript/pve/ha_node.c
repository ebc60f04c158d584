// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/ha_node.h"

#include "hookscript/pve/cluster.h"
#include "hookscript/pve/exit.h"
#include "hookscript/pve/ha.h"
#include "host/base/log.h"
#include "host/text/strbuf.h"

#include <json-c/json.h>
#include <string.h>

#define STATUS_MAX ((size_t)8 * 1024 * 1024)

static void release(struct json_object **json)
{
	json_object_put(*json);
}

/* Whether NODE is in maintenance, as the HA manager has written it: node_status in manager_status
 * (pve-ha-manager, PVE/HA/NodeStatus.pm). Returns 1; 0, also where HA has never run; -EBADMSG when
 * the file cannot be understood; -errno. */
static int is_in_maintenance(const struct fs_root *root, const char *node)
{
	cleanup_with(release) struct json_object *status = NULL;
	struct json_object *nodes = NULL, *state = NULL;
	auto_free char *text = NULL;
	int err = fs_read(root, HA_STATUS, STATUS_MAX, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	status = json_tokener_parse(text);
	if (!json_object_is_type(status, json_type_object))
		return -EBADMSG;
	if (!json_object_object_get_ex(status, "node_status", &nodes) ||
	    !json_object_is_type(nodes, json_type_object) ||
	    !json_object_object_get_ex(nodes, node, &state) ||
	    !json_object_is_type(state, json_type_string))
		return 0;
	return !strcmp(json_object_get_string(state), "maintenance");
}

static void say(const struct fs_names *resources, const char *node)
{
	auto_strbuf struct strbuf list = {0};

	for (size_t i = 0; i < resources->n; i++)
		strbuf_add_item(&list, "%s", resources->items[i]);
	log_error(
		_("refused: HA manages %s on this node, and --confirm-within may reboot it\n"
		  "first: ha-manager crm-command node-maintenance enable %s\n"
		  "once the change is confirmed: ha-manager crm-command node-maintenance disable %s"),
		list.text ? list.text : "", node, node);
}

int ha_node_refuse(const struct fs_root *root)
{
	auto_names struct fs_names resources = {0};
	auto_cluster struct cluster cluster = {0};
	int err = ha_list_here(root, &resources);
	int away = 0;

	if (!err && !resources.n)
		return 0;
	err = err ?: cluster_read(root, &cluster);
	if (!err)
		away = is_in_maintenance(root, cluster.here);
	if (err || away < 0) {
		log_error(_("refused: what HA does on this node could not be read: %s"),
			  log_strerror(err ? err : away));
		return EXIT_REFUSED;
	}
	if (!away)
		say(&resources, cluster.here);
	return away ? 0 : EXIT_REFUSED;
}
