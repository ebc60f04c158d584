// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An error is no absence: one system call or allocation after the other fails, in the hook and in
 * each of its workers. After that the machine is as it was, or one restore makes it so; and what is
 * in use is not taken. SWEEP_EVERY=1 in the environment tries each of them, otherwise those that
 * change something and every SWEEP_EVERY-th of the others; SWEEP_ONLY=0:776 only call 776 of the
 * hook itself (1: its first worker), and shows who makes it.
 */
#include "scenario.h"

#include <signal.h>
#include <stdio.h>

#include "fake_netlink.h"
#include "faults.h"
#include "hookscript/phases/phase.h"
#include "hookscript/pve/exit.h"
#include "hookscript/phases/post_start.h"
#include "hookscript/phases/stop.h"
#include "hookscript/settings/settings_read.h"

#define PLAIN_EVERY	97
#define SANITIZED_EVERY 1201

/* How many of the bad ends are shown. */
#define SHOWN 20

/*
 * LeakSanitizer asks this at the end of each process. It stops the process by another one, which
 * dies where system calls are caught (faults.c), and is then waited for for ever.
 */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return 1;
}

#if !RUN_SANITIZED
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *memory, size_t n);

/* For all libraries, too: glibc calls these of a program that has its own. */
void *malloc(size_t n)
{
	return faults_allocation_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return faults_allocation_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *memory, size_t n)
{
	return faults_allocation_fails(__builtin_return_address(0)) ? NULL
								    : __libc_realloc(memory, n);
}

/* So that it is seen whose it is: libconfig, which calls it by this name, does not look at it. */
char *__strdup(const char *text);
char *__strdup(const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = faults_allocation_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(n);

	return copy ? memcpy(copy, text, n) : NULL;
}
#endif

/* What may come of a run. */
enum end {
	END_GOOD,
	END_LOST,	 /* not as it was, and no restore makes it so */
	END_SILENT,	 /* success was said, and it is not so */
	END_LET_THROUGH, /* what is in use was taken, or a plan would take it */
	END_BROKEN,	 /* it crashed, or left descriptors open */
	END_KINDS,
};

static const char *const end_names[] = {"good", "lost", "silent", "let through", "broken"};

struct sweep {
	const char *name;
	run_phase *before; /* what is run before it; NULL: nothing */
	run_phase *phase;
	enum end (*judge)(struct tree *tree, const struct run *run, const char *pristine);
	void (*arrange)(struct tree *tree); /* first of all; NULL: nothing */
};

static run_phase *now_running;

static int faulty_phase(const struct fs_root *root, unsigned int vmid)
{
	int code;

	/* cmocka's handler would go on with the next test. */
	signal(SIGSEGV, SIG_DFL);
	signal(SIGABRT, SIG_DFL);
	faults_begin();
	code = now_running(root, vmid);
	faults_end();
	return code;
}

static bool is_same(struct tree *tree, const char *pristine)
{
	auto_free char *now = tree_render(tree, TREE_STATE);

	return !strcmp(now, pristine) && !fake_kernel_violation();
}

static int run_plainly(struct tree *tree, run_phase *phase)
{
	auto_run struct run run = {0};

	fake_kernel_reset(NULL);
	run_hook(tree, phase, 100, &run);
	return run.code;
}

/* ---- what is expected ---- */

static bool is_broken(const struct run *run)
{
	if (run->code < 0 && faults_in_libconfig())
		return false; /* as if it had been killed there */
	return run->code < 0 || run->code == RUN_LEFT_OPEN || run->code == RUN_LEAKED;
}

static enum end judge_return(struct tree *tree, const struct run *run, const char *pristine)
{
	if (is_broken(run))
		return END_BROKEN;
	if (is_same(tree, pristine))
		return END_GOOD;
	if (run->code == EXIT_DONE)
		return END_SILENT;
	return !run_plainly(tree, stop_restore) && is_same(tree, pristine) ? END_GOOD : END_LOST;
}

static bool is_taken(struct tree *tree)
{
	static const char *const devices[] = {GPU, SOUND, NEIGHBOUR, PARKED, DISK, USB};

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
		if (strcmp(tree_driver_of(tree, devices[i]), "vfio-pci"))
			return false;
	return true;
}

static enum end judge_start(struct tree *tree, const struct run *run, const char *pristine)
{
	if (is_broken(run) || run->code != EXIT_DONE)
		return judge_return(tree, run, pristine);
	if (!is_taken(tree))
		return END_SILENT;
	return !run_plainly(tree, stop_post) && is_same(tree, pristine) ? END_GOOD : END_LOST;
}

