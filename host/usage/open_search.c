// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/usage/open_search.h"

#include "host/base/clock.h"
#include "host/process/process_nodes.h"
#include "host/process/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define FDINFO_MAX ((size_t)1024 * 1024)

/* How long all processes may take. */
#define TOTAL_MS 20000

/* Between two looks at what the worker does. */
#define POLL_MS 50

/* How long what was found is looked at again, the pauses, and how long one look may take. */
#define AGAIN_MS 500
#define PAUSE_MS 20
#define ONCE_MS	 2000

/* So many looks at least, on a busy machine. */
#define AGAIN_MIN 6

/* More than this many are not listed. */
#define FOUND_MAX 4096

int open_search_share_ms = 8000;

struct found {
	pid_t pid;
	unsigned int node;
	enum opener_how how;
	int err; /* not 0: it is not known what the process has open */
};

/* What the worker tells, in memory shared with it. */
struct report {
	_Atomic size_t at; /* which process it looks at */
	_Atomic size_t n;
	struct found found[FOUND_MAX];
};

struct search {
	const struct fs_root *root;
	const struct survey *survey;
	struct process_list list;
	size_t first; /* of the list: where a worker begins */
	struct report *report;
	struct open_search result;
};

/* ---- in the worker ---- */

/* Whether it is that node: by its number, whatever the path by which it was opened, or its name. */
static bool is_node(const struct open_node *open, const struct survey_node *node)
{
	const char *name = after_prefix(open->path, "/dev/");

	if (open->numbered)
		return node->block == open->block && node->major == open->major &&
		       node->minor == open->minor;
	return name && !strcmp(name, node->name);
}

static int add_found(struct search *search, const struct found *found)
{
	struct report *report = search->report;
	size_t n = report->n;

	for (size_t i = n; i-- > 0 && report->found[i].pid == found->pid;)
		if (report->found[i].node == found->node && report->found[i].err == found->err)
			return 0;
	if (n == FOUND_MAX) /* a ring is a hint only, which anyone can give */
		return found->how == OPENER_RING ? 0 : -EOVERFLOW;
	report->found[n] = *found;
	report->n = n + 1;
	return 0;
}

/* The text of the descriptor's fdinfo; NULL in *RET when it is gone. Returns 0 or -errno. */
static int read_fdinfo(const struct search *search, const struct open_node *open, char **ret)
{
	auto_free char *path = fs_path("proc/%d/fdinfo/%s", open->pid, open->fd);
	int err = fs_read(search->root, path, FDINFO_MAX, ret, NULL);

	if (err)
		*ret = NULL;
	return fs_is_absent(err) || err == -ESRCH ? 0 : err;
}

static bool is_read_only(const char *fdinfo)
{
	const char *flags = strstr(fdinfo, "flags:");

	return flags && (strtoul(flags + strlen("flags:"), NULL, 8) & O_ACCMODE) == O_RDONLY;
}

/* Whether a line of the ring's list, "    0: sda" or "    0: /dev/sda", names the node. */
static bool names_node(const char *line, size_t len, const struct survey_node *node)
{
	const char *base = strrchr(node->name, '/') ? strrchr(node->name, '/') + 1 : node->name;
	const char *name = memchr(line, ':', len);
	size_t n;

	if (!name)
		return false;
	name += 1 + strspn(name + 1, " ");
	n = len - (size_t)(name - line);
	for (const char *slash; (slash = memchr(name, '/', n)); name = slash + 1)
		n -= (size_t)(slash + 1 - name);
	return n == strlen(base) && !memcmp(name, base, n);
}

/*
 * Whether one of a ring's registered files may be the node: by its name, or because the kernel,
 * which names them only while nobody works on the ring, has named none. (Linux: io_uring/fdinfo.c)
 */
static bool may_be_registered(const char *fdinfo, const struct survey_node *node)
{
	const char *at = strstr(fdinfo, "UserFiles:");
	unsigned long left = at ? strtoul(at + strlen("UserFiles:"), NULL, 10) : 0;
	bool listed = false;

	while (left && (at = strchr(at, '\n')) && *++at == ' ') {
		listed = true;
		left--;
		if (names_node(at, strcspn(at, "\n"), node))
			return true;
	}
	return left && !listed;
}

