// SPDX-License-Identifier: GPL-2.0-or-later
#include "hosttree.h"

#include "descriptors.h"
#include "tree.h"
#include "host/setup/boot/diff.h"
#include "host/base/fs_write.h"
#include "host/base/log.h"
#include "host/process/program.h"
#include "host/setup/commit.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define EFIVARS "sys/firmware/efi/efivars/"

/* Switches of the runs to come; they are read in the children. */
static enum hosttree_cut cut_when;
static unsigned int cut_at, steps;
static uint64_t pretended_space;
static const char *failing_write;
static bool in_run;

int __real_fs_replace_durably(const struct fs_root *root, const char *path, const char *text,
			      const struct fs_owner *owner);
int __wrap_fs_replace_durably(const struct fs_root *root, const char *path, const char *text,
			      const struct fs_owner *owner);
int __real_fs_remove_durably(const struct fs_root *root, const char *path);
int __wrap_fs_remove_durably(const struct fs_root *root, const char *path);
int __real_fs_remove_empty_dir(const struct fs_root *root, const char *path);
int __wrap_fs_remove_empty_dir(const struct fs_root *root, const char *path);
int __real_fs_make_dir(const struct fs_root *root, const char *path, mode_t mode);
int __wrap_fs_make_dir(const struct fs_root *root, const char *path, mode_t mode);
int __real_fs_free_space(const struct fs_root *root, const char *path, uint64_t *ret);
int __wrap_fs_free_space(const struct fs_root *root, const char *path, uint64_t *ret);
int __real_program_act(const struct fs_root *root, const struct program *program,
		       struct program_end *ret);
int __wrap_program_act(const struct fs_root *root, const struct program *program,
		       struct program_end *ret);
int __real_commit_load_modules(const struct fs_root *root, const char *const *names, size_t n);
bool __real_program_may_act(const struct fs_root *root);
bool __wrap_program_may_act(const struct fs_root *root);
int __wrap_commit_load_modules(const struct fs_root *root, const char *const *names, size_t n);

void hosttree_cut(enum hosttree_cut cut, unsigned int at)
{
	cut_when = cut;
	cut_at = at;
}

void hosttree_free_space(uint64_t bytes)
{
	pretended_space = bytes;
}

void hosttree_fail_write(const char *path_end)
{
	failing_write = path_end;
}

/* After a step that was the last; one that is no write of a file has no middle. */
static void die(void)
{
	fflush(stdout);
	_exit(cut_when == CUT_TORN ? HOSTTREE_NOT_TORN : HOSTTREE_DEAD);
}

/* Counts a step and dies before it, if so; true: die after it (or in its middle). */
static bool step(void)
{
	if (!in_run || !cut_at || ++steps != cut_at)
		return false;
	if (cut_when == CUT_BEFORE)
		die();
	return cut_when != CUT_NEVER;
}

static void write_half(const struct fs_root *root, const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	auto_free char *temporary = fs_path("%.*s/.%s.new", (int)(slash - path), path, slash + 1);
	auto_close int fd = fs_open(root, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd >= 0 && write(fd, text, strlen(text) / 2) < 0)
		perror("write");
}

int __wrap_fs_replace_durably(const struct fs_root *root, const char *path, const char *text,
			      const struct fs_owner *owner)
{
	bool last = step();
	size_t len = path ? strlen(path) : 0;
	int err;

	if (in_run && failing_write && len >= strlen(failing_write) &&
	    !strcmp(path + len - strlen(failing_write), failing_write))
		return -ENOSPC;
	if (last && cut_when == CUT_TORN) {
		write_half(root, path, text);
		_exit(HOSTTREE_DEAD);
	}
	err = __real_fs_replace_durably(root, path, text, owner);
	if (last)
		die();
	return err;
}

int __wrap_fs_remove_durably(const struct fs_root *root, const char *path)
{
	bool last = step();
	int err = __real_fs_remove_durably(root, path);

	if (last)
		die();
	return err;
}

int __wrap_fs_remove_empty_dir(const struct fs_root *root, const char *path)
{
	bool last = step();
	int err = __real_fs_remove_empty_dir(root, path);

	if (last)
		die();
	return err;
}

