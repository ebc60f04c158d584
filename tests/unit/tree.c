// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#define STATE_FOLDER  "run/pve-passthrough"
#define COUNTS_FOLDER "var/lib/pve-passthrough/returns"

/* The process that runs the tests; cmocka can fail a test in no other. */
static pid_t test_process;

static void must(bool good, const char *what, const char *path)
{
	if (good)
		return;
	if (getpid() != test_process)
		abort();
	fail_msg("tree: %s %s: %s", what, path, strerror(errno));
}

/* The path outside of the tree: the kernel of these tests follows no link of the tree. */
static char *outside(struct tree *tree, const char *path)
{
	char *full = fs_path("%s/%s", tree->root.path, path);

	must(full, "path", path);
	return full;
}

static void make_parents(char *full, size_t from)
{
	for (char *slash = strchr(full + from, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		must(!mkdir(full, 0755) || errno == EEXIST, "mkdir", full);
		*slash = '/';
	}
}

static char *prepare(struct tree *tree, const char *path)
{
	char *full = outside(tree, path);

	make_parents(full, strlen(tree->root.path) + 1);
	return full;
}

void tree_bytes(struct tree *tree, const char *path, const void *bytes, size_t n)
{
	auto_free char *full = prepare(tree, path);
	auto_close int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n, "write", path);
}

void tree_file(struct tree *tree, const char *path, const char *text)
{
	tree_bytes(tree, path, text, strlen(text));
}

void tree_link(struct tree *tree, const char *path, const char *target)
{
	auto_free char *full = prepare(tree, path);

	unlink(full);
	must(!symlink(target, full), "symlink", path);
}

void tree_folder(struct tree *tree, const char *path)
{
	auto_free char *full = prepare(tree, path);

	must(!mkdir(full, 0755) || errno == EEXIST, "mkdir", path);
}

void tree_mode(struct tree *tree, const char *path, mode_t mode)
{
	auto_free char *full = outside(tree, path);

	must(!chmod(full, mode), "chmod", path);
}

mode_t tree_mode_of(struct tree *tree, const char *path)
{
	auto_free char *full = outside(tree, path);
	struct stat st;

	must(!lstat(full, &st), "lstat", path);
	return st.st_mode & 07777;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void tree_delete(struct tree *tree, const char *path)
{
	auto_free char *full = outside(tree, path);

	must(!nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS) || errno == ENOENT, "remove", path);
}

void tree_obscure(struct tree *tree, const char *path)
{
	auto_free char *full = outside(tree, path);
	auto_free char *kept = fs_path("%s.kept", full);

	must(!rename(full, kept), "rename", path);
	must(!symlink(strrchr(path, '/') + 1, full), "symlink", path);
}

void tree_reveal(struct tree *tree, const char *path)
{
	auto_free char *full = outside(tree, path);
	auto_free char *kept = fs_path("%s.kept", full);

	must(!rename(kept, full) || (!unlink(full) && !rename(kept, full)), "rename", path);
}

bool tree_has(struct tree *tree, const char *path)
{
	auto_free char *full = outside(tree, path);
	struct stat st;

	return !lstat(full, &st);
}

char *tree_text(struct tree *tree, const char *path)
{
	char *text;

	if (fs_read(&tree->root, path, SIZE_MAX / 2, &text, NULL))
		text = strdup("");
	must(text, "read", path);
	return text;
}

char *tree_make_temporary(const char *name)
{
	const char *parent = getenv("TEST_TMP");
	char *path;

	/* In memory where that is possible: records are written with fsync(2), thousands of them.
	 */
	if (!parent || !*parent)
		parent = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	path = fs_path("%s/pve-passthrough-%s-XXXXXX", parent, name);
	must(path && mkdtemp(path), "mkdtemp", name);
	return path;
}

bool tree_acts = true;

