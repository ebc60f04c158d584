// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/searches.h"

#include <string.h>

/* As in disk_uses.c. */
#define DEPTH_MAX 8

static bool parse_numbers(const char *text, struct survey_node *node)
{
	return number_take(&text, &node->major) && *text++ == ':' &&
	       number_parse(text, &node->minor);
}

static int add_holders(const struct fs_root *root, const struct usage_device *device,
		       const char *dir, int depth, struct survey *survey);

static int add_holder(const struct fs_root *root, const struct usage_device *device,
		      const char *name, int depth, struct survey *survey)
{
	auto_free char *dir = fs_path("sys/class/block/%s", name);
	auto_free char *dev_path = fs_path("%s/dev", dir ? dir : "");
	auto_free char *numbers = NULL;
	struct survey_node node = {.device = device, .block = true};
	int err = dir ? fs_read_attr(root, dev_path, &numbers) : -ENOMEM;

	if (err)
		return fs_is_absent(err) ? 0 : err; /* it has gone meanwhile */
	if (!parse_numbers(numbers, &node) || survey_has_node(survey, &node))
		return 0;
	node.path = strdup(dir);
	node.name = strdup(name);
	err = survey_add_node(survey, &node);
	return err ? err : add_holders(root, device, dir, depth + 1, survey);
}

static int add_holders(const struct fs_root *root, const struct usage_device *device,
		       const char *dir, int depth, struct survey *survey)
{
	auto_free char *path = fs_path("%s/holders", dir);
	auto_names struct fs_names names = {0};
	int err = depth < DEPTH_MAX ? fs_list(root, path, &names) : 0;

	for (size_t i = 0; !err && i < names.n; i++)
		err = add_holder(root, device, names.items[i], depth, survey);
	return err;
}

/* Whether the host runs from the device, so that it cannot be taken whoever else uses it. */
static bool is_vital(const struct usage *usage, const struct usage_device *device)
{
	for (size_t i = 0; i < usage->n; i++)
		if (usage->items[i].kind == USAGE_DISK && usage->items[i].vital &&
		    !bdf_compare(&usage->items[i].bdf, &device->bdf))
			return true;
	return false;
}

int usage_survey_holders(const struct fs_root *root, const struct usage *usage,
			 struct survey *survey)
{
	size_t n = survey->n_nodes;
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		const struct usage_device *device = survey->nodes[i].device;
		auto_free char *dir = strdup(survey->nodes[i].path);

		if (!dir)
			return -ENOMEM;
		if (survey->nodes[i].block && !is_vital(usage, device))
			err = add_holders(root, device, dir, 0, survey);
	}
	return err;
}