static enum end judge_used(struct tree *tree, const struct run *run, const char *pristine)
{
	if (is_broken(run))
		return END_BROKEN;
	if (!is_same(tree, pristine) || run->code == EXIT_DONE)
		return END_LET_THROUGH;
	return END_GOOD;
}

/* ---- the sweep ---- */

struct count {
	unsigned int tried, ends[END_KINDS];
};

static void run_into(struct tree *tree, const struct sweep *sweep, const struct faults_point *point,
		     struct run *ret)
{
	if (sweep->arrange)
		sweep->arrange(tree);
	if (sweep->before)
		scenario_must(tree, sweep->before, 100);
	fake_kernel_reset(NULL);
	faults_set(point);
	now_running = sweep->phase;
	run_hook(tree, faulty_phase, 100, ret);
}

/* A new tree, in the place of one that a bad end has left. */
static void begin_again(void **state, void (*use)(struct tree *tree), char **ret_pristine)
{
	fake_kernel_teardown(state);
	if (scenario_setup(state))
		abort();
	if (use)
		use(*state);
	free(*ret_pristine);
	*ret_pristine = tree_render(*state, TREE_STATE);
}

static void show(const struct sweep *sweep, const struct faults_point *point, const char *call,
		 enum end end, const struct run *run)
{
	print_error("%s: %s: process %u, call %u (%s): %s; exit code %d\n%s\n", sweep->name,
		    end_names[end], point->process, point->at, call, strerror(point->error),
		    run->code, run->err);
}

/* One call fails. Returns whether the tree is good for the next one. */
static bool try(struct tree *tree, const struct sweep *sweep, const struct faults_point *point,
		const char *call, const char *pristine, struct count *count)
{
	auto_run struct run run = {0};
	enum end end;

	run_into(tree, sweep, point, &run);
	end = sweep->judge(tree, &run, pristine);
	count->tried++;
	count->ends[end]++;
	if (point->show || (end != END_GOOD && count->tried - count->ends[END_GOOD] <= SHOWN))
		show(sweep, point, call, end, &run);
	return end == END_GOOD;
}

/* The calls of a run in which none fails. */
struct calls {
	unsigned int n, size;
	struct call {
		struct faults_point point;
		const char *name;
		bool changes;
	} * items;
};

static void add_calls(struct calls *calls, unsigned int process)
{
	for (unsigned int at = 0; at < faults_calls(process); at++)
		for (const int *error = faults_errors(process, at); *error; error++) {
			calls->items = array_grown_(calls->items, calls->n, sizeof(*calls->items));
			assert_non_null(calls->items);
			calls->items[calls->n++] = (struct call){
				.point = {.process = process, .at = at, .error = *error},
				.name = faults_name(process, at),
				.changes = faults_changes(process, at)};
		}
}

static struct calls list_calls(struct tree *tree, const struct sweep *sweep)
{
	struct calls calls = {0};
	auto_run struct run run = {0};

	run_into(tree, sweep, NULL, &run);
	for (unsigned int process = 0; process < FAULTS_PROCESSES; process++)
		add_calls(&calls, process);
	return calls;
}

/* Whether call number I is tried: it is the one that SWEEP_ONLY names; or it changes something, as
 * few do, or is one of so many. */
static bool is_wanted(struct call *call, unsigned int i)
{
	const char *text = getenv("SWEEP_ONLY");
	struct faults_point *point = &call->point;
	unsigned int process, at;

	if (!text || sscanf(text, "%u:%u", &process, &at) != 2)
		return (call->changes && !RUN_SANITIZED) ||
		       i % sweep_every(PLAIN_EVERY, SANITIZED_EVERY) == 0;
	point->show = point->process == process && point->at == at;
	return point->show;
}

static unsigned int sweep_all(void **state, const struct sweep *sweep,
			      void (*use)(struct tree *tree))
{
	char *pristine = NULL;
	struct count count = {0};
	struct calls calls;
	unsigned int bad;

	begin_again(state, use, &pristine);
	calls = list_calls(*state, sweep);
	begin_again(state, use, &pristine);
	for (unsigned int i = 0; i < calls.n; i++)
		if (is_wanted(&calls.items[i], i) && !try(*state, sweep, &calls.items[i].point,
							  calls.items[i].name, pristine, &count))
			begin_again(state, use, &pristine);
	free(calls.items);
	free(pristine);
	bad = count.tried - count.ends[END_GOOD];
	print_message("%s: %u calls fail of %u: %u lost, %u silent, %u let through, %u broken\n",
		      sweep->name, count.tried, calls.n, count.ends[END_LOST],
		      count.ends[END_SILENT], count.ends[END_LET_THROUGH], count.ends[END_BROKEN]);
	assert_true(count.tried > 0);
	return bad;
}

