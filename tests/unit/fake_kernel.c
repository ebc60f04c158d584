// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_kernel.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "faults.h"
#include "host/text/bdf.h"
#include "host/pci/modules.h"
#include "host/pci/vfio.h"

#define ATTR_MAX 4096
#define PIDS_MAX 4096

struct id {
	unsigned int vendor, device;
	char driver[32];
};

/* What all processes of a test share. */
struct shared {
	pthread_mutex_t lock; /* around each write's effect, and around killing */
	struct fake_plan plan;
	unsigned int writes;
	char log[16384];
	size_t log_len;
	char violation[512];
	struct id ids[16];
	size_t n_ids;
	char bad_probe[32];
	char deaf[BDF_TEXT_SIZE];
	int module_error;
	bool check_records;
	bool dead; /* all of this run are to die */
	pid_t hook;
	pid_t pids[PIDS_MAX];
	unsigned int n_pids;
};

static struct shared *shared;
static struct tree *tree;
static void (*at_load)(struct tree *tree);
static bool in_run; /* this process is the hook of a run, or a worker of it */

int __real_fs_write_attr(const struct fs_root *root, const char *path, const char *text);
int __wrap_fs_write_attr(const struct fs_root *root, const char *path, const char *text);
int __real_modules_load(struct modules *modules, const char *name);
int __wrap_modules_load(struct modules *modules, const char *name);

static void lock(void)
{
	if (pthread_mutex_lock(&shared->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&shared->lock);
}

static void unlock(void)
{
	pthread_mutex_unlock(&shared->lock);
}

static void violate(const char *format, ...) printf_like(1, 2);

static void violate(const char *format, ...)
{
	va_list args;

	if (shared->violation[0])
		return;
	va_start(args, format);
	vsnprintf(shared->violation, sizeof(shared->violation), format, args);
	va_end(args);
}

/* ---- processes ---- */

static void register_process(void)
{
	unsigned int i = __atomic_fetch_add(&shared->n_pids, 1, __ATOMIC_SEQ_CST);

	if (i < PIDS_MAX)
		__atomic_store_n(&shared->pids[i], getpid(), __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&shared->dead, __ATOMIC_SEQ_CST))
		kill(getpid(), SIGKILL);
}

static void after_fork_in_child(void)
{
	if (shared && in_run)
		register_process();
}

void fake_kernel_enter(void)
{
	in_run = true;
	shared->hook = getpid();
	register_process();
}

/* A registered process that this one may wait for, or 0. */
static pid_t own_child(unsigned int i)
{
	pid_t pid = __atomic_load_n(&shared->pids[i], __ATOMIC_SEQ_CST);
	siginfo_t info;

	if (!pid || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT))
		return 0;
	return pid;
}