int __wrap_fs_make_dir(const struct fs_root *root, const char *path, mode_t mode)
{
	bool last = step();
	int err = __real_fs_make_dir(root, path, mode);

	if (last)
		die();
	return err;
}

int __wrap_fs_free_space(const struct fs_root *root, const char *path, uint64_t *ret)
{
	int err = __real_fs_free_space(root, path, ret);

	if (!err && in_run && pretended_space)
		*ret = pretended_space;
	return err;
}

/* The trees of the tests are not the running system, but what acts on them are our fakes. */
int __wrap_program_act(const struct fs_root *root, const struct program *program,
		       struct program_end *ret)
{
	const struct fs_root running = {.fd = root->fd, .path = (char *)""};
	bool last = step();
	int err = __real_program_act(tree_acts ? &running : root, program, ret);

	if (last)
		die();
	return err;
}

/* The tests load nothing into the kernel that they run on. */
bool __wrap_program_may_act(const struct fs_root *root)
{
	return tree_acts || __real_program_may_act(root);
}

int __wrap_commit_load_modules(const struct fs_root *root, const char *const *names, size_t n)
{
	if (!in_run)
		return __real_commit_load_modules(root, names, n);
	for (size_t i = 0; i < n; i++)
		log_info("loaded: %s", names[i]);
	return 0;
}

static int shell(const char *format, ...) printf_like(1, 2);
static int shell(const char *format, ...)
{
	auto_free char *command = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&command, format, args);
	va_end(args);
	assert_true(n >= 0);
	return system(command);
}

void hosttree_open(struct hosttree *tree, bool running)
{
	tree->base = tree_make_temporary("host");
	tree->dir = fs_path("%s/root", tree->base);
	tree->log = fs_path("%s/log", tree->base);
	assert_non_null(tree->dir);
	assert_non_null(tree->log);
	assert_int_equal(shell("mkdir -p '%s/var/lib' && : >'%s'", tree->dir, tree->log), 0);
	assert_int_equal(fs_root_open(tree->dir, &tree->root), 0);
	if (running)
		*tree->root.path = '\0';
}

void hosttree_close(struct hosttree *tree)
{
	if (!tree->dir)
		return;
	fs_root_close(&tree->root);
	assert_int_equal(shell("rm -rf '%s'", tree->base), 0);
	free(tree->base);
	free(tree->dir);
	free(tree->log);
	tree->dir = NULL;
}