static int look_at_ring(struct search *search, const struct open_node *open)
{
	const struct survey *survey = search->survey;
	auto_free char *fdinfo = NULL;
	int err = read_fdinfo(search, open, &fdinfo);

	for (size_t i = 0; !err && fdinfo && i < survey->n_nodes; i++) {
		/* One node of a device is enough. */
		bool same = i && survey->nodes[i].device == survey->nodes[i - 1].device &&
			    may_be_registered(fdinfo, &survey->nodes[i - 1]);

		if (!same && may_be_registered(fdinfo, &survey->nodes[i]))
			err = add_found(search, &(struct found){open->pid, (unsigned int)i,
								OPENER_RING, 0});
	}
	return err;
}

static int look(const struct open_node *open, void *arg)
{
	struct search *search = arg;
	const struct survey *survey = search->survey;
	auto_free char *fdinfo = NULL;
	enum opener_how how = open->fd ? OPENER_OPEN : OPENER_MAPPED;
	size_t i = 0;
	int err = 0;

	if (open->fd && !strcmp(open->path, "anon_inode:[io_uring]"))
		return look_at_ring(search, open);
	while (i < survey->n_nodes && !is_node(open, &survey->nodes[i]))
		i++;
	if (i == survey->n_nodes)
		return LOOK_ON;
	if (open->fd && after_prefix(survey->nodes[i].name, "bus/usb/")) {
		err = read_fdinfo(search, open, &fdinfo);
		if (err || (fdinfo && is_read_only(fdinfo)))
			return err ? err : LOOK_SAME;
	}
	for (; !err && i < survey->n_nodes; i++) /* it may be below several devices */
		if (is_node(open, &survey->nodes[i]))
			err = add_found(search,
					&(struct found){open->pid, (unsigned int)i, how, 0});
	return err ? err : LOOK_ON;
}

/* Whether an error is this process's own, or the host's, and not that of the one looked at. */
static bool is_our_own(const struct fs_root *root, int err)
{
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE || err == -EOVERFLOW ||
	       ((err == -EACCES || err == -EPERM) && geteuid() && !fs_root_is_capture(root));
}

static int look_at_process(struct search *search, pid_t pid)
{
	int err = process_each_open(search->root, pid, look, search);

	if (!err)
		err = process_each_mapping(search->root, pid, look, search);
	if (!err || is_our_own(search->root, err))
		return err;
	return add_found(search, &(struct found){.pid = pid, .err = err});
}

static int look_at_all(const struct worker *self, void *arg)
{
	struct search *search = arg;
	const struct process_list *list = &search->list;
	int err = 0;

	(void)self;
	for (size_t i = search->first; !err && i < list->n; i++) {
		search->report->at = i;
		err = look_at_process(search, list->items[i].pid);
	}
	return err;
}

/* ---- in its caller ---- */

static int add_unfinished(struct open_search *result, const struct process *process, int err)
{
	if (!array_grow(result->unfinished, result->n_unfinished))
		return -ENOMEM;
	result->unfinished[result->n_unfinished++] = (struct unfinished){*process, err};
	return 0;
}

/* The one at index AT, and all before it, are done with. */
static int leave_out(struct search *search, size_t at)
{
	search->first = at + 1;
	return add_unfinished(&search->result, &search->list.items[at], -ETIME);
}

/* Waits until the worker ends, a process has had its share, or the time is up. Returns whether the
 * worker is still busy. */
static bool wait_for(struct search *search, struct worker *worker, int64_t end)
{
	size_t at = search->report->at;
	int64_t since = clock_now_ms();
	bool busy = true;

	while (busy && clock_left_ms(end) && clock_now_ms() - since < open_search_share_ms) {
		busy = worker_wait_all(worker, 1, clock_now_ms() + POLL_MS, NULL, NULL) > 0;
		if (search->report->at == at)
			continue;
		at = search->report->at;
		since = clock_now_ms();
	}
	if (busy)
		kill(worker->pid, SIGKILL);
	return busy;
}

/* One worker, from search->first on. Sets that to where the next one begins. */
static int look_on(struct search *search, int64_t end)
{
	struct worker worker;
	bool busy;
	int err = worker_start(&worker, look_at_all, search, 0, &search->root->fd, 1);

	if (err)
		return err;
	busy = wait_for(search, &worker, end);
	if (busy) {
		err = leave_out(search, search->report->at);
	} else {
		search->first = search->list.n;
		err = worker.finished ? worker.result : -EIO;
	}
	worker_release(&worker);
	return err;
}

