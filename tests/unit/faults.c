// SPDX-License-Identifier: GPL-2.0-or-later
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <ucontext.h>
#include <unistd.h>

#include "host/base/base.h"

/* In the sixth argument, which none of the calls below has: made by the handler, not to be caught
 * again. */
#define COOKIE 0x70766570

static const int opens[] = {ENOMEM, EMFILE, EIO, EINTR, 0};
static const int reads[] = {EIO, ENOMEM, EINTR, 0};
static const int looks[] = {ENOMEM, EIO, 0};
static const int changes[] = {ENOMEM, EIO, ENOSPC, 0};
static const int makes[] = {EMFILE, ENOMEM, 0};
static const int waits[] = {EINTR, ENOMEM, 0};
static const int memory[] = {ENOMEM, 0};

#define CALL(name, errors)                \
	{                                 \
		SYS_##name, #name, errors \
	}

/* What may fail, and how. Not what cannot (close), and not what only glibc calls for itself. */
static const struct call {
	int number;
	const char *name;
	const int *errors;
} calls[] = {
	CALL(openat, opens),
	CALL(openat2, opens),
	CALL(read, reads),
	CALL(pread64, reads),
	CALL(write, reads),
	CALL(getdents64, looks),
	CALL(readlinkat, looks),
	CALL(newfstatat, looks),
	CALL(fstat, looks),
	CALL(statx, looks),
	CALL(faccessat, looks),
	CALL(faccessat2, looks),
	CALL(flock, waits),
	CALL(fcntl, makes),
	CALL(pipe2, makes),
	CALL(mkdirat, changes),
	CALL(renameat, changes),
	CALL(unlinkat, changes),
	CALL(fsync, changes),
	CALL(fchmod, changes),
	CALL(fchown, changes),
	CALL(ftruncate, changes),
	CALL(ppoll, waits),
	CALL(wait4, waits),
	CALL(waitid, waits),
	CALL(pidfd_open, makes),
	CALL(inotify_init1, makes),
	CALL(inotify_add_watch, looks),
	CALL(fstatfs, looks),
	CALL(socket, makes),
	CALL(connect, looks),
	CALL(sendto, looks),
	CALL(recvfrom, reads),
	CALL(ioctl, looks),
#ifdef __x86_64__
	CALL(open, opens),
	CALL(stat, looks),
	CALL(lstat, looks),
	CALL(readlink, looks),
	CALL(access, looks),
	CALL(mkdir, changes),
	CALL(rename, changes),
	CALL(unlink, changes),
	CALL(poll, waits),
#endif
	{-1, "fork", memory},
	{-2, "allocation", memory},
	{-3, "write to sysfs", changes},
};

enum { NUMBER_FORK = -1, NUMBER_ALLOCATION = -2, NUMBER_WRITE = -3 };

/* What all processes of a run share. */
static struct shared {
	struct faults_point point;
	unsigned int n_processes;
	bool played, in_libconfig;
	unsigned int n[FAULTS_PROCESSES];
	unsigned char calls[FAULTS_PROCESSES][FAULTS_CALLS]; /* indices of the table */
} * shared;

static bool begun; /* this process is one of a run */
static int paused;
static unsigned int process; /* its number */
static unsigned int number_of_child;

/* For addr2line -fse PROGRAM ADDRESS. */
static void show_callers(void)
{
	void *callers[32];

	paused++;
	backtrace_symbols_fd(callers, backtrace(callers, ARRAY_SIZE(callers)), STDERR_FILENO);
	paused--;
}

/* Notes the call; returns the errno with which it fails, or 0. */
static int count(size_t call)
{
	unsigned int at;

	if (!begun || paused || process >= FAULTS_PROCESSES)
		return 0;
	at = shared->n[process];
	if (at >= FAULTS_CALLS)
		return 0;
	shared->calls[process][at] = (unsigned char)call;
	shared->n[process]++;
	if (shared->point.process != process || shared->point.at != at || !shared->point.error)
		return 0;
	shared->played = true;
	if (shared->point.show)
		show_callers();
	return shared->point.error;
}