int tree_setup(void **state)
{
	static const char *const folders[] = {
		"dev/vfio",
		"etc/pve/qemu-server",
		"lib/modules",
		"proc",
		"run/lock/qemu-server",
		"run/qemu-server",
		"sys/bus/pci/devices",
		"sys/bus/pci/drivers",
		"sys/class/iommu",
		"sys/devices/pci0000:00",
		"sys/firmware/acpi/tables",
		"sys/kernel/iommu_groups",
		"sys/module",
	};
	auto_free char *name = tree_make_temporary("test");
	struct tree *tree = calloc(1, sizeof(*tree));

	test_process = getpid();
	if (!tree || !name || fs_root_open(name, &tree->root)) {
		free(tree);
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		tree_folder(tree, folders[i]);
	tree_file(tree, "sys/bus/pci/drivers_probe", "");
	/* As on Debian; absolute links must stay in the tree. */
	tree_link(tree, "var/run", "/run");
	tree_link(tree, "var/lock", "/run/lock");
	*state = tree;
	return 0;
}

int tree_teardown(void **state)
{
	struct tree *tree = *state;

	tree_delete(tree, "");
	fs_root_close(&tree->root);
	free(tree);
	return 0;
}

/* ---- rendering ---- */

struct render {
	struct tree *tree;
	enum tree_scope scope;
	FILE *to;
};

static bool below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

/* Counts of what came back, with the folders above. */
static bool is_count(const char *path, const struct stat *st)
{
	return below(path, COUNTS_FOLDER) || (S_ISDIR(st->st_mode) && below(COUNTS_FOLDER, path));
}

/* Locks, and a record that was being written when all died: the next write replaces it. */
static bool may_stay(const char *path, const struct stat *st)
{
	if (is_count(path, st))
		return true;
	if (!below(path, STATE_FOLDER))
		return false;
	return S_ISDIR(st->st_mode) || below(path, STATE_FOLDER "/locks") ||
	       strstr(path, "/records/.");
}

/* Takes the number out of a record that each start has of its own. Returns what is left of N. */
static size_t cut_claim(char *text, size_t n)
{
	static const char key[] = "\nclaim = ";
	char *at = memmem(text, n, key, strlen(key));
	char *end = at ? memchr(at + 1, '\n', (size_t)(text + n - at - 1)) : NULL;

	if (!end)
		return n;
	memmove(at, end, (size_t)(text + n - end));
	return n - (size_t)(end - at);
}

static void render_content(struct render *r, const char *full, const struct stat *st)
{
	char text[8192];
	auto_close int fd = -1;
	ssize_t n;

	if (S_ISLNK(st->st_mode)) {
		n = readlink(full, text, sizeof(text));
		must(n >= 0, "readlink", full);
		fprintf(r->to, " -> %.*s\n", (int)n, text);
		return;
	}
	if (r->scope == TREE_ALL)
		fprintf(r->to, " %04o", st->st_mode & 07777);
	if (S_ISDIR(st->st_mode)) {
		fputs("/\n", r->to);
		return;
	}
	fd = open(full, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	must(n >= 0, "read", full);
	fputs(" = ", r->to);
	if (r->scope == TREE_STATE)
		n = (ssize_t)cut_claim(text, (size_t)n);
	for (ssize_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			fprintf(r->to, "\\x%02x", (unsigned char)text[i]);
		else
			fputc(text[i], r->to);
	fputc('\n', r->to);
}

static void render_folder(struct render *r, const char *path)
{
	auto_free char *full = outside(r->tree, path);
	struct dirent **entries;
	int n = scandir(full, &entries, NULL, alphasort);

	must(n >= 0, "scandir", full);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		auto_free char *at = fs_path("%s%s%s", path, *path ? "/" : "", name);
		auto_free char *full_at = outside(r->tree, at);
		struct stat st;

		if (strcmp(name, ".") && strcmp(name, "..") && !lstat(full_at, &st)) {
			if (r->scope == TREE_ALL || !may_stay(at, &st)) {
				fputs(at, r->to);
				render_content(r, full_at, &st);
			}
			if (S_ISDIR(st.st_mode))
				render_folder(r, at);
		}
		free(entries[i]);
	}
	free(entries);
}

char *tree_render(struct tree *tree, enum tree_scope scope)
{
	char *text = NULL;
	size_t size;
	struct render render = {tree, scope, open_memstream(&text, &size)};

	must(render.to, "render", "");
	render_folder(&render, "");
	must(!fclose(render.to), "render", "");
	return text;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; at && *at; at = strchr(at, '\n'), at += !!at)
		if (!strncmp(at, line, len) && at[len] == '\n')
			return true;
	return false;
}

static void print_missing(const char *sign, const char *from, const char *in)
{
	for (const char *at = from; *at; at += strcspn(at, "\n") + 1) {
		size_t len = strcspn(at, "\n");

		if (!has_line(in, at, len))
			print_error("%s %.*s\n", sign, (int)len, at);
	}
}

void tree_assert_is_(struct tree *tree, enum tree_scope scope, const char *before, const char *file,
		     int line)
{
	auto_free char *now = tree_render(tree, scope);

	if (!strcmp(before, now))
		return;
	print_missing("-", before, now);
	print_missing("+", now, before);
	_fail(file, line);
}

/* ---- a host ---- */

/* Writes an attribute of a device, with the kernel's newline. */
static void attribute(struct tree *tree, const char *bdf, const char *name, const char *format, ...)
	printf_like(4, 5);

static void attribute(struct tree *tree, const char *bdf, const char *name, const char *format, ...)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/%s", bdf, name);
	auto_free char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	must(n >= 0, "format", path);
	tree_file(tree, path, text);
}

