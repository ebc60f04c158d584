// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A driver that is wedged: 1 written to its parameter rtnl or console makes it hold rtnl_lock or
 * console_lock until 0 is written there. Built against the headers of the lab's kernels
 * (fetch-module).
 */
#include <linux/console.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

static bool rtnl, console;

static int hold_rtnl(void *unused)
{
	rtnl_lock();
	while (READ_ONCE(rtnl))
		msleep(20);
	rtnl_unlock();
	return 0;
}

static int hold_console(void *unused)
{
	console_lock();
	while (READ_ONCE(console))
		msleep(20);
	console_unlock();
	return 0;
}

static int set(const char *text, const struct kernel_param *param)
{
	bool was = *(bool *)param->arg;
	int err = param_set_bool(text, param);

	if (!err && !was && *(bool *)param->arg)
		kthread_run(param->arg == &rtnl ? hold_rtnl : hold_console, NULL, "wedged");
	return err;
}

static const struct kernel_param_ops ops = {.set = set, .get = param_get_bool};

module_param_cb(rtnl, &ops, &rtnl, 0600);
module_param_cb(console, &ops, &console, 0600);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("holds the kernel's locks");
