// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/pci/host_memory.h"

#include <string.h>

#include "host/pci/pci.h"

#define NODES_DIR    "sys/devices/system/node"
#define POOLS_DIR    "sys/kernel/mm/hugepages"
#define ARCSTATS     "proc/spl/kstat/zfs/arcstats"
#define STATS_MAX    ((size_t)256 * 1024)
#define CPUS_MAX     8192
#define CPUS_IN_WORD 64

static const char *const pool_names[HOST_PAGE_SIZES] = {
	[HOST_PAGES_2M] = "hugepages-2048kB",
	[HOST_PAGES_1G] = "hugepages-1048576kB",
};

/* ---- texts ---- */

static bool parse_number(const char *text, uint64_t *ret)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno || end == text || *text == '-')
		return false;
	*ret = n;
	return true;
}

/* The number after NAME, which begins a line or follows a space; names end with ':' or ' '. */
static bool find_number(const char *text, const char *name, uint64_t *ret)
{
	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
		if (at == text || at[-1] == '\n' || at[-1] == ' ')
			return parse_number(at + strlen(name), ret);
	return false;
}

/* The second number of the line that begins with NAME: arcstats has a type in between. */
static bool find_stat(const char *text, const char *name, uint64_t *ret)
{
	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name)) {
		const char *rest = at + strlen(name);
		char *end;

		if ((at != text && at[-1] != '\n') || *rest != ' ')
			continue;
		(void)strtoul(rest, &end, 10);
		return end != rest && parse_number(end, ret);
	}
	return false;
}

/* A number that is all of a file; absent is 0. */
static int read_number(const struct fs_root *root, const char *path, uint64_t *ret)
{
	auto_free char *text = NULL;
	int err = path ? fs_read_attr(root, path, &text) : -ENOMEM;

	if (err)
		return fs_is_absent(err) ? 0 : err;
	return parse_number(text, ret) ? 0 : -EINVAL;
}

/* ---- all of the host ---- */

static int read_meminfo(const struct fs_root *root, struct host_memory *ret)
{
	auto_free char *text = NULL;
	int err = fs_read(root, "proc/meminfo", STATS_MAX, &text, NULL);

	if (err)
		return err;
	if (!find_number(text, "MemTotal:", &ret->kib) ||
	    !find_number(text, "MemAvailable:", &ret->available_kib))
		return -EINVAL;
	/* A kernel without huge pages has no such line. */
	if (!find_number(text, "Hugetlb:", &ret->pools_kib))
		ret->pools_kib = 0;
	return 0;
}

