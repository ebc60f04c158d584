// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/picture/attached.h"

#include "host/base/log.h"
#include "host/pci/pci.h"
#include "host/usage/survey.h"

#include <string.h>

/* What "size" of a disk counts in, whatever its own blocks are. */
#define SECTOR_BYTES 512

static void free_item(struct attached_item *part)
{
	free(part->path);
	free(part->name);
	free(part->model);
}

/* Takes PART's texts over. */
static int add(struct attached *attached, struct attached_item part)
{
	if (!part.name || !array_grow(attached->items, attached->n)) {
		free_item(&part);
		return -ENOMEM;
	}
	attached->items[attached->n++] = part;
	return 0;
}

static bool is_below(const char *path, const char *above)
{
	const char *rest = after_prefix(path, above);

	return rest && *rest == '/';
}

/* Whether it is a part of the last USB device of the list, such as the disk of a stick. */
static bool is_inside(const struct attached *attached, const char *path)
{
	for (size_t i = attached->n; i--;)
		if (attached->items[i].kind == ATTACHED_USB)
			return is_below(path, attached->items[i].path);
	return false;
}

/* Without the blanks that SCSI fills its names up with. NULL when nothing is left. */
static char *trimmed(char *text)
{
	size_t len = text ? strlen(text) : 0;

	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
	if (text && !len)
		free(TAKE_PTR(text));
	return text;
}

/* A name is left out where it cannot be read: the disk is shown all the same. */
static int add_disk(const struct fs_root *root, const struct survey_node *node,
		    struct attached *attached)
{
	auto_free char *model_path = fs_path("%s/device/model", node->path);
	auto_free char *head_path = fs_path("%s/model", node->path);
	auto_free char *size_path = fs_path("%s/size", node->path);
	auto_free char *size = NULL;
	char *model = NULL;

	if (fs_read_attr(root, model_path, &model) && fs_read_attr(root, head_path, &model))
		model = NULL;
	if (fs_read_attr(root, size_path, &size))
		size = NULL;
	return add(attached, (struct attached_item){
				     .kind = ATTACHED_DISK,
				     .path = strdup(node->path),
				     .name = strdup(node->name),
				     .model = trimmed(model),
				     .bytes = size ? strtoull(size, NULL, 10) * SECTOR_BYTES : 0,
				     .inside = is_inside(attached, node->path),
			     });
}

/* Root hubs, "usb1", are the controller itself. */
static int add_usb(const struct survey_node *node, struct attached *attached)
{
	const char *name = strrchr(node->path, '/') + 1;

	if (!strchr(name, '-'))
		return 0;
	return add(attached, (struct attached_item){.kind = ATTACHED_USB,
						    .path = strdup(node->path),
						    .name = strdup(name)});
}

static int add_found(const struct fs_root *root, const struct survey *survey,
		     struct attached *attached)
{
	int err = 0;

	for (size_t i = 0; !err && i < survey->n_nodes; i++) {
		const struct survey_node *node = &survey->nodes[i];

		if (node->block && !node->partition)
			err = add_disk(root, node, attached);
		else if (!node->block && after_prefix(node->name, "bus/usb/"))
			err = add_usb(node, attached);
	}
	for (size_t i = 0; !err && i < survey->n_nets; i++)
		if (survey->nets[i].name)
			err = add(attached,
				  (struct attached_item){.kind = ATTACHED_NETWORK,
							 .path = strdup(survey->nets[i].path),
							 .name = strdup(survey->nets[i].name)});
	return err;
}

int attached_read(const struct fs_root *root, const struct bdf *bdf, struct attached *ret)
{
	const struct usage_device device = {.bdf = *bdf};
	auto_survey struct survey survey = {0};
	auto_attached struct attached attached = {0};
	int err = survey_device(root, &device, &survey);

	if (err && err != -ENOMEM)
		err = add(&attached, (struct attached_item){.kind = ATTACHED_UNKNOWN,
							    .name = strdup(log_strerror(err))});
	else if (!err)
		err = add_found(root, &survey, &attached);
	if (err)
		return err;
	*ret = attached;
	attached = (struct attached){0};
	return 0;
}

void attached_free(struct attached *attached)
{
	for (size_t i = 0; i < attached->n; i++)
		free_item(&attached->items[i]);
	free(attached->items);
	*attached = (struct attached){0};
}