static int look_at_list(struct search *search, int64_t end)
{
	int err = 0;

	search->first = 0;
	search->report->at = 0;
	search->report->n = 0;
	while (!err && search->first < search->list.n) {
		if (clock_left_ms(end))
			err = look_on(search, end);
		else
			err = leave_out(search, search->first);
	}
	return err;
}

/* Whether the worker has found something of that process. */
static bool is_found(const struct report *report, pid_t pid)
{
	for (size_t i = 0; i < report->n; i++)
		if (report->found[i].pid == pid)
			return true;
	return false;
}

/* One more look at those that were found. When it takes too long, what was found stays. */
static int look_once_more(struct search *search)
{
	auto_free struct report *before = malloc(sizeof(*before));
	struct process_list *list = &search->list;
	size_t n = 0, n_unfinished = search->result.n_unfinished;
	int err;

	if (!before)
		return -ENOMEM;
	*before = *search->report;
	for (size_t i = 0; i < list->n; i++)
		if (is_found(before, list->items[i].pid))
			list->items[n++] = list->items[i];
	list->n = n;
	err = look_at_list(search, clock_now_ms() + ONCE_MS);
	if (err || search->result.n_unfinished == n_unfinished)
		return err;
	search->result.n_unfinished = n_unfinished;
	*search->report = *before;
	return -ETIME;
}

/* Until none is found any more, or the time is up. */
static int look_again(struct search *search)
{
	int64_t end = clock_now_ms() + AGAIN_MS;
	int err = 0;

	for (int i = 0; !err && search->report->n && (i < AGAIN_MIN || clock_left_ms(end)); i++) {
		clock_sleep_ms(PAUSE_MS);
		err = look_once_more(search);
	}
	return err == -ETIME ? 0 : err;
}

static int compare_openers(const void *a, const void *b)
{
	const struct opener *first = a, *second = b;
	int by_process = compare_ints(a, b);

	if (by_process)
		return by_process;
	return first->node < second->node ? -1 : first->node > second->node;
}

/* What is not known of a process counts by the user that it runs as, which its entry of the list
 * tells. */
static int take_unread(struct search *search, const struct found *found)
{
	const struct process_list *list = &search->list;
	struct process process = {.pid = found->pid, .rank = PROCESS_ROOT};

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].pid == found->pid)
			process = list->items[i];
	return add_unfinished(&search->result, &process, found->err);
}

static int take_found(struct search *search)
{
	struct open_search *result = &search->result;
	const struct report *report = search->report;

	for (size_t i = 0; i < report->n; i++) {
		const struct found *found = &report->found[i];
		int err = found->err ? take_unread(search, found) : 0;

		if (err)
			return err;
		if (found->err)
			continue;
		if (!array_grow(result->items, result->n))
			return -ENOMEM;
		result->items[result->n++] = (struct opener){
			found->pid, &search->survey->nodes[found->node], found->how};
	}
	if (result->n)
		qsort(result->items, result->n, sizeof(*result->items), compare_openers);
	return 0;
}

static int search_all(struct search *search)
{
	int err = process_list_read(search->root, &search->list);

	err = err ?: process_list_rank(search->root, &search->list);
	err = err ?: look_at_list(search, clock_now_ms() + TOTAL_MS);
	if (!err && fs_root_is_running_system(search->root))
		err = look_again(search);
	return err ? err : take_found(search);
}

int open_search(const struct fs_root *root, const struct survey *survey, struct open_search *ret)
{
	struct search search = {.root = root, .survey = survey};
	int err;

	search.report = mmap(NULL, sizeof(*search.report), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (search.report == MAP_FAILED)
		return -ENOMEM;
	err = search_all(&search);
	munmap(search.report, sizeof(*search.report));
	process_list_free(&search.list);
	if (err) {
		open_search_free(&search.result);
		return err;
	}
	*ret = search.result;
	return 0;
}

void open_search_free(struct open_search *search)
{
	free(search->items);
	free(search->unfinished);
	*search = (struct open_search){0};
}