static size_t index_of(int number)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(calls) && calls[i].number != number)
		i++;
	return i;
}

static bool fails(int number)
{
	int error = begun ? count(index_of(number)) : 0;

	if (error)
		errno = error;
	return error;
}

bool faults_write_fails(void)
{
	return fails(NUMBER_WRITE);
}

bool faults_allocation_fails(const void *caller)
{
	Dl_info info;

	if (!fails(NUMBER_ALLOCATION))
		return false;
	paused++;
	shared->in_libconfig = dladdr(caller, &info) && strstr(info.dli_fname, "libconfig");
	paused--;
	errno = ENOMEM;
	return true;
}

/* ---- system calls ---- */

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
static greg_t *result_of(ucontext_t *context)
{
	return &context->uc_mcontext.gregs[REG_RAX];
}

static long argument(const ucontext_t *context, int i)
{
	static const int registers[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8};

	return context->uc_mcontext.gregs[registers[i]];
}
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
static unsigned long long *result_of(ucontext_t *context)
{
	return &context->uc_mcontext.regs[0];
}

static long argument(const ucontext_t *context, int i)
{
	return (long)context->uc_mcontext.regs[i];
}
#endif

#ifdef ARCH
static void caught(int signal, siginfo_t *info, void *arg)
{
	ucontext_t *context = arg;
	int saved = errno;
	long result = -count(index_of(info->si_syscall));

	(void)signal;
	if (!result) {
		result = syscall(info->si_syscall, argument(context, 0), argument(context, 1),
				 argument(context, 2), argument(context, 3), argument(context, 4),
				 (long)COOKIE);
		if (result < 0)
			result = -errno;
	}
	errno = saved;
	*result_of(context) = (typeof(*result_of(context)))result;
}

static void install_filter(void)
{
	struct sock_filter code[ARRAY_SIZE(calls) + 8];
	struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sock_fprog filter = {.filter = code};
	unsigned short n = 0;
	size_t n_calls = index_of(NUMBER_FORK);

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, args[5]));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, COOKIE,
						 (unsigned char)(n_calls + 1), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n_calls; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned int)calls[i].number,
							 (unsigned char)(n_calls - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	filter.len = n;
	if (sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		abort();
}
#else
static void install_filter(void)
{
}
#endif

/* ---- processes ---- */

pid_t __real_fork(void);
pid_t __wrap_fork(void);

/* As a call of its own: glibc forks with all signals blocked, when none can be caught. */
pid_t __wrap_fork(void)
{
	return fails(NUMBER_FORK) ? -1 : __real_fork();
}

static void before_fork(void)
{
	if (begun)
		number_of_child = ++shared->n_processes;
}

static void in_child(void)
{
	process = number_of_child;
}

void faults_set(const struct faults_point *point)
{
	if (!shared) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (shared == MAP_FAILED || pthread_atfork(before_fork, NULL, in_child))
			abort();
	}
	for (unsigned int i = 0; i < FAULTS_PROCESSES; i++)
		shared->n[i] = 0;
	shared->n_processes = 0;
	shared->played = shared->in_libconfig = false;
	shared->point = point ? *point : (struct faults_point){0};
}

void faults_begin(void)
{
	install_filter();
	process = 0;
	begun = true;
}

void faults_end(void)
{
	begun = false;
}

void faults_pause(void)
{
	paused++;
}

void faults_resume(void)
{
	paused--;
}

/* ---- what there was ---- */

unsigned int faults_calls(unsigned int of)
{
	return of < FAULTS_PROCESSES ? shared->n[of] : 0;
}

const char *faults_name(unsigned int of, unsigned int at)
{
	return calls[shared->calls[of][at]].name;
}

const int *faults_errors(unsigned int of, unsigned int at)
{
	return calls[shared->calls[of][at]].errors;
}

bool faults_changes(unsigned int of, unsigned int at)
{
	return faults_errors(of, at) == changes;
}

bool faults_in_libconfig(void)
{
	return shared->in_libconfig;
}
