// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/net/cluster.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r"

/* ---- addresses ---- */

/* The family of ADDRESS, and its bytes; 0: it is none. */
static int parse(const char *address, unsigned char ret[sizeof(struct in6_addr)])
{
	if (inet_pton(AF_INET, address, ret) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, address, ret) == 1 ? AF_INET6 : 0;
}

bool cluster_link_has(const struct cluster_link *link, const char *address)
{
	unsigned char wanted[sizeof(struct in6_addr)] = {0};
	int family = parse(address, wanted);

	for (size_t i = 0; family && i < link->addresses.n; i++) {
		unsigned char bytes[sizeof(struct in6_addr)] = {0};

		if (parse(link->addresses.items[i], bytes) == family &&
		    !memcmp(bytes, wanted, sizeof(bytes)))
			return true;
	}
	return false;
}

/* Adds what a line of hosts(5), which is cut, has for NAME. */
static int add_host(char *line, const char *name, struct fs_names *ret)
{
	char *rest = line + strspn(line, BLANKS), *address, *word;
	unsigned char bytes[sizeof(struct in6_addr)];

	rest[strcspn(rest, "#")] = '\0';
	address = strsep(&rest, BLANKS);
	if (!parse(address, bytes))
		return 0;
	while ((word = strsep(&rest, BLANKS)))
		if (!strcasecmp(word, name))
			return fs_names_add(ret, address);
	return 0;
}

static int add_hosts(const char *hosts, const char *name, struct fs_names *ret)
{
	auto_free char *text = strdup(hosts);
	char *rest = text, *line;
	int err = text ? 0 : -ENOMEM;

	while (!err && (line = strsep(&rest, "\n")))
		err = add_host(line, name, ret);
	return err;
}

static int add_link(const char *value, const char *hosts, struct cluster_links *links)
{
	struct cluster_link link = {.value = strdup(value)};
	unsigned char bytes[sizeof(struct in6_addr)];
	int err = !link.value		? -ENOMEM
		  : parse(value, bytes) ? fs_names_add(&link.addresses, value)
					: add_hosts(hosts, value, &link.addresses);

	if (!err && !array_grow(links->items, links->n))
		err = -ENOMEM;
	if (err) {
		free(link.value);
		fs_names_free(&link.addresses);
		return err;
	}
	links->items[links->n++] = link;
	return 0;
}

/* ---- the nodes ---- */

/* The node that is read: its name (NULL: it has none), and what its links have. */
struct node {
	char *name;
	struct fs_names values;
};

static void node_free(struct node *node)
{
	free(node->name);
	fs_names_free(&node->values);
	*node = (struct node){0};
}

/* Whether KEY is "ring0_addr", of whatever number. */
static bool is_link_key(const char *key)
{
	unsigned int number;

	key = after_prefix(key, "ring");
	return key && number_take(&key, &number) && !strcmp(key, "_addr");
}

/* Takes a line "KEY: VALUE", which is cut. */
static int take_line(char *line, struct node *node)
{
	char *value = strchr(line, ':');

	if (!value)
		return 0;
	*value++ = '\0';
	line[strcspn(line, BLANKS)] = '\0';
	value += strspn(value, BLANKS);
	value[strcspn(value, BLANKS)] = '\0';
	if (is_link_key(line))
		return fs_names_add(&node->values, value);
	if (strcmp(line, "name") != 0)
		return 0;
	free(node->name);
	node->name = strdup(value);
	return node->name ? 0 : -ENOMEM;
}

/* Adds the links of the nodes called NAME; NULL: of all. */
static int add_links(const char *conf, const char *hosts, const char *name,
		     struct cluster_links *links)
{
	cleanup_with(node_free) struct node node = {0};
	auto_free char *text = strdup(conf);
	char *rest = text, *line;
	int err = text ? 0 : -ENOMEM;

	while (!err && (line = strsep(&rest, "\n"))) {
		bool end = strchr(line, '}') || !rest;

		line += strspn(line, BLANKS);
		if (*line == '#')
			continue;
		err = take_line(line, &node);
		if (err || !end)
			continue;
		if (!name || (node.name && !strcasecmp(node.name, name)))
			for (size_t i = 0; !err && i < node.values.n; i++)
				err = add_link(node.values.items[i], hosts, links);
		node_free(&node);
	}
	return err;
}

int cluster_links_parse(const char *conf, const char *hosts, const char *name,
			struct cluster_links *ret)
{
	auto_cluster_links struct cluster_links links = {0};
	int err = add_links(conf, hosts, name, &links);

	if (!err && !links.n)
		err = add_links(conf, hosts, NULL, &links);
	if (err)
		return err;
	*ret = links;
	links = (struct cluster_links){0};
	return 0;
}

void cluster_links_free(struct cluster_links *links)
{
	for (size_t i = 0; i < links->n; i++) {
		free(links->items[i].value);
		fs_names_free(&links->items[i].addresses);
	}
	free(links->items);
	*links = (struct cluster_links){0};
}
