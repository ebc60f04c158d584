// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/current.h"

#include "host/log.h"
#include "host/setup/bootcfg.h"
#include "host/setup/dropins.h"
#include "host/setup/enable.h"

#include <string.h>

int current_say_failed(int err)
{
	log_error(_("the host's configuration could not be read: %s; nothing was changed%s"),
		  strerror(-err), err == -EACCES || err == -EPERM ? _("\nrun this as root") : "");
	return ENABLE_FAILED;
}

int current_read(const struct fs_root *root, const char *override, struct current *ret)
{
	auto_free char *why = NULL;
	int err = bootloader_detect(root, override, &ret->bootloader, &why);

	if (err == -EINVAL || err == -ENOTUNIQ) {
		log_error("%s", why);
		return err == -EINVAL ? ENABLE_USAGE : ENABLE_REFUSED;
	}
	err = err ?: hoststate_read(root, &ret->state);
	if (err == -EBADMSG) {
		log_error(
			_("/%s cannot be understood, so what is whose is not known; nothing was "
			  "changed\nput it back as it was, or remove it and take out by hand what an "
			  "earlier enable added to /%s"),
			hoststate_path(), KERNEL_CMDLINE);
		return ENABLE_REFUSED;
	}
	return err ? current_say_failed(err) : 0;
}

void current_free(struct current *current)
{
	bootloader_free(&current->bootloader);
	hoststate_free(&current->state);
}
