// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/process/process.h"

#include "host/base/utf8.h"

#include <fcntl.h>
#include <limits.h>
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

/* There may be thousands of processes: what is asked of each counts. */
struct asking {
	const struct fs_root *root;
	int (*look)(const struct open_node *node, void *arg);
	void *arg;
	bool running; /* it is the running system, whose kernel may be asked */
	pid_t self;
	pid_t *threads; /* of the kernel, in order */
	size_t n_threads;
	int proc; /* /proc */
	pid_t pid;
	int fds; /* its directory of descriptors */
};

/* ---- kernel threads, which have nothing open ---- */

/* kthreadd, which starts all the others (Linux: kernel/kthread.c); in a container's /proc it may be
 * any process. */
#define KTHREADD 2

#define CHILDREN_MAX ((size_t)1024 * 1024)

/* A process without a program has only the kernel's memory, or none any more. */
static bool has_no_executable(int proc, pid_t pid)
{
	auto_free char *exe = fs_path("%d/exe", pid);
	char target[1];

	return exe && readlinkat(proc, exe, target, sizeof(target)) < 0 && errno == ENOENT;
}

/* Reads those that kthreadd has started, in order; none when the kernel does not tell. */
static int read_kernel_threads(struct asking *asking)
{
	auto_free char *path = fs_path("proc/%d/task/%d/children", KTHREADD, KTHREADD);
	auto_free char *text = NULL;
	char *rest, *word;

	if (!has_no_executable(asking->proc, KTHREADD) ||
	    fs_read(asking->root, path, CHILDREN_MAX, &text, NULL))
		return 0;
	rest = text;
	while ((word = strsep(&rest, " \n"))) {
		pid_t pid = pid_of_name(word);

		if (!pid)
			continue;
		if (!array_grow(asking->threads, asking->n_threads))
			return -ENOMEM;
		asking->threads[asking->n_threads++] = pid;
	}
	if (asking->n_threads)
		qsort(asking->threads, asking->n_threads, sizeof(pid_t), compare_ints);
	return 0;
}

/* kthreadd also starts programs that the kernel needs (modprobe), and those may have something
 * open. */
static bool is_kernel_thread(const struct asking *asking, pid_t pid)
{
	return asking->n_threads &&
	       bsearch(&pid, asking->threads, asking->n_threads, sizeof(pid), compare_ints) &&
	       has_no_executable(asking->proc, pid);
}

/* ---- what is open ---- */

/* Whether the descriptor may be a device. Most are not: only what is one has its path read. */
static bool may_be_node(const struct asking *asking, const char *name, struct open_node *node)
{
	struct statx st;

	/* Nothing is asked of the file's own server: a dead NFS server would hang this. */
	if (!asking->running ||
	    statx(asking->fds, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st))
		return true;
	node->numbered = true;
	node->block = S_ISBLK(st.stx_mode);
	node->major = st.stx_rdev_major;
	node->minor = st.stx_rdev_minor;
	return node->block || S_ISCHR(st.stx_mode);
}

/* What a process has open that has ended, or closed it, or is hidden from us, cannot be seen. */
static bool has_gone(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ESRCH || err == -EACCES ||
	       err == -EPERM || err == -EINVAL;
}

static int show_file(const struct dirent *entry, void *arg)
{
	const char *name = entry->d_name;
	const struct asking *asking = arg;
	char path[PATH_MAX];
	struct open_node node = {.pid = asking->pid, .path = path};
	ssize_t len;

	if (!may_be_node(asking, name, &node))
		return 0;
	len = readlinkat(asking->fds, name, path, sizeof(path) - 1);
	if (len < 0)
		return has_gone(-errno) ? 0 : -errno;
	path[len] = '\0';
	return asking->look(&node, asking->arg);
}

static int show_process(const struct dirent *entry, void *arg)
{
	const char *name = entry->d_name;
	struct asking *asking = arg;
	auto_free char *dir = NULL;
	auto_close int fds = -1;
	int err;

	asking->pid = pid_of_name(name);
	if (!asking->pid || asking->pid == asking->self || is_kernel_thread(asking, asking->pid))
		return 0;
	dir = fs_path("%s/fd", name);
	if (!dir)
		return -ENOMEM;
	fds = openat(asking->proc, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	asking->fds = fds;
	err = fds < 0 ? -errno : fs_each_entry(fds, show_file, asking);
	return err > 0 || has_gone(err) ? 0 : err;
}

int process_each_node(const struct fs_root *root,
		      int (*look)(const struct open_node *node, void *arg), void *arg)
{
	auto_close int proc = fs_open(root, "proc", O_RDONLY | O_DIRECTORY, 0);
	bool running = fs_root_is_running_system(root);
	struct asking asking = {
		.root = root,
		.look = look,
		.arg = arg,
		.running = running,
		.self = running ? getpid() : 0,
		.proc = proc,
	};
	int err;

	if (proc < 0)
		return proc == -ENOENT ? 0 : proc;
	err = read_kernel_threads(&asking);
	if (!err)
		err = fs_each_entry(proc, show_process, &asking);
	free(asking.threads);
	return err;
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