static void test_start(void **state)
{
	static const struct sweep sweep = {"pre-start", NULL, start_pre, judge_start, NULL};

	assert_int_equal(sweep_all(state, &sweep, NULL), 0);
}

static void test_stop(void **state)
{
	static const struct sweep sweep = {"post-stop", start_pre, stop_post, judge_return, NULL};

	assert_int_equal(sweep_all(state, &sweep, NULL), 0);
}

/* The same with the process that keeps the deadline. */
static int whole_start(const struct fs_root *root, unsigned int vmid)
{
	return phase_run(root, vmid, "pre-start");
}

static int whole_stop(const struct fs_root *root, unsigned int vmid)
{
	return phase_run(root, vmid, "post-stop");
}

static void test_whole_start(void **state)
{
	static const struct sweep sweep = {"pre-start, supervised", NULL, whole_start, judge_start,
					   NULL};

	assert_int_equal(sweep_all(state, &sweep, NULL), 0);
}

static void test_whole_stop(void **state)
{
	static const struct sweep sweep = {"post-stop, supervised", start_pre, whole_stop,
					   judge_return, NULL};

	assert_int_equal(sweep_all(state, &sweep, NULL), 0);
}

static void test_restore(void **state)
{
	static const struct sweep sweep = {"restore", start_pre, stop_restore, judge_return, NULL};

	assert_int_equal(sweep_all(state, &sweep, NULL), 0);
}

/* ---- a virtual function with settings, on a card in a bridge ---- */

#define PF "0000:07:00.0"
#define VF "0000:08:00.0"

static void use_vf(struct tree *tree)
{
	fake_netlink_igb(tree, PF, (const char *const[]){VF, NULL});
	fake_netlink_bridge(tree, "eth7", "vmbr0");
	fake_netlink_lists(
		tree, 7, 0,
		"mac=02:00:00:00:00:10 vlan=0 qos=0 protocol=33024 spoofchk=1 trust=0 link=0");
	tree_vm(tree, 100, SCENARIO_CONFIG "hostpci4: " VF ",pcie=1\n");
	tree_vm(tree, 200, "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0\n");
	tree_vm_runs(tree, 200, 4712);
	tree_settings(tree,
		      "vm100 = { hostpci4 = { mac = \"52:54:00:00:00:01\"; vlan = 30; }; };\n");
}

/* A guest in another network is as bad as a lost device. */
static enum end judge_vf_start(struct tree *tree, const struct run *run, const char *pristine)
{
	auto_free char *listed = fake_netlink_listed(tree, 7, 0);

	if (!is_broken(run) && run->code == EXIT_DONE &&
	    (strcmp(tree_driver_of(tree, VF), "vfio-pci") ||
	     !strstr(listed, "mac=52:54:00:00:00:01 vlan=30 ")))
		return END_SILENT;
	return judge_start(tree, run, pristine);
}

static void test_vf(void **state)
{
	static const struct sweep start = {"pre-start, VF", NULL, start_pre, judge_vf_start, NULL};
	static const struct sweep stop = {"post-stop, VF", start_pre, stop_post, judge_return,
					  NULL};
	unsigned int bad = sweep_all(state, &start, use_vf);

	bad += sweep_all(state, &stop, use_vf);
	fake_netlink_end();
	assert_int_equal(bad, 0);
}

/* ---- post-start, when Proxmox VE has chosen another virtual function than was foreseen ---- */

#define OTHER_VF "0000:08:00.1"
#define FRESH	 "mac=02:00:00:00:00:1%u vlan=0 qos=0 protocol=33024 spoofchk=1 trust=0 link=0"
#define MAP(vf, group) \
	"id=8086:10ca,iommugroup=" group ",node=lab,path=" vf ",subsystem-id=8086:0000"

static void use_choice(struct tree *tree)
{
	fake_netlink_igb(tree, PF, (const char *const[]){VF, OTHER_VF, NULL});
	for (unsigned int i = 0; i < 2; i++) {
		auto_free char *fresh = fs_path(FRESH, i);

		fake_netlink_lists(tree, 7, i, fresh);
	}
	tree_link(tree, "etc/pve/local", "nodes/lab");
	tree_folder(tree, "run/qemu-server");
	tree_file(tree, "etc/pve/mapping/pci.cfg",
		  "vfs\n\tmap " MAP(VF, "21") "\n\tmap " MAP(OTHER_VF, "22") "\n");
	tree_vm(tree, 100, "machine: q35\nhostpci0: mapping=vfs,pcie=1\n");
	tree_settings(tree,
		      "vm100 = { hostpci0 = { mac = \"52:54:00:00:00:01\"; vlan = 30; }; };\n");
}