/* Down to its minimum, when memory is short (module/os/linux/zfs/arc_os.c, arc_shrinker_func). */
static int read_arc(const struct fs_root *root, struct host_memory *ret)
{
	auto_free char *text = NULL;
	uint64_t size, min;
	int err = fs_read(root, ARCSTATS, STATS_MAX, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	if (!find_stat(text, "size", &size) || !find_stat(text, "c_min", &min))
		return -EINVAL;
	ret->arc_kib = size > min ? (size - min) / 1024 : 0;
	return 0;
}

/* "always [madvise] never"; a kernel without has no file. */
static int read_thp(const struct fs_root *root, struct host_memory *ret)
{
	auto_free char *text = NULL;
	int err = fs_read_attr(root, "sys/kernel/mm/transparent_hugepage/enabled", &text);

	if (err && !fs_is_absent(err))
		return err;
	ret->no_thp = err || strstr(text, "[never]");
	return 0;
}

static int read_cmdline(const struct fs_root *root, struct host_memory *ret)
{
	auto_free char *text = NULL;
	int err = fs_read(root, "proc/cmdline", STATS_MAX, &text, NULL);

	if (err)
		return fs_is_absent(err) ? 0 : err;
	ret->pages_by_boot = strstr(text, "hugepages=");
	return 0;
}

/* ---- pools and nodes ---- */

static int read_pool(const struct fs_root *root, const char *dir, const char *name,
		     struct host_pool *ret)
{
	auto_free char *path = fs_path("%s/%s", dir, name);
	auto_free char *pages = fs_path("%s/%s/nr_hugepages", dir, name);
	auto_free char *unused = fs_path("%s/%s/free_hugepages", dir, name);
	int there = path ? fs_probe(root, path) : -ENOMEM, err;

	if (there <= 0)
		return there;
	ret->there = true;
	err = read_number(root, pages, &ret->pages);
	return err ? err : read_number(root, unused, &ret->free);
}

static int read_pools(const struct fs_root *root, const char *dir,
		      struct host_pool pools[HOST_PAGE_SIZES])
{
	int err = 0;

	for (size_t i = 0; i < HOST_PAGE_SIZES && !err; i++)
		err = read_pool(root, dir, pool_names[i], &pools[i]);
	return err;
}

static int read_node(const struct fs_root *root, const char *name, struct host_node *ret)
{
	auto_free char *meminfo = fs_path(NODES_DIR "/%s/meminfo", name), *text = NULL;
	auto_free char *cpulist = fs_path(NODES_DIR "/%s/cpulist", name);
	auto_free char *pools = fs_path(NODES_DIR "/%s/hugepages", name);
	int err = meminfo && cpulist && pools ? fs_read(root, meminfo, STATS_MAX, &text, NULL)
					      : -ENOMEM;

	if (!err && !find_number(text, "MemTotal:", &ret->kib))
		err = -EINVAL;
	if (!err)
		err = fs_read_attr(root, cpulist, &ret->cpus);
	return err ? err : read_pools(root, pools, ret->pools);
}

static int compare_nodes(const void *a, const void *b)
{
	const struct host_node *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int read_nodes(const struct fs_root *root, struct host_memory *ret)
{
	auto_names struct fs_names names = {0};
	int err = fs_list(root, NODES_DIR, &names);

	for (size_t i = 0; i < names.n && !err; i++) {
		const char *number = after_prefix(names.items[i], "node");
		struct host_node node = {0};

		if (!number || !number_parse(number, &node.id))
			continue;
		err = read_node(root, names.items[i], &node);
		if (!err && !array_grow(ret->nodes, ret->n_nodes))
			err = -ENOMEM;
		if (err)
			free(node.cpus);
		else
			ret->nodes[ret->n_nodes++] = node;
	}
	if (ret->n_nodes)
		qsort(ret->nodes, ret->n_nodes, sizeof(*ret->nodes), compare_nodes);
	return err;
}

int host_memory_read(const struct fs_root *root, struct host_memory *ret)
{
	int err;

	*ret = (struct host_memory){0};
	err = read_meminfo(root, ret);
	if (!err)
		err = read_arc(root, ret);
	if (!err)
		err = read_thp(root, ret);
	if (!err)
		err = read_cmdline(root, ret);
	if (!err)
		err = read_pools(root, POOLS_DIR, ret->pools);
	return err ? err : read_nodes(root, ret);
}

void host_memory_free(struct host_memory *memory)
{
	for (size_t i = 0; i < memory->n_nodes; i++)
		free(memory->nodes[i].cpus);
	free(memory->nodes);
	*memory = (struct host_memory){0};
}

int host_node_of(const struct fs_root *root, const struct bdf *bdf, int *ret)
{
	auto_free char *path = pci_path(bdf, "numa_node");
	auto_free char *text = NULL;
	unsigned int node;
	int err = path ? fs_read_attr(root, path, &text) : -ENOMEM;

	if (err && !fs_is_absent(err) && err != -ENODEV)
		return err;
	*ret = !err && number_parse(text, &node) ? (int)node : -1;
	return 0;
}

/* ---- pure ---- */

const struct host_node *host_memory_node(const struct host_memory *memory, unsigned int id)
{
	for (size_t i = 0; i < memory->n_nodes; i++)
		if (memory->nodes[i].id == id)
			return &memory->nodes[i];
	return NULL;
}

size_t host_memory_cpu_nodes(const struct host_memory *memory)
{
	size_t n = 0;

	for (size_t i = 0; i < memory->n_nodes; i++)
		n += memory->nodes[i].cpus[0] != '\0';
	return n;
}

struct cpus {
	uint64_t bits[CPUS_MAX / CPUS_IN_WORD];
};

/* FIRST-LAST or one number off the list, and the ',' after it. */
static bool take_range(const char **list, unsigned int *first, unsigned int *last)
{
	if (!number_take(list, first))
		return false;
	*last = *first;
	if (**list == '-') {
		++*list;
		if (!number_take(list, last))
			return false;
	}
	if (**list == ',')
		return *++*list != '\0';
	return !**list;
}

static bool parse_cpus(const char *list, struct cpus *ret)
{
	unsigned int first, last;

	*ret = (struct cpus){{0}};
	while (*list) {
		if (!take_range(&list, &first, &last) || last < first || last >= CPUS_MAX)
			return false;
		for (; first <= last; first++)
			ret->bits[first / CPUS_IN_WORD] |= (uint64_t)1 << first % CPUS_IN_WORD;
	}
	return true;
}

size_t cpulist_count(const char *list)
{
	struct cpus cpus;
	size_t n = 0;

	if (!parse_cpus(list, &cpus))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(cpus.bits); i++)
		n += (size_t)__builtin_popcountll(cpus.bits[i]);
	return n;
}

bool cpulist_within(const char *list, const char *of)
{
	struct cpus some, all;

	if (!parse_cpus(list, &some) || !parse_cpus(of, &all))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(some.bits); i++)
		if (some.bits[i] & ~all.bits[i])
			return false;
	return true;
}
