// SPDX-License-Identifier: GPL-2.0-or-later
#include "capturecase.h"

#include <stdio.h>
#include <sys/stat.h>

#include "hookscript/plan/judge.h"
#include "hookscript/phases/start.h"
#include "hookscript/verbs/show.h"
#include "hookscript/verbs/vm_needs.h"
#include "hookscript/verbs/vm_verb.h"
#include "host/base/log.h"
#include "host/setup/capture/store.h"
#include "host/setup/check/check_print.h"
#include "host/setup/check/readiness.h"
#include "host/setup/early/early_items.h"
#include "host/setup/early/early_verb.h"
#include "host/setup/groups/groups.h"
#include "host/setup/sriov/sriov_check.h"
#include "host/setup/trial/trial_verb.h"
#include "host/text/strbuf.h"
#include "trace.h"
#include "vmcfg/reduce.h"

/* ---- what is compared ---- */

static int read_check(const struct fs_root *root, struct checklist *list,
		      enum check_verdict *verdict, char **why)
{
	return readiness_read(root, NULL, list, verdict, why) ?: sriov_check(root, NULL, list)
	       ?: early_check(root, list) ?: trial_check(root, list) ?: vm_states_check(root, list);
}

int capturecase_check(const struct fs_root *root, unsigned int unused)
{
	auto_checklist struct checklist list = {0};
	enum check_verdict verdict;
	auto_free char *why = NULL;
	int err = read_check(root, &list, &verdict, &why);

	(void)unused;
	if (err)
		return printf("check: %d %s\n", err, why ? why : "") < 0;
	checklist_print(&list, verdict);
	return (int)verdict;
}

int capturecase_groups(const struct fs_root *root, unsigned int unused)
{
	auto_groups struct groups groups = {0};
	int err = groups_read(root, judge_devices, &groups);

	(void)unused;
	if (err)
		return printf("groups: %d\n", err) < 0;
	groups_print(&groups);
	return 0;
}

int capturecase_plan(const struct fs_root *root, unsigned int vmid)
{
	log_open(NULL, NULL);
	return start_plan(root, vmid);
}

int capturecase_vm(const struct fs_root *root, unsigned int vmid)
{
	static const struct vm_options options = {0};

	log_open(NULL, NULL);
	return vm_verb_run(root, vmid, &options);
}

int capturecase_config(const struct fs_root *root, unsigned int vmid)
{
	log_open(NULL, NULL);
	return show_config(root, vmid, false);
}

const char *capturecase_address = "";

int capturecase_early(const struct fs_root *root, unsigned int unused)
{
	char *words[] = {(char *)(uintptr_t)capturecase_address, NULL};
	const struct setup_options options = {.dry_run = true,
					      .addresses = *words[0] ? words : words + 1};

	(void)unused;
	log_open(NULL, NULL);
	return early_run(root, &options, NULL);
}

static void read_all(const struct fs_root *root)
{
	auto_checklist struct checklist list = {0};
	auto_groups struct groups groups = {0};
	enum check_verdict verdict;
	auto_free char *why = NULL;

	(void)!read_check(root, &list, &verdict, &why);
	(void)!groups_read(root, judge_devices, &groups);
}

/* ---- a capture ---- */

void capturecase_make(const struct fs_root *root, struct capturecase *ret)
{
	static const struct capture_above above = {read_all, vmcfg_reduce, ctcfg_reduce};
	auto_entries struct entries entries = {0};
	auto_free char *noted = NULL, *tree = NULL;

	*ret = (struct capturecase){.dir = tree_make_temporary("capture"), .top = root->path};
	noted = fs_path("%s/noted", ret->dir);
	tree = fs_path("%s/tree", ret->dir);
	assert_int_equal(mkdir(noted, 0700), 0);
	assert_int_equal(mkdir(tree, 0700), 0);
	assert_int_equal(standins_new(&ret->standins), 0);
	assert_int_equal(capture_read(root, &above, noted, ret->standins, &entries), 0);
	standins_replace_words(ret->standins);
	assert_int_equal(store_write(&entries, tree), 0);
	assert_int_equal(fs_root_open(tree, &ret->replay.root), 0);
	assert_true(fs_root_is_capture(&ret->replay.root));
}

void capturecase_free(struct capturecase *capture)
{
	if (!capture->dir)
		return;
	fs_root_close(&capture->replay.root);
	standins_free(capture->standins);
	store_remove(capture->dir);
	free(capture->dir);
}

/* ---- comparing ---- */

/* The length of a VM's name in brackets at TEXT, which stands after "VM 100 ". */
static size_t name_at(const char *text, const char *begin)
{
	const char *at = text;

	if (*text != '(' || at - begin < 5 || at[-1] != ' ')
		return 0;
	for (at -= 2; at > begin && *at >= '0' && *at <= '9';)
		at--;
	return at - begin >= 2 && !strncmp(at - 2, "VM ", 3) ? strcspn(text, ")") : 0;
}

/* TEXT with another word for the path of its root, and without the names of VMs, which no capture
 * has. */