void fake_kernel_settle(bool kill_workers)
{
	/* The subreaper of this process' descendants: a worker without its hook is a child of ours.
	 */
	for (unsigned int i = 0; i < shared->n_pids && i < PIDS_MAX; i++) {
		pid_t pid = own_child(i);

		if (!pid)
			continue;
		if (kill_workers)
			kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	shared->n_pids = 0;
}

bool fake_kernel_is_deadly(void)
{
	return shared->dead || (shared->plan.fault == FAULT_HANG && !shared->plan.hang_ms);
}

static void kill_all(void)
{
	pid_t self = getpid();

	__atomic_store_n(&shared->dead, true, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i < shared->n_pids && i < PIDS_MAX; i++)
		if (shared->pids[i] && shared->pids[i] != self)
			kill(shared->pids[i], SIGKILL);
	kill(self, SIGKILL);
}

/* ---- devices and drivers ---- */

static bool is_vfio(const char *driver)
{
	return strstr(driver, "vfio");
}

static bool group_is_open(int group)
{
	struct vfio_holders holders = {0};
	bool open = group >= 0 && !vfio_group_holders(&tree->root, group, &holders) && holders.open;

	vfio_holders_free(&holders);
	return open;
}

/* /dev/vfio/N is there while a device of the group is on vfio-pci. */
static void update_node(int group)
{
	auto_free char *folder = fs_path("sys/kernel/iommu_groups/%d/devices", group);
	auto_free char *node = fs_path("dev/vfio/%d", group);
	auto_names struct fs_names members = {0};
	bool wanted = false;

	if (group < 0 || fs_list(&tree->root, folder, &members))
		return;
	for (size_t i = 0; i < members.n; i++)
		wanted |= is_vfio(tree_driver_of(tree, members.items[i]));
	if (wanted && !tree_has(tree, node))
		tree_file(tree, node, "");
	else if (!wanted)
		tree_delete(tree, node);
}

static void bind_device(const char *bdf, const char *driver)
{
	tree_bind(tree, bdf, driver);
	update_node(tree_group_of(tree, bdf));
}

static bool is_registered(const char *driver)
{
	auto_free char *path = fs_path("sys/bus/pci/drivers/%s", driver);

	return tree_has(tree, path);
}

static unsigned int id_of(const char *bdf, const char *name)
{
	auto_free char *path = fs_path("sys/bus/pci/devices/%s/%s", bdf, name);
	auto_free char *text = tree_text(tree, path);

	return (unsigned int)strtoul(text, NULL, 16);
}

/* The driver that the kernel would offer the device to, or NULL. */
static const char *matching_driver(const char *bdf)
{
	static char override[64];
	unsigned int vendor = id_of(bdf, "vendor"), device = id_of(bdf, "device");

	snprintf(override, sizeof(override), "%s", tree_override_of(tree, bdf));
	if (strcmp(override, "none"))
		return is_registered(override) ? override : NULL;
	for (size_t i = 0; i < shared->n_ids; i++)
		if (shared->ids[i].vendor == vendor && shared->ids[i].device == device &&
		    is_registered(shared->ids[i].driver))
			return shared->ids[i].driver;
	return NULL;
}

/* ---- the files (kernel-lab: "What the kernel does not do for you") ---- */

static int write_override(const char *bdf, const char *text)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/driver_override", bdf);
	size_t len = strcspn(text, "\n");
	auto_free char *value = NULL;

	if (strlen(text) >= ATTR_MAX - 1)
		return -EINVAL;
	if (!*text || !strcmp(shared->deaf, bdf))
		return 0;
	value = len ? fs_path("%.*s\n", (int)len, text) : strdup("(null)\n");
	tree_file(tree, path, value);
	return 0;
}

static int write_unbind(const char *bdf, const char *driver, const char *text)
{
	if (strcmp(bdf, text) || strcmp(tree_driver_of(tree, bdf), driver))
		return -ENODEV;
	if (is_vfio(driver) && group_is_open(tree_group_of(tree, bdf)))
		violate("%s was unbound from vfio-pci under an open group", bdf);
	bind_device(bdf, NULL);
	return 0;
}

static int write_device_unbind(const char *bdf, const char *text)
{
	char driver[64];

	snprintf(driver, sizeof(driver), "%s", tree_driver_of(tree, bdf));
	return strcmp(driver, "none") ? write_unbind(bdf, driver, text) : -ENOENT;
}

/* Success says nothing here. */
static int write_probe(const char *bdf)
{
	auto_free char *path = fs_path("sys/bus/pci/devices/%s", bdf);
	const char *driver;

	if (!tree_has(tree, path))
		return -ENODEV;
	if (strcmp(tree_driver_of(tree, bdf), "none"))
		return 0;
	driver = matching_driver(bdf);
	if (!driver || !strcmp(driver, shared->bad_probe))
		return 0;
	if (!is_vfio(driver) && group_is_open(tree_group_of(tree, bdf)))
		return -EINVAL;
	bind_device(bdf, driver);
	return 0;
}

/* A write, taken apart. */
struct request {
	char bdf[64];  /* of the device */
	char file[64]; /* "driver_override", "driver/unbind", "drivers_probe", "NAME/unbind" */
	const char *text;
	int (*effect)(void *arg); /* of another kind of write (fake_kernel_write()) */
	void *arg;
};

/* Of a PF, which has no record. */
static bool is_sriov(const char *file)
{
	return !strcmp(file, "sriov_numvfs") || !strcmp(file, "sriov_drivers_autoprobe");
}

static bool is_attribute(const char *file)
{
	return !strcmp(file, "sriov_drivers_autoprobe") || !strcmp(file, "reset_method") ||
	       !strcmp(file, "d3cold_allowed");
}