static void run_with_choice(struct tree *tree)
{
	scenario_must(tree, start_pre, 100);
	tree_bind(tree, OTHER_VF, "vfio-pci");
	tree_vm_runs(tree, 100, 4711);
	tree_process(tree, 4711, "kvm",
		     "/usr/bin/kvm -id 100 -pidfile /var/run/qemu-server/100.pid -device "
		     "vfio-pci,host=" OTHER_VF ",id=hostpci0,bus=ich9-pcie-port-1,addr=0x0");
	tree_file(tree, "run/qemu-server/pci-id-reservations", OTHER_VF " 100 pid:4711\n");
}

static void end_choice(struct tree *tree)
{
	tree_delete(tree, "var/run/qemu-server/100.pid");
	tree_delete(tree, "run/qemu-server/100.pid");
	tree_delete(tree, "run/qemu-server/pci-id-reservations");
	tree_delete(tree, "proc/4711");
	tree_delete(tree, "var/lib/pve-passthrough");
}

static int finish_start(const struct fs_root *root, unsigned int vmid)
{
	auto_settings struct settings settings = settings_default;

	return settings_read(root, vmid, &settings) ?: start_finish(root, vmid, &settings);
}

/* Success means that it is done; after a failure the watcher does it, as long as there are spare
 * records. */
static enum end judge_choice(struct tree *tree, const struct run *run, const char *pristine)
{
	bool kept = tree_has(tree, "run/pve-passthrough/records/" OTHER_VF ".spare-100") ||
		    tree_has(tree, "run/pve-passthrough/records/" VF ".spare-100");
	auto_free char *listed = NULL;
	enum end end = END_GOOD;

	if (is_broken(run))
		return END_BROKEN;
	if (kept && run->code != EXIT_DONE)
		run_plainly(tree, finish_start);
	listed = fake_netlink_listed(tree, 7, 1);
	if (!strstr(listed, "mac=52:54:00:00:00:01 vlan=30 ") && !strstr(listed, "link=2"))
		end = run->code == EXIT_DONE ? END_SILENT : END_LET_THROUGH;
	end_choice(tree);
	if (end)
		return end;
	return !run_plainly(tree, stop_post) && is_same(tree, pristine) ? END_GOOD : END_LOST;
}

static void test_post_start(void **state)
{
	static const struct sweep start = {"post-start, VF", NULL, start_post, judge_choice,
					   run_with_choice};
	/* A post-start that has never run. */
	static const struct sweep watch = {"watcher's post-start, VF", NULL, finish_start,
					   judge_choice, run_with_choice};
	unsigned int bad = sweep_all(state, &start, use_choice);

	bad += sweep_all(state, &watch, use_choice);
	fake_netlink_end();
	assert_int_equal(bad, 0);
}

/* ---- uses ---- */

#define DISK_DIR "sys/devices/pci0000:00/" DISK "/nvme/nvme0/nvme0n1"
#define GPU_DIR	 "sys/devices/pci0000:00/" GPU

static void put_node(struct tree *tree, const char *dir, const char *subsystem, const char *name,
		     unsigned int major, unsigned int minor)
{
	auto_free char *uevent = fs_path("%s/uevent", dir);
	auto_free char *dev = fs_path("%s/dev", dir);
	auto_free char *link = fs_path("%s/subsystem", dir);
	auto_free char *target = fs_path("/sys/class/%s", subsystem);
	auto_free char *numbers = fs_path("%u:%u\n", major, minor);
	auto_free char *text = fs_path("MAJOR=%u\nMINOR=%u\nDEVNAME=%s\n%s", major, minor, name,
				       strcmp(subsystem, "block") ? "" : "DEVTYPE=disk\n");

	tree_file(tree, dev, numbers);
	tree_file(tree, uevent, text);
	tree_link(tree, link, target);
}

static void put_disk(struct tree *tree)
{
	put_node(tree, DISK_DIR, "block", "nvme0n1", 259, 0);
	tree_file(tree, "dev/nvme0n1", "");
}

static void use_mount(struct tree *tree)
{
	put_disk(tree);
	tree_file(tree, "proc/1/mountinfo", "22 1 259:0 / /srv rw - ext4 /dev/nvme0n1 rw\n");
}

static void use_swap(struct tree *tree)
{
	put_disk(tree);
	tree_file(tree, "proc/swaps", "Filename\tType\n/dev/nvme0n1   partition\t1\t0\t-2\n");
}