static char *without_path(const char *text, const char *path)
{
	auto_strbuf struct strbuf out = {0};
	size_t len = strlen(path);
	const char *begin = text;

	while (*text) {
		bool is = len && !strncmp(text, path, len);

		strbuf_add_bytes(&out, is ? "ROOT" : text, is ? 4 : 1);
		text += is ? len : 1;
		text += name_at(text, begin);
	}
	return strbuf_take(&out);
}

/* From the first line on that differs. */
static void show_first(const char *live, const char *replay)
{
	size_t line = 0;

	for (size_t i = 0; live[i] && live[i] == replay[i]; i++)
		if (live[i] == '\n')
			line = i + 1;
	print_error("live:\n%.600s\nof the capture:\n%.600s\n", live + line, replay + line);
}

static void assert_same(const struct capturecase *capture, const char *live, const char *replay,
			const char *what)
{
	auto_free char *a = without_path(live, capture->top);
	auto_free char *b = without_path(replay, capture->replay.root.path);
	auto_free char *with_a = standins_replace(capture->standins, a, strlen(a), NULL);
	auto_free char *with_b = standins_replace(capture->standins, b, strlen(b), NULL);

	if (!strcmp(with_a, with_b))
		return;
	show_first(with_a, with_b);
	fail_msg("%s: the capture says another thing", what);
}

/* What no capture has: what is only made while a device is taken, and what is on this machine. */
static bool is_left_out(const char *path)
{
	static const char *const left_out[] = {"run/pve-passthrough/locks",
					       "run/pve-passthrough/probe",
					       CAPTURE_DIR,
					       ".",
					       "proc/2/",
					       "var/log/dmesg",
					       "netlink/" /* the fake's */};

	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		if (after_prefix(path, left_out[i]))
			return true;
	return false;
}

static void assert_complete(const struct capturecase *capture, struct tree *live, const char *trace,
			    const char *what)
{
	auto_root struct fs_root dir = {.fd = -1};
	auto_free char *text = NULL;
	char *rest, *path;

	assert_int_equal(fs_root_open(capture->dir, &dir), 0);
	assert_int_equal(fs_read(&dir, strrchr(trace, '/') + 1, SIZE_MAX / 2, &text, NULL), 0);
	rest = text;
	while ((path = strsep(&rest, "\n"))) {
		auto_free char *with = NULL;

		path += *path == '/';
		if (!*path || is_left_out(path) || fs_probe(&live->root, path) <= 0)
			continue;
		with = standins_replace(capture->standins, path, strlen(path), NULL);
		if (fs_probe(&capture->replay.root, with) <= 0)
			fail_msg("%s reads /%s, which is not in the capture", what, path);
	}
}

void capturecase_compare(const struct capturecase *capture, struct tree *live, run_phase *phase,
			 unsigned int vmid, const char *what)
{
	auto_free char *trace = fs_path("%s/trace", capture->dir);
	struct tree replay = capture->replay;
	auto_run struct run a = {0}, b = {0};

	unlink(trace);
	trace_to(trace);
	run_hook_only(live, phase, vmid, &a);
	trace_to(NULL);
	run_hook_only(&replay, phase, vmid, &b);
	assert_same(capture, a.out, b.out, what);
	assert_same(capture, a.err, b.err, what);
	if (a.code != b.code)
		fail_msg("%s: live %d, of the capture %d\n%s", what, a.code, b.code, b.err);
	assert_complete(capture, live, trace, what);
}

void capturecase_compare_all(const struct capturecase *capture, struct tree *live,
			     const unsigned int *vmids, const char *what)
{
	static const struct {
		const char *name;
		run_phase *phase;
		bool of_vm;
	} all[] = {
		{"check", capturecase_check, false},  {"groups", capturecase_groups, false},
		{"plan", capturecase_plan, true},     {"vm", capturecase_vm, true},
		{"config", capturecase_config, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		auto_free char *text = fs_path("%s, %s", what, all[i].name);

		for (const unsigned int *vmid = vmids; all[i].of_vm && *vmid; vmid++)
			capturecase_compare(capture, live, all[i].phase, *vmid, text);
		if (!all[i].of_vm)
			capturecase_compare(capture, live, all[i].phase, 0, text);
	}
}

/* ---- all that is in it ---- */

typedef void look_at(const char *where, const char *text, size_t len);

static void each_below(const struct fs_root *root, const char *path, look_at *look)
{
	auto_names struct fs_names names = {0};

	assert_int_equal(fs_list(root, path, &names), 0);
	for (size_t i = 0; i < names.n; i++) {
		auto_free char *below = fs_path("%s/%s", path, names.items[i]);
		auto_free char *text = NULL;
		size_t len;
		int err = fs_link_target(root, below, &text);

		look(path, names.items[i], strlen(names.items[i]));
		if (!err)
			look(below, text, strlen(text));
		else if (!fs_read(root, below, SIZE_MAX / 2, &text, &len))
			look(below, text, len);
		else
			each_below(root, below, look);
	}
}

void capturecase_each(const struct capturecase *capture, look_at *look)
{
	each_below(&capture->replay.root, ".", look);
}