static bool parse_request(const char *path, const char *text, struct request *ret)
{
	struct bdf bdf;
	int end = 0;

	ret->text = text;
	if (!strcmp(path, "sys/bus/pci/drivers_probe")) {
		snprintf(ret->bdf, sizeof(ret->bdf), "%s", text);
		strcpy(ret->file, "drivers_probe");
	} else if (sscanf(path, "sys/bus/pci/devices/%63[^/]/%63s", ret->bdf, ret->file) == 2) {
		if (strcmp(ret->file, "driver_override") && strcmp(ret->file, "driver/unbind") &&
		    !is_attribute(ret->file) && !is_sriov(ret->file))
			return false;
	} else if (sscanf(path, "sys/bus/pci/drivers/%48[^/]/unbind%n", ret->file, &end) == 1 &&
		   end) {
		snprintf(ret->bdf, sizeof(ret->bdf), "%s", text);
		strcat(ret->file, "/unbind");
	} else {
		return false;
	}
	return !bdf_parse(ret->bdf, &bdf);
}

/* Takes what it is given, but for a method that no device has. */
static int write_attribute(const struct request *request)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/%s", request->bdf, request->file);
	auto_free char *text = fs_path("%.*s\n", (int)strcspn(request->text, "\n"), request->text);

	if (!strcmp(text, "cxl_bus\n"))
		return -EINVAL;
	tree_file(tree, path, text);
	return 0;
}

/* ---- virtual functions ---- */

static unsigned int number_of(const char *bdf, const char *name)
{
	auto_free char *path = fs_path("sys/bus/pci/devices/%s/%s", bdf, name);
	auto_free char *text = tree_text(tree, path);

	return (unsigned int)strtoul(text, NULL, 10);
}

static const char *vf_of(const char *bdf, unsigned int number, char text[BDF_TEXT_SIZE])
{
	struct bdf vf;
	unsigned int routing;

	if (bdf_parse(bdf, &vf))
		return NULL;
	routing = (unsigned int)vf.bus << 8 | (unsigned int)(vf.slot << 3 | vf.func);
	routing += number_of(bdf, "sriov_offset") + number * number_of(bdf, "sriov_stride");
	vf.bus = (uint8_t)(routing >> 8);
	vf.slot = (uint8_t)(routing >> 3 & 0x1f);
	vf.func = (uint8_t)(routing & 7);
	return bdf_format(&vf, text);
}

static void make_vf(const char *bdf, unsigned int number)
{
	char text[BDF_TEXT_SIZE];
	struct tree_device device = {
		.bdf = vf_of(bdf, number, text),
		.vendor = id_of(bdf, "vendor"),
		.device = id_of(bdf, "device") + 1,
		.class = 0x020000,
		.group = (int)(200 + number),
		.express = true,
	};
	auto_free char *link = fs_path("sys/devices/pci0000:00/%s/virtfn%u", bdf, number);
	auto_free char *back = fs_path("sys/devices/pci0000:00/%s/physfn", device.bdf);
	auto_free char *target = fs_path("../%s", device.bdf);
	auto_free char *back_target = fs_path("../%s", bdf);

	tree_device(tree, &device);
	tree_link(tree, link, target);
	tree_link(tree, back, back_target);
	if (number_of(bdf, "sriov_drivers_autoprobe") && matching_driver(device.bdf))
		bind_device(device.bdf, matching_driver(device.bdf));
}

/* The driver makes at most as many as the file of the tests "sriov_limit" says. */
static int write_numvfs(const char *bdf, const char *text)
{
	auto_free char *path = fs_path("sys/devices/pci0000:00/%s/sriov_numvfs", bdf);
	auto_free char *limit = fs_path("sys/devices/pci0000:00/%s/sriov_limit", bdf);
	unsigned int n = (unsigned int)strtoul(text, NULL, 10),
		     now = number_of(bdf, "sriov_numvfs");
	auto_free char *value = fs_path("%u\n", n);
	const char *driver = tree_driver_of(tree, bdf);

	if (n > number_of(bdf, "sriov_totalvfs"))
		return -ERANGE;
	if (n == now)
		return 0;
	if (!strcmp(driver, "none") || is_vfio(driver))
		return -ENOENT;
	if (n && now)
		return -EBUSY;
	if (tree_has(tree, limit) && n > number_of(bdf, "sriov_limit"))
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++)
		make_vf(bdf, i);
	for (unsigned int i = n; i < now; i++) {
		auto_free char *link = fs_path("sys/devices/pci0000:00/%s/virtfn%u", bdf, i);
		auto_free char *group = fs_path("sys/kernel/iommu_groups/%u", 200 + i);
		char vf[BDF_TEXT_SIZE];

		tree_device_gone(tree, vf_of(bdf, i, vf));
		tree_delete(tree, link);
		tree_delete(tree, group);
	}
	tree_file(tree, path, value);
	return 0;
}