static void use_volume(struct tree *tree)
{
	put_disk(tree);
	tree_folder(tree, DISK_DIR "/holders/dm-0");
	tree_file(tree, "sys/class/block/dm-0/dm/name", "pve-root\n");
	tree_file(tree, "sys/class/block/dm-0/dev", "253:0\n");
	tree_file(tree, "proc/1/mountinfo", "22 1 253:0 / / rw - ext4 /dev/mapper/pve-root rw\n");
}

static void use_loop(struct tree *tree)
{
	put_disk(tree);
	tree_file(tree, "proc/1/mountinfo", "22 1 7:3 / /srv rw - ext4 /dev/loop3 rw\n");
	tree_file(tree, "sys/class/block/loop3/dev", "7:3\n");
	tree_file(tree, "sys/class/block/loop3/loop/backing_file", "/dev/nvme0n1\n");
}

static void use_target(struct tree *tree)
{
	static const char namespace[] = "sys/kernel/config/nvmet/subsystems/nqn.x/namespaces/1";
	auto_free char *path = fs_path("%s/device_path", namespace);
	auto_free char *enable = fs_path("%s/enable", namespace);

	put_disk(tree);
	tree_file(tree, path, "/dev/nvme0n1\n");
	tree_file(tree, enable, "1\n");
}

static void use_node(struct tree *tree)
{
	put_node(tree, GPU_DIR "/drm/card0", "drm", "dri/card0", 226, 0);
	tree_process(tree, 20, "Xorg", "Xorg");
	tree_file(tree, "proc/20/cgroup", "0::/user.slice\n");
	tree_process_opens(tree, 20, 5, "/dev/dri/card0");
}

static void use_container(struct tree *tree)
{
	put_node(tree, GPU_DIR "/drm/renderD128", "drm", "dri/renderD128", 226, 128);
	tree_folder(tree, "sys/fs/cgroup/lxc/105");
	tree_file(tree, "etc/pve/lxc/105.conf", "dev0: /dev/dri/renderD128,gid=104\n");
}

static void use_mdev(struct tree *tree)
{
	tree_file(tree, GPU_DIR "/2a3c9b8e-0000-0000-0000-000000000101/mdev_type/name", "x\n");
}

static void use_bridge(struct tree *tree)
{
	tree_folder(tree, "sys/devices/pci0000:00/" USB "/usb1/1-1/net/eth1");
	tree_link(tree, "sys/devices/pci0000:00/" USB "/usb1/1-1/net/eth1/upper_vmbr0",
		  "/sys/class/net/vmbr0");
	tree_folder(tree, "sys/class/net/vmbr0");
}

static void use_group(struct tree *tree)
{
	tree_process(tree, 4711, "kvm", "/usr/bin/kvm");
	tree_process_opens(tree, 4711, 33, "/dev/vfio/11");
}

static void use_reservation(struct tree *tree)
{
	tree_file(tree, "run/qemu-server/pci-id-reservations", DISK " 101 time:99999999999\n");
}

static void use_vm(struct tree *tree)
{
	tree_vm(tree, 101, "machine: q35\nhostpci0: 04:00.0,pcie=1\n");
	scenario_must(tree, start_pre, 101);
	tree_vm_runs(tree, 101, 4711);
}

static void sweep_use(void **state, const char *name, void (*use)(struct tree *tree))
{
	auto_free char *plan = fs_path("plan, %s", name);
	auto_free char *start = fs_path("pre-start, %s", name);
	const struct sweep sweeps[] = {{start, NULL, start_pre, judge_used, NULL},
				       {plan, NULL, scenario_plan, judge_used, NULL}};

	unsigned int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sweeps); i++)
		bad += sweep_all(state, &sweeps[i], use);
	assert_int_equal(bad, 0);
}

#define USE(name)                                    \
	static void test_##name(void **state)        \
	{                                            \
		sweep_use(state, #name, use_##name); \
	}

USE(mount)
USE(swap)
USE(volume)
USE(loop)
USE(target)
USE(node)
USE(container)
USE(mdev)
USE(bridge)
USE(group)
USE(reservation)
USE(vm)

#define TEST(name) \
	cmocka_unit_test_setup_teardown(test_##name, scenario_setup, fake_kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(start),	  TEST(stop),	TEST(restore),	  TEST(whole_start),
		TEST(whole_stop), TEST(mount),	TEST(swap),	  TEST(volume),
		TEST(loop),	  TEST(target), TEST(node),	  TEST(container),
		TEST(mdev),	  TEST(bridge), TEST(group),	  TEST(reservation),
		TEST(vm),	  TEST(vf),	TEST(post_start),
	};

	run_checks_leaks = false;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
