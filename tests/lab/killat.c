// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * killat [-a] [-h] [-d DIR] N CMD ARGS...: runs CMD and kills it with SIGKILL at the Nth write(2)
 * or pwrite(2) to a file below DIR (default /sys) that it or any of its descendants makes. So a
 *test can let a program die at each of its writes in turn, until one is not reached any more.
 *
 *	-a	kill just after the Nth write, instead of just before it
 *	-h	kill only CMD itself and let its descendants go on, as when somebody kills a hook
 *		by its process number; killat returns at once, they live on without it
 *
 * Exit code: 137 when it killed; otherwise that of CMD (128 + signal), after the line "killat: K
 * writes" on stderr; 125 when killat itself fails, 64 usage.
 *
 * How: a seccomp filter in CMD reports the write calls to a tracer, and only these, so the rest
 * runs at full speed. The tracer is a process of its own: those that are left over with -h need it
 * until they end, for without one the filter makes their writes fail.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_KILLED = 137, EXIT_BROKEN = 125, EXIT_USAGE = 64, MAX_TASKS = 256 };

struct options {
	long at;
	int after;
	int top_only;
	const char *dir;
};

struct trace {
	const struct options *options;
	pid_t top;
	long writes;
	int killed;
	int reported;
	pid_t tasks[MAX_TASKS];
	size_t n_tasks;
};

static void die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	_exit(EXIT_BROKEN);
}

/* In CMD's process: stop at write, pwrite64 and sendto, let everything else pass. */
static void install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendto, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		die("seccomp (needs root)");
}

static void run_command(char **argv)
{
	raise(SIGSTOP); /* until the tracer has got hold of this process */
	install_filter();
	execvp(argv[0], argv);
	die(argv[0]);
}

static void remember(struct trace *t, pid_t pid)
{
	for (size_t i = 0; i < t->n_tasks; i++)
		if (t->tasks[i] == pid)
			return;
	if (t->n_tasks == MAX_TASKS) {
		errno = E2BIG;
		die("too many processes");
	}
	t->tasks[t->n_tasks++] = pid;
}

static void forget(struct trace *t, pid_t pid)
{
	for (size_t i = 0; i < t->n_tasks; i++)
		if (t->tasks[i] == pid)
			t->tasks[i] = t->tasks[--t->n_tasks];
}

/* Whether the message that pid is about to send to a socket of rtnetlink changes something. */
static int message_counts(pid_t pid, const struct user_regs_struct *regs)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)regs->rsi, NULL);
	if (errno)
		return 0;
	/* The type follows the length of 32 bits. */
	switch ((unsigned long)word >> 32 & 0xffff) {
	case RTM_SETLINK:
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH: return 1;
	default: return 0;
	}
}

/* Is the file of the write that pid is about to make below the folder? */
static int write_counts(const struct trace *t, pid_t pid)
{
	struct user_regs_struct regs;
	char link[64], path[PATH_MAX];
	size_t length = strlen(t->options->dir);
	ssize_t n;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return 0; /* it died meanwhile */
	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, (int)regs.rdi);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return 0;
	path[n] = '\0';
	if (regs.orig_rax == SYS_sendto)
		return !strncmp(path, "socket:", strlen("socket:")) && message_counts(pid, &regs);
	return !strncmp(path, t->options->dir, length) && path[length] == '/';
}

static void kill_them(struct trace *t)
{
	t->killed = 1;
	if (t->options->top_only) {
		kill(t->top, SIGKILL);
		return;
	}
	for (size_t i = 0; i < t->n_tasks; i++)
		kill(t->tasks[i], SIGKILL);
}

/* A stop of one task: count, kill or let it go on. */
static void handle_stop(struct trace *t, pid_t pid, int status)
{
	enum __ptrace_request go_on = PTRACE_CONT;
	int event = status >> 16;
	int signal = WSTOPSIG(status);

	if (event == PTRACE_EVENT_SECCOMP) {
		signal = 0;
		if (!t->killed && !t->reported && write_counts(t, pid) &&
		    ++t->writes == t->options->at) {
			if (t->options->after)
				go_on = PTRACE_SYSCALL; /* to the end of this write */
			else
				kill_them(t);
		}
	} else if (signal == (SIGTRAP | 0x80)) {
		signal = 0;
		kill_them(t);
	} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, NULL, NULL); /* stopped by job control: so it stays */
		return;
	} else if (event) {
		signal = 0;
	}
	/* This fails for a task that was just killed: its end is reported next. */
	ptrace(go_on, pid, NULL, (void *)(long)signal);
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void report(int pipe_fd, struct trace *t, int status)
{
	int code = t->killed ? EXIT_KILLED : exit_code(status);

	t->reported = 1;
	if (!t->killed)
		fprintf(stderr, "killat: %ld writes\n", t->writes);
	if (write(pipe_fd, &code, sizeof(code)) != (ssize_t)sizeof(code))
		die("pipe");
	close(pipe_fd);
	/* Whoever reads our output must not have to wait for those that live on. */
	for (int fd = 0; fd < 3; fd++)
		close(fd);
}

static int seize(pid_t pid)
{
	long flags = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
		     PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |
		     PTRACE_O_EXITKILL;
	int status;

	if (waitpid(pid, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
		return -1;
	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)flags) < 0)
		return -1;
	return kill(pid, SIGCONT);
}

/* The tracer: follows CMD and all that it starts until the last of them has ended. */
static void trace(const struct options *options, char **argv, int pipe_fd)
{
	struct trace t = {.options = options};
	int status, top_status = 0;
	pid_t pid;

	t.top = fork();
	if (t.top < 0)
		die("fork");
	if (!t.top)
		run_command(argv);
	remember(&t, t.top);
	if (seize(t.top) < 0)
		die("ptrace");

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0)
			continue;
		if (WIFSTOPPED(status)) {
			remember(&t, pid);
			/* A child that its parent made while all were being killed. */
			if (t.killed && !options->top_only)
				kill(pid, SIGKILL);
			handle_stop(&t, pid, status);
			continue;
		}
		forget(&t, pid);
		if (pid != t.top)
			continue;
		top_status = status;
		if (!t.killed || options->top_only)
			report(pipe_fd, &t, top_status);
	}
	if (!t.reported)
		report(pipe_fd, &t, top_status);
	_exit(0);
}

static void usage(void)
{
	fputs("usage: killat [-a] [-h] [-d DIR] N CMD ARGS...\n", stderr);
	exit(EXIT_USAGE);
}

int main(int argc, char **argv)
{
	struct options options = {.dir = "/sys"};
	int option, ends[2], code;
	char *rest;
	pid_t tracer;

	while ((option = getopt(argc, argv, "+ahd:")) != -1) {
		switch (option) {
		case 'a': options.after = 1; break;
		case 'h': options.top_only = 1; break;
		case 'd': options.dir = optarg; break;
		default: usage();
		}
	}
	if (argc - optind < 2)
		usage();
	errno = 0;
	options.at = strtol(argv[optind], &rest, 10);
	if (errno || *rest || rest == argv[optind] || options.at < 1)
		usage();

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe");
	tracer = fork();
	if (tracer < 0)
		die("fork");
	if (!tracer) {
		close(ends[0]);
		trace(&options, argv + optind + 1, ends[1]);
	}
	close(ends[1]);
	if (read(ends[0], &code, sizeof(code)) != (ssize_t)sizeof(code))
		return EXIT_BROKEN;
	return code;
}