static void put_in_group(struct tree *tree, const char *bdf, int group)
{
	auto_free char *link = fs_path("sys/devices/pci0000:00/%s/iommu_group", bdf);
	auto_free char *target = fs_path("../../../kernel/iommu_groups/%d", group);
	auto_free char *member = fs_path("sys/kernel/iommu_groups/%d/devices/%s", group, bdf);
	auto_free char *back = fs_path("../../../../devices/pci0000:00/%s", bdf);

	tree_link(tree, link, target);
	tree_link(tree, member, back);
}

static unsigned int id_of(struct tree *tree, const char *bdf, const char *name)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/%s", bdf, name);
	auto_free char *text = tree_text(tree, path);

	return (unsigned int)strtoul(text, NULL, 16);
}

/* Made of the ids in the other attributes. */
static void put_modalias(struct tree *tree, const char *bdf)
{
	unsigned int class = id_of(tree, bdf, "class");

	attribute(tree, bdf, "modalias", "pci:v%08Xd%08Xsv%08Xsd%08Xbc%02Xsc%02Xi%02X\n",
		  id_of(tree, bdf, "vendor"), id_of(tree, bdf, "device"),
		  id_of(tree, bdf, "subsystem_vendor"), id_of(tree, bdf, "subsystem_device"),
		  class >> 16, class >> 8 & 0xff, class & 0xff);
}

/* What every PCI device has; the configuration space as far as it does not need root. */
static void put_attributes(struct tree *tree, const struct tree_device *device)
{
	const char *bdf = device->bdf;
	auto_free char *config = fs_path("sys/devices/pci0000:00/%s/config", bdf);
	unsigned char space[64] = {
		(unsigned char)device->vendor, (unsigned char)(device->vendor >> 8),
		(unsigned char)device->device, (unsigned char)(device->device >> 8)};

	space[9] = (unsigned char)device->class;
	space[10] = (unsigned char)(device->class >> 8);
	space[11] = (unsigned char)(device->class >> 16);
	space[14] = device->bridge;
	attribute(tree, bdf, "vendor", "0x%04x\n", device->vendor);
	attribute(tree, bdf, "device", "0x%04x\n", device->device);
	attribute(tree, bdf, "subsystem_vendor", "0x%04x\n", device->subvendor);
	attribute(tree, bdf, "subsystem_device", "0x%04x\n", device->subdevice);
	attribute(tree, bdf, "class", "0x%06x\n", device->class);
	tree_bytes(tree, config, space, sizeof(space));
	if (device->modalias)
		attribute(tree, bdf, "modalias", "%s\n", device->modalias);
	else
		put_modalias(tree, bdf);
	attribute(tree, bdf, "driver_override", "%s\n",
		  device->override ? device->override : "(null)");
	if (device->express)
		attribute(tree, bdf, "max_link_width", "16\n");
}

