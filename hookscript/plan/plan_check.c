// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan_check.h"

#include "host/base/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A new text, or NULL, which is noted. */
static printf_like(2, 0) char *format_text(struct plan_check *c, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) >= 0)
		return text;
	c->err = -ENOMEM;
	return NULL;
}

void plan_refuse(struct plan_check *c, enum refusal_reason reason, const struct bdf *bdf,
		 char *brief, const char *format, ...)
{
	struct refusal refusal = {.reason = reason, .brief = brief, .bdf = bdf};
	struct plan *plan = c->plan;
	va_list args;

	va_start(args, format);
	refusal.what = format_text(c, format, args);
	va_end(args);
	if (!brief || c->err || !array_grow(plan->refusals, plan->n_refusals)) {
		refusal_free(&refusal);
		c->err = -ENOMEM;
		return;
	}
	plan->refusals[plan->n_refusals++] = refusal;
	if (bdf)
		plan_refuse_also(c, bdf);
}

static struct refusal *last_refusal(struct plan_check *c)
{
	return c->err ? NULL : &c->plan->refusals[c->plan->n_refusals - 1];
}

void plan_refuse_also(struct plan_check *c, const struct bdf *bdf)
{
	struct refusal *refusal = last_refusal(c);

	if (refusal && array_grow(refusal->devices, refusal->n_devices))
		refusal->devices[refusal->n_devices++] = bdf;
	else
		c->err = -ENOMEM;
}

void plan_warn(struct plan_check *c, const struct bdf *bdf, const char *format, ...)
{
	struct plan *plan = c->plan;
	va_list args;
	char *what;

	va_start(args, format);
	what = format_text(c, format, args);
	va_end(args);
	if (!what || !array_grow(plan->warnings, plan->n_warnings)) {
		free(what);
		c->err = -ENOMEM;
		return;
	}
	plan->warnings[plan->n_warnings++] = (struct plan_warning){what, bdf};
}

const char *plan_text(struct plan_check *c, const char *text)
{
	if (!text)
		c->err = -ENOMEM;
	return text ? text : "";
}

/* Takes over COMMAND and FIX. */
static void add_cure(struct plan_check *c, const char *words, char *command, char **fix)
{
	struct cure cure = {words ? strdup(words) : NULL, command, fix};
	struct refusal *refusal = last_refusal(c);

	if (!refusal || (words && !cure.words) || !array_grow(refusal->cures, refusal->n_cures)) {
		cure_free(&cure);
		c->err = -ENOMEM;
		return;
	}
	refusal->cures[refusal->n_cures++] = cure;
}

void cure_words(struct plan_check *c, const char *format, ...)
{
	auto_free char *words = NULL;
	va_list args;

	va_start(args, format);
	words = format_text(c, format, args);
	va_end(args);
	add_cure(c, words, NULL, NULL);
}

void cure_command(struct plan_check *c, const char *words, const char *format, ...)
{
	char *command;
	va_list args;

	va_start(args, format);
	command = format_text(c, format, args);
	va_end(args);
	add_cure(c, words, command, NULL);
}

void cure_config(struct plan_check *c, const char *words, char **fix)
{
	char *command = fix ? argv_text(fix) : NULL;

	if (!command)
		c->err = -ENOMEM;
	add_cure(c, words, command, fix);
}

void cure_qm_set(struct plan_check *c, const char *words, const char *option, const char *value)
{
	auto_free char *vmid = fs_path("%u", c->facts->vmid);

	cure_config(c, words, vmid && value ? argv_new("qm", "set", vmid, option, value) : NULL);
}

bool cure_as_root(struct plan_check *c, int err)
{
	if (err != -EACCES && err != -EPERM)
		return false;
	cure_words(c, _("run this as root"));
	return true;
}

char *describe_device(const struct device *device)
{
	return device->named ? strdup(bdf_text(&device->bdf))
			     : fs_path(_("%s (not named by the VM, but in its IOMMU group %d)"),
				       bdf_text(&device->bdf), device->group);
}
