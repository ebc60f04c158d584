// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/process.h"

#include "host/process/ids.h"
#include "host/text/utf8.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Longer than any command line of a VM. */
#define CMDLINE_MAX ((size_t)2 * 1024 * 1024)

/* The process number that a name in /proc stands for, or 0. */
static pid_t pid_of_name(const char *name)
{
	unsigned int pid;

	return number_parse(name, &pid) ? (pid_t)pid : 0;
}

/* ---- kernel threads, which have nothing open ---- */

/* kthreadd, which starts all the others (Linux: kernel/kthread.c); in a container's /proc it may be
 * any process. */
#define KTHREADD 2

#define CHILDREN_MAX ((size_t)1024 * 1024)
#define CGROUP_MAX   ((size_t)64 * 1024)

struct listing {
	const struct fs_root *root;
	struct process_list list;
	pid_t self;
	pid_t *threads; /* of the kernel, in order */
	size_t n_threads;
	int proc; /* /proc */
};

/* A process without a program has only the kernel's memory, or none any more. */
static bool has_no_executable(int proc, pid_t pid)
{
	auto_free char *exe = fs_path("%d/exe", pid);
	char target[1];

	return exe && readlinkat(proc, exe, target, sizeof(target)) < 0 && errno == ENOENT;
}

/* Reads those that kthreadd has started, in order; none when the kernel does not tell. */
static int read_kernel_threads(struct listing *listing)
{
	auto_free char *path = fs_path("proc/%d/task/%d/children", KTHREADD, KTHREADD);
	auto_free char *text = NULL;
	char *rest, *word;

	if (!has_no_executable(listing->proc, KTHREADD) ||
	    fs_read(listing->root, path, CHILDREN_MAX, &text, NULL))
		return 0;
	rest = text;
	while ((word = strsep(&rest, " \n"))) {
		pid_t pid = pid_of_name(word);

		if (!pid)
			continue;
		if (!array_grow(listing->threads, listing->n_threads))
			return -ENOMEM;
		listing->threads[listing->n_threads++] = pid;
	}
	if (listing->n_threads)
		qsort(listing->threads, listing->n_threads, sizeof(pid_t), compare_ints);
	return 0;
}

/* kthreadd also starts programs that the kernel needs (modprobe), and those may have something
 * open. */
static bool is_kernel_thread(const struct listing *listing, pid_t pid)
{
	return listing->n_threads &&
	       bsearch(&pid, listing->threads, listing->n_threads, sizeof(pid), compare_ints) &&
	       has_no_executable(listing->proc, pid);
}

/* ---- the list ---- */

/* Whether a login or a job of a user's is in that control group. */
static bool is_users(const char *cgroup)
{
	static const char *const names[] = {":/user.slice/", "/cron.service", "/atd.service"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(cgroup, names[i]))
			return true;
	return false;
}

/* The user is that of /proc/PID itself, the effective one, which is not root's for a process that
 * hides its memory. (Linux: fs/proc/base.c, task_dump_owner()) */
static enum process_rank rank_of(const struct fs_root *root, int proc, pid_t pid)
{
	auto_free char *name = fs_path("%d", pid);
	auto_free char *path = fs_path("proc/%d/cgroup", pid);
	auto_free char *text = NULL;
	auto_close int fd = name ? openat(proc, name, O_PATH | O_CLOEXEC) : -1;
	struct stat st;

	if (fd < 0 || fs_stat(root, fd, &st))
		return PROCESS_ROOT;
	if (!st.st_uid)
		return process_was_raised(root, pid) ? PROCESS_USER : PROCESS_ROOT;
	if (fs_read(root, path, CGROUP_MAX, &text, NULL))
		return PROCESS_USER;
	return is_users(text) ? PROCESS_USER : PROCESS_SERVICE;
}

static int list_process(const struct dirent *entry, void *arg)
{
	struct listing *listing = arg;
	struct process_list *list = &listing->list;
	pid_t pid = pid_of_name(entry->d_name);

	if (!pid || pid == listing->self || is_kernel_thread(listing, pid))
		return 0;
	if (!array_grow(list->items, list->n))
		return -ENOMEM;
	list->items[list->n++] = (struct process){pid, PROCESS_ROOT};
	return 0;
}

