// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel itself does with a device that is no disk and no network: its console on a serial
 * port, copies by a DMA engine, algorithms of a crypto accelerator. */
#include "host/base/clock.h"
#include "host/pci/pci.h"
#include "host/process/worker.h"
#include "host/usage/searches.h"

#include <string.h>

#define CRYPTO_MAX ((size_t)4 * 1024 * 1024)

/* How long the attribute of a channel may take, for which the kernel takes a lock. */
#define CHANNEL_MS 2000

/* ---- the console on a serial port ---- */

int usage_find_serial_console(const struct fs_root *root, const struct survey *survey,
			      const struct usage_device *device, struct usage *usage)
{
	auto_free char *consoles = NULL;
	int err = 0;

	for (size_t i = 0; !err && i < survey->n_nodes; i++) {
		const char *name = survey->nodes[i].name;

		if (survey->nodes[i].device != device || !after_prefix(name, "tty"))
			continue;
		/* The kernel takes the lock of its consoles: not read for nothing. */
		if (!consoles)
			err = fs_read_attr(root, "sys/class/tty/console/active", &consoles);
		if (err == -ENOENT)
			return 0;
		if (!err && has_word(consoles, name))
			err = usage_add_command(
				      usage, &device->bdf, USAGE_DISPLAY,
				      fs_path(_("the kernel's console is on its port /dev/%s"),
					      name),
				      _("the host's messages, and its login there, end until the device "
					"is given back, and maybe until the next boot"),
				      fs_path(_("take console=%s off the kernel's command line, and for "
						"now the console off the port"),
					      name),
				      fs_path("echo N > /sys/class/tty/%s/console", name))
				      ?: usage_name(usage, fs_path("/dev/%s", name));
	}
	return err;
}

/* ---- DMA engines ---- */

struct channel {
	const struct fs_root *root;
	char *path;
};

static int read_users(const struct worker *self, void *arg)
{
	const struct channel *channel = arg;
	auto_free char *text = NULL;
	unsigned int n = 0;
	int err = fs_read_attr(channel->root, channel->path, &text);

	if (!err && !number_parse(text, &n))
		err = -EBADMSG;
	worker_report(self, 0, n, err);
	return 0;
}

/* How many use the channel; one that does not answer counts as used. Returns 0 or -errno. */
static int ask_channel(struct channel *channel, unsigned int *ret)
{
	struct worker worker;
	uint32_t n = 0;
	int error = 0, err = worker_start(&worker, read_users, channel, 1, &channel->root->fd, 1);

	if (err)
		return err;
	worker_wait_all(&worker, 1, clock_now_ms() + CHANNEL_MS, NULL, NULL);
	*ret = worker_progress(&worker, 0, &n, &error) ? n : 1;
	worker_release(&worker);
	return fs_is_absent(error) || error == -ENODEV ? 0 : error;
}

/* (Linux: drivers/dma/dmaengine.c, in_use_show()) */
int usage_find_dma(const struct fs_root *root, const struct survey *survey,
		   const struct usage_device *device, struct usage *usage)
{
	auto_free char *dir = pci_path(&device->bdf, "dma");
	auto_names struct fs_names names = {0};
	int err = fs_list_dirs(root, dir, &names);

	(void)survey;
	for (size_t i = 0; !err && i < names.n; i++) {
		auto_free char *path = fs_path("%s/%s/in_use", dir, names.items[i]);
		struct channel channel = {root, path};
		unsigned int n = 0;

		err = path ? ask_channel(&channel, &n) : -ENOMEM;
		if (err || !n)
			continue;
		err = usage_add(usage, &device->bdf, USAGE_CHIPSET,
				fs_path(_("drivers of the kernel copy memory by its channel %s"),
					names.items[i]),
				_("they may wait for a copy for ever, and what they serve with "
				  "them"),
				strdup(_("end what uses it (RAID 5 and 6, NTB), or pass another "
					 "device")))
			      ?: usage_name(usage, strdup(names.items[i]));
	}
	return err;
}

/* ---- crypto accelerators ---- */

static bool is_accelerator(unsigned int class)
{
	return class >> 16 == 0x10 || class >> 16 == 0x12 || class >> 8 == 0x0b40;
}

/* Where the value of KEY in a paragraph of /proc/crypto is, "refcnt       : 1"; NULL: none. */
static const char *crypto_value(const char *paragraph, const char *key)
{
	const char *at = strstr(paragraph, key);

	at = at ? strchr(at, ':') : NULL;
	return at ? at + 1 + strspn(at + 1, " ") : NULL;
}

/* Whether the algorithms of MODULE are of the driver's module OWN: its own, or of one that serves
 * it or that it serves, as intel_qat does for each kind of card. -errno: unknown. */
static int serves(const struct fs_root *root, const char *module, const char *own)
{
	auto_free char *below = fs_path("sys/module/%s/holders/%s", module, own);
	auto_free char *above = fs_path("sys/module/%s/holders/%s", own, module);
	int there = !strcmp(module, own);

	if (!there)
		there = fs_probe(root, below);
	return there ? there : fs_probe(root, above);
}

/* An algorithm that is there has one reference; users have more. (Linux: crypto/proc.c) */
static int look_at_algorithm(const struct fs_root *root, const struct usage_device *device,
			     const char *own, const char *paragraph, struct usage *usage)
{
	const char *driver_at = crypto_value(paragraph, "driver");
	const char *module_at = crypto_value(paragraph, "module");
	const char *count = crypto_value(paragraph, "refcnt");
	auto_free char *driver = NULL, *module = NULL;
	unsigned int references = 0;
	int ret;

	if (!driver_at || !module_at || !count || !number_take(&count, &references) ||
	    references < 2)
		return 0;
	driver = strndup(driver_at, strcspn(driver_at, "\n"));
	module = strndup(module_at, strcspn(module_at, "\n"));
	if (!driver || !module)
		return -ENOMEM;
	ret = serves(root, module, own);
	if (ret <= 0)
		return ret;
	ret = usage_add_command(
		usage, &device->bdf, USAGE_CHIPSET,
		fs_path(_("the kernel uses its algorithm %s"), driver),
		_("what is encrypted with it (disks, IPsec) may wait for ever"),
		strdup(_("end what uses it, unload its module, and start that again")),
		fs_path("modprobe -r %s", module));
	return ret ? ret : usage_name(usage, TAKE_PTR(driver));
}

int usage_find_crypto(const struct fs_root *root, const struct survey *survey,
		      const struct usage_device *device, struct usage *usage)
{
	auto_free char *link = pci_path(&device->bdf, "driver/module");
	auto_free char *module = NULL, *text = NULL;
	char *paragraph, *next;
	int err;

	(void)survey;
	if (!device->driver || !is_accelerator(device->class))
		return 0;
	err = fs_link_name_if(root, link, &module);
	if (!err && module)
		err = fs_read(root, "proc/crypto", CRYPTO_MAX, &text, NULL);
	if (err || !module)
		return err == -ENOENT ? 0 : err;
	for (paragraph = text; !err && paragraph; paragraph = next) {
		next = strstr(paragraph, "\n\n");
		if (next) {
			*next = '\0';
			next += 2;
		}
		err = look_at_algorithm(root, device, module, paragraph, usage);
	}
	return err;
}