static int perform(const struct request *request)
{
	auto_free char *driver = strndup(request->file, strcspn(request->file, "/"));

	if (request->effect)
		return request->effect(request->arg);
	if (!strcmp(request->file, "drivers_probe"))
		return write_probe(request->bdf);
	if (!strcmp(request->file, "driver_override"))
		return write_override(request->bdf, request->text);
	if (is_attribute(request->file))
		return write_attribute(request);
	if (!strcmp(request->file, "sriov_numvfs"))
		return write_numvfs(request->bdf, request->text);
	if (!strcmp(request->file, "driver/unbind"))
		return write_device_unbind(request->bdf, request->text);
	return write_unbind(request->bdf, driver, request->text);
}

/* A device is written to under its lock, and with a complete record. */
static void check_record(const char *bdf)
{
	auto_free char *lock_path = fs_path("run/pve-passthrough/locks/%s", bdf);
	auto_free char *record_path = fs_path("run/pve-passthrough/records/%s", bdf);
	auto_free char *record = tree_text(tree, record_path);
	auto_close int fd = fs_open(&tree->root, lock_path, O_RDWR, 0);

	if (!strstr(record, "stage = \"taken\""))
		violate("%s was written to without a complete record", bdf);
	if (fd < 0 || !flock(fd, LOCK_EX | LOCK_NB))
		violate("%s was written to without its lock", bdf);
}

static void note(const struct request *request)
{
	int n = snprintf(shared->log + shared->log_len, sizeof(shared->log) - shared->log_len,
			 "%s/%s=%.*s\n", request->bdf, request->file,
			 (int)strcspn(request->text, "\n"), request->text);

	if (n > 0 && shared->log_len + (size_t)n < sizeof(shared->log))
		shared->log_len += (size_t)n;
}

static void hang(int ms)
{
	if (!ms)
		alarm(30); /* a test that fails ends nobody */
	do
		poll(NULL, 0, ms ? ms : -1);
	while (!ms);
}

/* The kills among the faults; with the lock held, so that no effect is done by half. */
static void die(const struct fake_plan *plan, bool after)
{
	if (plan->after != after)
		return;
	if (plan->fault == FAULT_KILL_ALL) {
		kill_all();
	} else if (plan->fault == FAULT_KILL_HOOK) {
		kill(shared->hook, SIGKILL);
	} else if (plan->fault == FAULT_KILL_WORKER) {
		unlock();
		kill(getpid(), SIGKILL);
	}
}

static int write_attr(const struct request *request)
{
	static const struct fake_plan none;
	const struct fake_plan *plan;
	int err;

	lock();
	if (shared->dead)
		kill(getpid(), SIGKILL); /* this one is to die, too */
	if (++shared->writes == shared->plan.at && shared->plan.fault == FAULT_HANG) {
		unlock();
		hang(shared->plan.hang_ms);
		lock();
		shared->plan.fault = FAULT_NONE;
	}
	plan = shared->writes == shared->plan.at ? &shared->plan : &none;
	note(request);
	if (shared->check_records && *request->bdf && !is_sriov(request->file))
		check_record(request->bdf);
	die(plan, false);
	err = plan->fault == FAULT_ERROR ? -plan->error : perform(request);
	die(plan, true);
	unlock();
	return err;
}

/* Ids are kept nowhere here: what counts is that the program takes them out. */
static int remove_id(const char *text)
{
	int n;

	lock();
	shared->writes++;
	n = snprintf(shared->log + shared->log_len, sizeof(shared->log) - shared->log_len,
		     "vfio-pci/remove_id=%s\n", text);
	if (n > 0 && shared->log_len + (size_t)n < sizeof(shared->log))
		shared->log_len += (size_t)n;
	unlock();
	return 0;
}

static int fake_write_attr(const char *path, const char *text)
{
	struct request request = {0};

	if (!strcmp(path, "sys/bus/pci/drivers/vfio-pci/remove_id"))
		return remove_id(text);
	if (parse_request(path, text, &request))
		return write_attr(&request);
	violate("'%s' was written to /%s", text, path);
	return -EACCES;
}

