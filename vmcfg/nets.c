// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcfg/nets.h"

#include <string.h>

#include "vmcfg/text/text.h"

/* Calls LOOK for each line of the main section: its key, and its value, without white space around
 * them. */
static int each_line(const char *text, size_t len,
		     int (*look)(struct text key, struct text value, void *arg), void *arg)
{
	struct text rest = {text, len}, line;
	int err = 0;

	while (!err && text_next(&rest, '\n', &line)) {
		struct text key;

		line = text_trim(line);
		if (line.len && *line.at == '[')
			break;
		if (!line.len || *line.at == '#' || !text_next(&line, ':', &key) || !line.at)
			continue;
		err = look(text_trim(key), text_trim(line), arg);
	}
	return err;
}

/* ---- netN ---- */

static bool is_net(struct text key)
{
	return text_take(&key, "net") && text_take_digits(&key) && !key.len;
}

static bool take_mac(struct text value, uint8_t ret[MAC_SIZE])
{
	char text[MAC_TEXT_SIZE] = "";

	if (value.len >= sizeof(text))
		return false;
	memcpy(text, value.at, value.len);
	return mac_parse(text, ret);
}

/* Of VMs "virtio=MAC,bridge=vmbr0", or "model=virtio,macaddr=MAC"; of containers "hwaddr=MAC". */
static int add_net(struct text key, struct text value, void *arg)
{
	struct guest_nets *nets = arg;
	struct guest_net net = {.bridge = NULL};
	struct text part, name;
	bool has_mac = false;
	int err = 0;

	if (!is_net(key))
		return 0;
	while (!err && text_next(&value, ',', &part)) {
		if (!text_next(&part, '=', &name) || !part.at)
			continue;
		if (text_is(name, "bridge") && !net.bridge)
			err = text_copy(text_trim(part), &net.bridge);
		else
			has_mac |= take_mac(part, net.mac);
	}
	if (!err && has_mac && net.bridge) {
		err = array_grow(nets->items, nets->n) ? 0 : -ENOMEM;
		if (!err) {
			nets->items[nets->n++] = net;
			return 0;
		}
	}
	free(net.bridge);
	return err;
}

int guest_nets_parse(const char *text, size_t len, struct guest_nets *ret)
{
	return each_line(text, len, add_net, ret);
}

void guest_nets_free(struct guest_nets *nets)
{
	for (size_t i = 0; i < nets->n; i++)
		free(nets->items[i].bridge);
	free(nets->items);
	*nets = (struct guest_nets){0};
}

/* ---- smbios1 ---- */

/* The last line counts, as it does for Proxmox VE. */
static int take_uuid(struct text key, struct text value, void *arg)
{
	char **ret = arg;
	struct text part;

	if (!text_is(key, "smbios1"))
		return 0;
	free(TAKE_PTR(*ret));
	while (text_next(&value, ',', &part)) {
		if (!text_take(&part, "uuid=") || !text_is_uuid(part))
			continue;
		*ret = text_dup(part);
		if (!*ret)
			return -ENOMEM;
		break;
	}
	for (char *c = *ret; c && *c; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	return 0;
}

int guest_uuid_parse(const char *text, size_t len, char **ret)
{
	auto_free char *uuid = NULL;
	int err = each_line(text, len, take_uuid, &uuid);

	if (!err)
		*ret = TAKE_PTR(uuid);
	return err;
}
