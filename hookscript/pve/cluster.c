// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/pve/cluster.h"

#include "hookscript/pve/pve.h"

#include <json-c/json.h>

#define MEMBERS_MAX ((size_t)1024 * 1024)

static void release(struct json_object **json)
{
	json_object_put(*json);
}

static int add_nodes(struct json_object *list, struct cluster *cluster)
{
	int err = 0;

	json_object_object_foreach(list, name, node)
	{
		struct json_object *online = NULL;

		if (err || !pve_is_node_name(name))
			continue;
		err = fs_names_add(&cluster->nodes, name);
		if (!err && json_object_object_get_ex(node, "online", &online) &&
		    !json_object_get_int(online))
			err = fs_names_add(&cluster->gone, name);
	}
	return err;
}

static int read_members(const char *text, struct cluster *cluster)
{
	cleanup_with(release) struct json_object *json = json_tokener_parse(text);
	struct json_object *part, *quorate;

	if (!json_object_is_type(json, json_type_object))
		return -EBADMSG;
	if (json_object_object_get_ex(json, "cluster", &part) &&
	    json_object_object_get_ex(part, "quorate", &quorate))
		cluster->no_quorum = !json_object_get_int(quorate);
	if (!json_object_object_get_ex(json, "nodelist", &part))
		return 0;
	return json_object_is_type(part, json_type_object) ? add_nodes(part, cluster) : -EBADMSG;
}

static int list_directories(const struct fs_root *root, struct cluster *cluster)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, "etc/pve/nodes", &names);

	for (size_t i = 0; !err && i < names.n; i++)
		if (pve_is_node_name(names.items[i]))
			err = fs_names_add(&cluster->nodes, names.items[i]);
	return err;
}

int cluster_read(const struct fs_root *root, struct cluster *ret)
{
	auto_cluster struct cluster cluster = {0};
	auto_free char *text = NULL;
	int err = pve_node_name(root, &cluster.here);

	if (err)
		return err;
	err = fs_read(root, CLUSTER_MEMBERS, MEMBERS_MAX, &text, NULL);
	if (!err)
		err = read_members(text, &cluster);
	else if (fs_is_absent(err))
		err = list_directories(root, &cluster);
	if (!err && !fs_names_has(&cluster.nodes, cluster.here))
		err = fs_names_add(&cluster.nodes, cluster.here);
	if (err)
		return err;
	*ret = cluster;
	cluster = (struct cluster){0};
	return 0;
}

void cluster_free(struct cluster *cluster)
{
	free(cluster->here);
	fs_names_free(&cluster->nodes);
	fs_names_free(&cluster->gone);
	*cluster = (struct cluster){0};
}