void tree_device(struct tree *tree, const struct tree_device *device)
{
	auto_free char *link = fs_path("sys/bus/pci/devices/%s", device->bdf);
	auto_free char *target = fs_path("../../../devices/pci0000:00/%s", device->bdf);
	auto_free char *bus = fs_path("sys/devices/pci0000:00/%s/pci_bus", device->bdf);

	put_attributes(tree, device);
	tree_link(tree, link, target);
	if (device->bridge)
		tree_folder(tree, bus);
	if (device->group >= 0)
		put_in_group(tree, device->bdf, device->group);
	if (device->driver)
		tree_bind(tree, device->bdf, device->driver);
}

int tree_group_of(struct tree *tree, const char *bdf)
{
	auto_free char *path = fs_path("sys/bus/pci/devices/%s/iommu_group", bdf);
	auto_free char *name = NULL;

	return fs_link_name(&tree->root, path, &name) ? -1 : atoi(name);
}

void tree_igb(struct tree *tree, const char *bdf, int group)
{
	tree_device(tree, &(struct tree_device){.bdf = bdf,
						.vendor = 0x8086,
						.device = 0x10c9,
						.class = 0x020000,
						.group = group,
						.driver = "igb",
						.express = true});
	attribute(tree, bdf, "sriov_totalvfs", "7\n");
	attribute(tree, bdf, "sriov_numvfs", "0\n");
	attribute(tree, bdf, "sriov_offset", "128\n");
	attribute(tree, bdf, "sriov_stride", "2\n");
	attribute(tree, bdf, "sriov_drivers_autoprobe", "1\n");
}

void tree_device_id(struct tree *tree, const char *bdf, unsigned int device)
{
	attribute(tree, bdf, "device", "0x%04x\n", device);
	put_modalias(tree, bdf);
}

void tree_device_gone(struct tree *tree, const char *bdf)
{
	auto_free char *folder = fs_path("sys/devices/pci0000:00/%s", bdf);
	auto_free char *link = fs_path("sys/bus/pci/devices/%s", bdf);
	auto_free char *group_link = fs_path("%s/iommu_group", folder);
	auto_free char *group = NULL;

	tree_bind(tree, bdf, NULL);
	if (!fs_link_name(&tree->root, group_link, &group)) {
		auto_free char *member = fs_path("sys/kernel/iommu_groups/%s/devices/%s", group,
						 bdf);

		tree_delete(tree, member);
	}
	tree_delete(tree, link);
	tree_delete(tree, folder);
}

void tree_bind(struct tree *tree, const char *bdf, const char *driver)
{
	auto_free char *link = fs_path("sys/devices/pci0000:00/%s/driver", bdf);
	auto_free char *vfio = fs_path("sys/devices/pci0000:00/%s/vfio-dev", bdf);
	auto_free char *before = NULL;

	if (driver && strstr(driver, "vfio"))
		tree_folder(tree, vfio);
	else
		tree_delete(tree, vfio);
	if (!fs_link_name(&tree->root, link, &before)) {
		auto_free char *back = fs_path("sys/bus/pci/drivers/%s/%s", before, bdf);

		tree_delete(tree, back);
		tree_delete(tree, link);
	}
	if (driver) {
		auto_free char *target = fs_path("../../../bus/pci/drivers/%s", driver);
		auto_free char *back = fs_path("sys/bus/pci/drivers/%s/%s", driver, bdf);
		auto_free char *back_target = fs_path("../../../../devices/pci0000:00/%s", bdf);

		tree_link(tree, link, target);
		tree_link(tree, back, back_target);
	}
}