void hosttree_put(const struct hosttree *tree, const char *path, const void *bytes, size_t n)
{
	const char *slash = strrchr(path, '/');
	auto_free char *dir = strndup(path, slash ? (size_t)(slash - path) : 0);
	auto_close int fd = -1;

	if (slash)
		assert_int_equal(__real_fs_make_dir(&tree->root, dir, 0755), 0);
	fd = fs_open(&tree->root, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
}

void hosttree_text(const struct hosttree *tree, const char *path, const char *text)
{
	hosttree_put(tree, path, text, strlen(text));
}

void hosttree_loader(const struct hosttree *tree, const char *info)
{
	char bytes[256] = {6};
	size_t n = 4;

	for (; *info && n + 4 < sizeof(bytes); info++, n += 2)
		bytes[n] = *info;
	hosttree_put(tree, EFIVARS "LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", bytes, n + 2);
}

void hosttree_secure_boot(const struct hosttree *tree)
{
	hosttree_put(tree, EFIVARS "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\1",
		     5);
}

void hosttree_copy(const struct hosttree *tree, const char *from)
{
	if (!access(from, F_OK))
		assert_int_equal(shell("cp -r '%s/.' '%s/'", from, tree->dir), 0);
}

char *hosttree_read(const struct hosttree *tree, const char *path)
{
	char *text;

	return fs_read(&tree->root, path, (size_t)1024 * 1024, &text, NULL) ? NULL : text;
}

static char *read_output(const char *command)
{
	FILE *from = popen(command, "r");
	char *text;

	assert_non_null(from);
	assert_int_equal(fs_read_fd(fileno(from), (size_t)1024 * 1024, &text, NULL), 0);
	return pclose(from) ? (free(text), NULL) : text;
}

/* What the boot loader's tools write is not part of a host's configuration. */
static bool is_tools_own(const char *path)
{
	return !strcmp(path, "boot/grub") || !strcmp(path, "boot/efi") || !strcmp(path, "var/tmp");
}

static void render_dir(const struct hosttree *tree, const char *dir, FILE *to)
{
	struct fs_names names = {0};

	assert_int_equal(fs_list(&tree->root, *dir ? dir : ".", &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *path = fs_path("%s%s%s", dir, *dir ? "/" : "", names.items[i]);
		auto_close int fd = fs_open(&tree->root, path, O_PATH | O_NOFOLLOW, 0);
		auto_free char *text = NULL;
		struct stat st;

		assert_true(fd >= 0 && !fstat(fd, &st));
		if (is_tools_own(path))
			continue;
		fprintf(to, "== %o %u:%u %s\n", st.st_mode, st.st_uid, st.st_gid, path);
		text = S_ISDIR(st.st_mode) ? NULL : hosttree_read(tree, path);
		if (text)
			fprintf(to, "%s<\n", text);
		else
			render_dir(tree, path, to);
	}
	fs_names_free(&names);
}

char *hosttree_render(const struct hosttree *tree)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	render_dir(tree, "", to);
	assert_int_equal(fclose(to), 0);
	return text;
}

void hosttree_assert(const struct hosttree *tree, const char *want, const char *what)
{
	auto_free char *is = hosttree_render(tree);
	auto_free char *diff = NULL;

	if (!strcmp(is, want))
		return;
	assert_int_equal(diff_unified("tree", want, is, &diff), 0);
	fail_msg("%s: the tree is not as it should be:\n%s", what, diff);
}

char *hosttree_shell_words(const struct hosttree *tree)
{
	auto_free char *command = fs_path(
		"cd '%s' && words=$(env -i PATH=/usr/bin:/bin sh -e -c '"
		"if test -f etc/default/grub; then . ./etc/default/grub >/dev/null 2>&1; fi; "
		"for x in etc/default/grub.d/*.cfg; do "
		"if [ -e \"$x\" ]; then . \"./$x\" >/dev/null 2>&1; fi; done; "
		"printf \"%%s %%s.\" \"$GRUB_CMDLINE_LINUX\" \"$GRUB_CMDLINE_LINUX_DEFAULT\"') && "
		"printf %%s \"${words%%.}\" | tr -s ' \t\r\n' ' ' | sed 's/^ //; s/ $//'",
		tree->dir);

	return read_output(command);
}

/* In the child: everything that is printed goes into OUTPUT. */
static void enter(const struct hosttree *tree, int output)
{
	const char *path = getenv("HOSTTREE_PATH");

	in_run = true;
	steps = 0;
	assert_true(dup2(output, STDOUT_FILENO) >= 0);
	assert_true(dup2(output, STDERR_FILENO) >= 0);
	assert_true(dup2(open("/dev/null", O_RDONLY), STDIN_FILENO) >= 0);
	setenv("PATH", path ? path : TESTS_DIR "/fakes:/usr/bin:/bin", 1);
	setenv("HOST_TREE", tree->dir, 1);
	setenv("FAKE_LOG", tree->log, 1);
	log_open("host-setup", NULL);
}

/* LeakSanitizer's, when it is linked: it would look at exit(3) only. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct hosttree_run hosttree_run(const struct hosttree *tree, hosttree_function *function,
				 const void *options)
{
	struct hosttree_run run = {0};
	FILE *output = tmpfile();
	int status;
	pid_t pid;

	assert_non_null(output);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct descriptors before;
		int code;

		enter(tree, fileno(output));
		descriptors_read(&before);
		code = function(&tree->root, options);
		if (!descriptors_are_same(&before))
			code = HOSTTREE_LEFT_OPEN;
		if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check())
			code = HOSTTREE_LEAKED;
		fflush(NULL);
		_exit(code);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	run.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	rewind(output);
	assert_int_equal(fs_read_fd(fileno(output), (size_t)1024 * 1024, &run.output, NULL), 0);
	fclose(output);
	return run;
}