int fake_kernel_write(const char *bdf, const char *file, const char *text, int (*effect)(void *arg),
		      void *arg)
{
	struct request request = {.text = text, .effect = effect, .arg = arg};

	if (!shared)
		return effect(arg);
	snprintf(request.bdf, sizeof(request.bdf), "%s", bdf ? bdf : "");
	snprintf(request.file, sizeof(request.file), "%s", file);
	return write_attr(&request);
}

int __wrap_fs_write_attr(const struct fs_root *root, const char *path, const char *text)
{
	int err;

	if (!shared)
		return __real_fs_write_attr(root, path, text);
	if (!path)
		return -ENOMEM;
	if (faults_write_fails())
		return -errno;
	faults_pause();
	err = fake_write_attr(path, text);
	faults_resume();
	return err;
}

/* A module is a driver: foo_pci or foo registers what its name says, '_' being '-' for vfio_pci
 * only. */
static void load_module(const char *name)
{
	lock();
	if (!strcmp(name, "vfio_pci")) {
		tree_driver(tree, "vfio-pci", name);
	} else if (!strncmp(name, "vfio", strlen("vfio"))) {
		auto_free char *folder = fs_path("sys/module/%s", name);

		tree_folder(tree, folder);
	} else {
		auto_free char *driver = strdup(name);
		char *suffix = strstr(driver, "_pci");

		/* As xhci_pci holds the driver xhci_hcd. */
		if (suffix)
			memcpy(suffix, "_hcd", 4);
		tree_driver(tree, driver, name);
	}
	unlock();
}

int __wrap_modules_load(struct modules *modules, const char *name)
{
	if (!shared)
		return __real_modules_load(modules, name);
	if (shared->module_error)
		return -shared->module_error;
	if (faults_write_fails())
		return -errno;
	faults_pause();
	load_module(name);
	if (at_load)
		at_load(tree);
	at_load = NULL;
	faults_resume();
	return 0;
}

/* ---- for the tests ---- */

static void make_lock(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

int fake_kernel_setup(void **state)
{
	static bool once;

	if (tree_setup(state))
		return -1;
	tree = *state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		shared = NULL;
		return -1;
	}
	shared->check_records = true;
	make_lock();
	if (!once &&
	    (pthread_atfork(NULL, NULL, after_fork_in_child) || prctl(PR_SET_CHILD_SUBREAPER, 1)))
		return -1;
	once = true;
	return 0;
}

int fake_kernel_teardown(void **state)
{
	bool violated = shared->violation[0];

	if (violated)
		print_error("violation: %s\n", shared->violation);
	fake_kernel_settle(true);
	munmap(shared, sizeof(*shared));
	shared = NULL;
	return tree_teardown(state) || violated ? -1 : 0;
}

void fake_kernel_knows(unsigned int vendor, unsigned int device, const char *driver)
{
	struct id *id = &shared->ids[shared->n_ids++];

	assert_true(shared->n_ids <= ARRAY_SIZE(shared->ids));
	id->vendor = vendor;
	id->device = device;
	snprintf(id->driver, sizeof(id->driver), "%s", driver);
}

void fake_kernel_reset(const struct fake_plan *plan)
{
	static const struct fake_plan none;

	lock(); /* workers of a hook that has died may still be at work */
	shared->plan = plan ? *plan : none;
	shared->writes = 0;
	shared->log_len = 0;
	shared->log[0] = '\0';
	shared->dead = false;
	shared->module_error = 0;
	shared->bad_probe[0] = '\0';
	shared->deaf[0] = '\0';
	unlock();
}

void fake_kernel_probe_fails(const char *driver)
{
	snprintf(shared->bad_probe, sizeof(shared->bad_probe), "%s", driver ? driver : "");
}

void fake_kernel_ignores_override(const char *bdf)
{
	snprintf(shared->deaf, sizeof(shared->deaf), "%s", bdf ? bdf : "");
}

void fake_kernel_module_error(int error)
{
	shared->module_error = error;
}

void fake_kernel_at_load(void (*what)(struct tree *tree))
{
	at_load = what;
}

void fake_kernel_checks_records(bool check)
{
	shared->check_records = check;
}

unsigned int fake_kernel_writes(void)
{
	return shared->writes;
}

const char *fake_kernel_log(void)
{
	return shared->log;
}

const char *fake_kernel_violation(void)
{
	return shared->violation[0] ? shared->violation : NULL;
}