void tree_driver(struct tree *tree, const char *name, const char *module)
{
	static const char *const files[] = {"bind", "unbind", "new_id", "remove_id"};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *path = fs_path("sys/bus/pci/drivers/%s/%s", name, files[i]);

		tree_file(tree, path, "");
	}
	if (module) {
		auto_free char *link = fs_path("sys/bus/pci/drivers/%s/module", name);
		auto_free char *target = fs_path("../../../../module/%s", module);
		auto_free char *folder = fs_path("sys/module/%s", module);

		tree_folder(tree, folder);
		tree_link(tree, link, target);
	}
}

void tree_vfio(struct tree *tree)
{
	tree_driver(tree, "vfio-pci", "vfio_pci");
	tree_folder(tree, "sys/module/vfio");
	tree_folder(tree, "sys/module/vfio_iommu_type1");
	tree_file(tree, "dev/vfio/vfio", "");
}

void tree_iommu(struct tree *tree)
{
	tree_folder(tree, "sys/devices/virtual/iommu/dmar0");
	tree_link(tree, "sys/class/iommu/dmar0", "../../devices/virtual/iommu/dmar0");
}

void tree_module_for(struct tree *tree, const char *bdf, const char *module)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/modalias", bdf);
	auto_free char *modalias = tree_text(tree, path);
	auto_free char *config = fs_path("etc/modprobe.d/%s.conf", bdf);
	auto_free char *line = fs_path("alias %.*s %s\n", (int)strcspn(modalias, "\n"), modalias,
				       module);

	tree_file(tree, config, line);
}

void tree_vm(struct tree *tree, unsigned int vmid, const char *config)
{
	auto_free char *path = fs_path("etc/pve/qemu-server/%u.conf", vmid);

	tree_file(tree, path, config);
}

void tree_settings(struct tree *tree, const char *text)
{
	tree_file(tree, "etc/pve-passthrough.conf", text);
}

void tree_process(struct tree *tree, int pid, const char *comm, const char *cmdline)
{
	auto_free char *comm_path = fs_path("proc/%d/comm", pid);
	auto_free char *cmdline_path = fs_path("proc/%d/cmdline", pid);
	auto_free char *fd_path = fs_path("proc/%d/fd", pid);
	auto_free char *comm_text = fs_path("%s\n", comm);
	auto_free char *bytes = strdup(cmdline);

	must(bytes, "process", comm);
	tree_file(tree, comm_path, comm_text);
	tree_folder(tree, fd_path);
	for (char *c = bytes; *c; c++)
		if (*c == ' ')
			*c = '\0';
	tree_bytes(tree, cmdline_path, bytes, strlen(cmdline) + 1);
}

void tree_process_opens(struct tree *tree, int pid, int fd, const char *target)
{
	auto_free char *link = fs_path("proc/%d/fd/%d", pid, fd);

	tree_link(tree, link, target);
}

void tree_vm_runs(struct tree *tree, unsigned int vmid, int pid)
{
	auto_free char *path = fs_path("run/qemu-server/%u.pid", vmid);
	auto_free char *text = fs_path("%d\n", pid);
	auto_free char *cmdline = fs_path("/usr/bin/kvm -id %u -pidfile "
					  "/var/run/qemu-server/%u.pid -daemonize",
					  vmid, vmid);

	tree_file(tree, path, text);
	tree_process(tree, pid, "kvm", cmdline);
}

const char *tree_driver_of(struct tree *tree, const char *bdf)
{
	static char found[64];
	auto_free char *link = fs_path("sys/bus/pci/devices/%s/driver", bdf);
	auto_free char *name = NULL;

	snprintf(found, sizeof(found), "%s",
		 fs_link_name(&tree->root, link, &name) ? "none" : name);
	return found;
}

const char *tree_override_of(struct tree *tree, const char *bdf)
{
	static char found[64];
	auto_free char *path = fs_path("sys/bus/pci/devices/%s/driver_override", bdf);
	auto_free char *text = tree_text(tree, path);

	text[strcspn(text, "\n")] = '\0';
	snprintf(found, sizeof(found), "%s", strcmp(text, "(null)") ? text : "none");
	return found;
}
