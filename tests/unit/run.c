// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "descriptors.h"
#include "fake_kernel.h"
#include "host/base/clock.h"

#define PATIENCE_MS 20000

/* There only under AddressSanitizer. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

bool run_checks_leaks = true;
bool run_checks_descriptors = true;

static void __attribute__((noreturn))
run_child(struct tree *tree, run_phase *phase, unsigned int vmid, int out, int err)
{
	struct descriptors before;
	int code;

	setpgid(0, 0);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	fake_kernel_enter();
	descriptors_read(&before);
	code = phase(&tree->root, vmid);
	if (run_checks_descriptors && !descriptors_are_same(&before))
		code = RUN_LEFT_OPEN;
	fflush(NULL);
	if (run_checks_leaks && __lsan_do_recoverable_leak_check &&
	    __lsan_do_recoverable_leak_check())
		code = RUN_LEAKED;
	_exit(code);
}

/* Reads both streams to their ends; whoever holds them holds Proxmox VE, too. */
static bool read_streams(int out, int err, char **out_text, char **err_text)
{
	struct pollfd polled[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
	size_t size;
	FILE *to[2] = {open_memstream(out_text, &size), open_memstream(err_text, &size)};
	int64_t deadline = clock_now_ms() + PATIENCE_MS;
	int open = 2;

	while (open && clock_left_ms(deadline)) {
		poll(polled, 2, clock_left_ms(deadline));
		for (int i = 0; i < 2; i++) {
			char text[4096];
			ssize_t n;

			if (!polled[i].revents)
				continue;
			n = read(polled[i].fd, text, sizeof(text));
			if (n > 0) {
				fwrite(text, 1, (size_t)n, to[i]);
			} else {
				polled[i].fd = -1;
				open--;
			}
		}
	}
	fclose(to[0]);
	fclose(to[1]);
	return !open;
}

void run_hook_only(struct tree *tree, run_phase *phase, unsigned int vmid, struct run *ret)
{
	int64_t start = clock_now_ms();
	int out[2], err[2], status = 0;
	pid_t pid;
	bool ended;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		run_child(tree, phase, vmid, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	*ret = (struct run){0};
	ended = read_streams(out[0], err[0], &ret->out, &ret->err);
	close(out[0]);
	close(err[0]);
	if (!ended)
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	ret->ms = (int)(clock_now_ms() - start);
	ret->code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	if (!ended)
		fail_msg("somebody holds the hook's streams: '%s' '%s'", ret->out, ret->err);
}

void run_hook(struct tree *tree, run_phase *phase, unsigned int vmid, struct run *ret)
{
	run_hook_only(tree, phase, vmid, ret);
	fake_kernel_settle(fake_kernel_is_deadly());
}

void run_free(struct run *run)
{
	free(run->out);
	free(run->err);
}

static void show(const struct run *run)
{
	print_error("exit code %d after %d ms\nstdout: %s\nstderr: %s\nwrites:\n%s\n", run->code,
		    run->ms, run->out, run->err, fake_kernel_log());
}

void run_assert_code_(const struct run *run, int code, const char *file, int line)
{
	if (run->code == code)
		return;
	print_error("not exit code %d, but ", code);
	show(run);
	_fail(file, line);
}

bool run_says(const struct run *run, const char *text)
{
	return strstr(run->out, text) || strstr(run->err, text);
}

void run_assert_says_(const struct run *run, const char *text, const char *file, int line)
{
	if (run_says(run, text))
		return;
	print_error("not said: '%s'\n", text);
	show(run);
	_fail(file, line);
}

const char *run_last_line(const struct run *run)
{
	static char line[512];
	size_t len = strlen(run->err);
	const char *at;

	while (len && run->err[len - 1] == '\n')
		len--;
	at = run->err + len;
	while (at > run->err && at[-1] != '\n')
		at--;
	snprintf(line, sizeof(line), "%.*s", (int)(run->err + len - at), at);
	return line;
}