static int compare_processes(const void *a, const void *b)
{
	const struct process *first = a, *second = b;

	if (first->rank != second->rank)
		return first->rank < second->rank ? -1 : 1;
	return compare_ints(a, b);
}

int process_list_read(const struct fs_root *root, struct process_list *ret)
{
	auto_close int proc = fs_open(root, "proc", O_RDONLY | O_DIRECTORY, 0);
	bool running = fs_root_was_running(root);
	pid_t self = fs_root_is_running_system(root) ? getpid() : 0;
	struct listing listing = {.root = root, .self = self, .proc = proc};
	struct process_list *list = &listing.list;
	int err = proc < 0 ? proc : read_kernel_threads(&listing);

	if (!err)
		err = fs_each_entry(proc, list_process, &listing);
	free(listing.threads);
	if (err && (err != -ENOENT || running)) {
		process_list_free(list);
		return err;
	}
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare_ints);
	*ret = *list;
	return 0;
}

int process_list_rank(const struct fs_root *root, struct process_list *list)
{
	auto_close int proc = list->n ? fs_open(root, "proc", O_RDONLY | O_DIRECTORY, 0) : -1;

	if (list->n && proc < 0)
		return proc;
	for (size_t i = 0; i < list->n; i++)
		list->items[i].rank = rank_of(root, proc, list->items[i].pid);
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare_processes);
	return 0;
}

/* The inode in "net:[4026531840]"; 0 for another text. */
static unsigned long namespace_inode(const char *text, const char *kind)
{
	const char *rest = after_prefix(text, kind);
	const char *digits = rest ? after_prefix(rest, ":[") : NULL;

	return digits ? strtoul(digits, NULL, 10) : 0;
}

/* One system call for each process: there may be thousands. */
static int read_namespace(const struct fs_root *root, int proc, pid_t pid, const char *kind,
			  unsigned long *ret)
{
	auto_free char *path = fs_path("%d/ns/%s", pid, kind);
	char text[64];
	ssize_t len = path ? readlinkat(proc, path, text, sizeof(text) - 1) : -1;
	int err = path ? -errno : -ENOMEM;

	*ret = 0;
	if (len < 0)
		return process_has_ended(root, pid, err) ? 0 : err;
	text[len] = '\0';
	*ret = namespace_inode(text, kind);
	return *ret ? 0 : -EBADMSG;
}

int process_list_namespaces(const struct fs_root *root, const struct process_list *list,
			    const char *kind, unsigned long *ret)
{
	auto_close int proc = list->n ? fs_open(root, "proc", O_RDONLY | O_DIRECTORY, 0) : -1;
	int err = list->n && proc < 0 ? proc : 0;

	for (size_t i = 0; !err && i < list->n; i++)
		err = read_namespace(root, proc, list->items[i].pid, kind, &ret[i]);
	return err;
}

bool process_has_ended(const struct fs_root *root, pid_t pid, int err)
{
	auto_free char *path = NULL;

	if (fs_is_absent(err) || err == -ESRCH)
		return true;
	if (err != -EACCES)
		return false;
	path = fs_path("proc/%d", pid);
	return !fs_probe(root, path);
}

void process_list_free(struct process_list *list)
{
	free(list->items);
	*list = (struct process_list){0};
}

char *process_command(const struct fs_root *root, pid_t pid)
{
	auto_free char *path = fs_path("proc/%d/comm", pid);
	auto_free char *command = NULL;

	return fs_read_attr(root, path, &command) ? strdup("?") : utf8_printable(command);
}

unsigned int process_vm(const struct fs_root *root, pid_t pid)
{
	auto_free char *path = fs_path("proc/%d/cmdline", pid);
	auto_free char *text = NULL;
	unsigned int vmid;
	bool next = false;
	size_t len;

	if (fs_read(root, path, CMDLINE_MAX, &text, &len))
		return 0;
	for (const char *arg = text; arg < text + len; arg += strlen(arg) + 1) {
		if (next && number_parse(arg, &vmid))
			return vmid;
		next = !strcmp(arg, "-id");
	}
	return 0;
}
