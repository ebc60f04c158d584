// SPDX-License-Identifier: GPL-2.0-or-later
#include "hostcase.h"

#include "hookscript/plan/judge.h"

#include <stdio.h>

static char *read_text(const char *path)
{
	struct fs_root root;
	char *text;

	assert_int_equal(fs_root_open("/", &root), 0);
	assert_int_equal(fs_read(&root, path, (size_t)1024 * 1024, &text, NULL), 0);
	fs_root_close(&root);
	return text;
}

const char *hostcase_value(const struct hostcase *host, const char *key)
{
	for (size_t i = 0; i < host->n; i++)
		if (!strcmp(host->keys[i], key))
			return host->values[i];
	return NULL;
}

/* The options point into a copy of the text, which is cut up. */
static void parse_options(struct hostcase *host)
{
	struct setup_options *options = &host->options;
	const char *text = hostcase_value(host, "enable");
	char *rest, *word;

	options->yes = true;
	options->kernel_args = host->args;
	rest = host->options_text = strdup(text ? text : "");
	while ((word = strsep(&rest, " "))) {
		char *value = word;

		word = strsep(&value, "=");
		if (!strcmp(word, "--processor"))
			options->vendor = strcmp(value, "amd") ? PROCESSOR_INTEL : PROCESSOR_AMD;
		else if (!strcmp(word, "--bootloader"))
			options->bootloader = value;
		else if (!strcmp(word, "--acs-override"))
			options->acs_override = value;
		else if (!strcmp(word, "--pci-realloc-off"))
			options->pci_realloc_off = true;
		else if (!strcmp(word, "--unsafe-interrupts"))
			options->unsafe_interrupts = true;
		else if (!strcmp(word, "--ignore-msrs"))
			options->ignore_msrs = true;
		else if (!strcmp(word, "--root-changed"))
			options->root_changed = true;
		else if (!strcmp(word, "--kernel-arg"))
			host->args[options->n_kernel_args++] = value;
		else
			assert_string_equal(word, "");
	}
}

bool hostcase_is_capture(const char *name)
{
	auto_free char *path = fs_path(HOSTS "/%s/capture.tar.xz", name);

	return path && !access(path, F_OK);
}

void hostcase_read(const char *name, struct hostcase *ret)
{
	auto_free char *path = fs_path(HOSTS "/%s/expect", name);
	char *rest, *line;

	*ret = (struct hostcase){.name = name, .text = read_text(path)};
	rest = ret->text;
	while ((line = strsep(&rest, "\n"))) {
		if (!*line || *line == '#')
			continue;
		assert_true(ret->n < HOSTCASE_LINES_MAX);
		ret->keys[ret->n] = strsep(&line, " ");
		ret->values[ret->n++] = line ? line : (char *)"";
	}
	parse_options(ret);
}

void hostcase_free(struct hostcase *host)
{
	free(host->text);
	free(host->options_text);
}

static int call_enable(const struct fs_root *root, const void *options)
{
	return enable_run(root, options);
}

/* With the node's VMs handed over, as the program's main does. */
static int call_disable(const struct fs_root *root, const void *arg)
{
	struct setup_options options = *(const struct setup_options *)arg;
	auto_node_vms struct node_vms vms = {0};
	auto_free unsigned int *vmids = NULL;

	if (node_vms_read(root, &vms))
		return ENABLE_FAILED;
	vmids = calloc(vms.n + 1, sizeof(*vmids));
	for (size_t i = 0; vmids && i < vms.n; i++)
		vmids[i] = vms.items[i].vmid;
	options.vms = vmids;
	options.n_vms = vmids ? vms.n : 0;
	return disable_run(root, &options);
}

struct hosttree_run hostcase_enable(const struct hosttree *tree, const struct hostcase *host)
{
	/* The array of words moves with the struct. */
	struct setup_options options = host->options;

	options.kernel_args = host->args;
	return hosttree_run(tree, call_enable, &options);
}

struct hosttree_run hostcase_enable_plainly(const struct hosttree *tree,
					    const struct hostcase *host)
{
	const struct setup_options options = {.yes = true,
					      .vendor = host->options.vendor,
					      .bootloader = host->options.bootloader,
					      .root_changed = host->options.root_changed};

	return hosttree_run(tree, call_enable, &options);
}

struct hosttree_run hostcase_disable(const struct hosttree *tree, const struct hostcase *host)
{
	const struct setup_options options = {.yes = true,
					      .bootloader = host->options.bootloader,
					      .root_changed = host->options.root_changed};

	return hosttree_run(tree, call_disable, &options);
}

void hosttree_run_free(struct hosttree_run *run)
{
	free(run->output);
}

void hosttree_assert_code(const struct hosttree_run *run, int code)
{
	if (run->code != code)
		fail_msg("exit code %d, not %d, having said:\n%s", run->code, code, run->output);
}

void hosttree_assert_says(const struct hosttree_run *run, const char *text)
{
	bool wanted = *text != '!';

	text += !wanted;
	if (!strstr(run->output, text) == wanted)
		fail_msg("\"%s\" is %s in:\n%s", text, wanted ? "not" : "", run->output);
}

void hosttree_forget_commands(const struct hosttree *tree)
{
	FILE *log = fopen(tree->log, "w");

	assert_non_null(log);
	fclose(log);
}

char *hosttree_commands(const struct hosttree *tree)
{
	return read_text(tree->log);
}

/* Some trees are meant to make the tools fail. */
static int call_tools(const struct fs_root *root, const void *unused)
{
	const char *command = "update-initramfs -u -k all";

	if (fs_probe(root, "etc/kernel/proxmox-boot-uuids") > 0)
		command = "update-initramfs -u -k all; proxmox-boot-tool refresh >/dev/null 2>&1";
	else if (fs_probe(root, "etc/default/grub") > 0)
		command = "update-initramfs -u -k all; update-grub >/dev/null 2>&1";

	(void)unused;
	return system(command) ? 1 : 0;
}

void hostcase_build(struct hosttree *tree, const struct hostcase *host)
{
	auto_free char *before = fs_path(HOSTS "/%s/before", host->name);
	bool running = !hostcase_value(host, "image");
	const char *loader = hostcase_value(host, "loader");

	hosttree_open(tree, running);
	hosttree_copy(tree, before);
	if (hostcase_value(host, "efi"))
		hosttree_text(tree, "sys/firmware/efi/fw_platform_size", "64\n");
	if (loader)
		hosttree_loader(tree, loader);
	if (hostcase_value(host, "secureboot"))
		hosttree_secure_boot(tree);
	if (hostcase_value(host, "stale")) {
		hosttree_text(tree, "boot/grub/grub.cfg",
			      "\tlinux /vmlinuz root=/dev/sda1 ro quiet\n");
	} else if (running) {
		auto_run struct hosttree_run run = hosttree_run(tree, call_tools, NULL);

		(void)run;
	}
	hosttree_forget_commands(tree);
}

char *hostcase_after(const struct hostcase *host)
{
	auto_hosttree struct hosttree tree = {0};
	auto_free char *after = fs_path(HOSTS "/%s/after", host->name);

	hostcase_build(&tree, host);
	hosttree_copy(&tree, after);
	return hosttree_render(&tree);
}
