// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/plan/plan_check.h"

#include "host/text/argv.h"

#include <string.h>

void plan_add_refusal(struct plan_check *c, enum refusal_reason reason, const struct bdf *bdf,
		      char *brief, char *what)
{
	struct refusal refusal = {.reason = reason, .what = what, .brief = brief, .bdf = bdf};
	struct plan *plan = c->plan;

	if (!brief || !what || c->err || !array_grow(plan->refusals, plan->n_refusals)) {
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

void plan_refuse_finding(struct plan_check *c, const struct usage_finding *finding)
{
	struct refusal *refusal = last_refusal(c);

	if (refusal)
		refusal->finding = finding;
}

void plan_add_warning(struct plan_check *c, const struct bdf *bdf, char *what)
{
	struct plan *plan = c->plan;

	if (!what || !array_grow(plan->warnings, plan->n_warnings)) {
		free(what);
		c->err = -ENOMEM;
		return;
	}
	plan->warnings[plan->n_warnings++] = (struct plan_warning){.what = what, .bdf = bdf};
}

void plan_add_lasting(struct plan_check *c, char *what)
{
	size_t n = c->plan->n_warnings;

	plan_add_warning(c, NULL, what);
	if (c->plan->n_warnings > n)
		c->plan->warnings[n].lasting = true;
}

void plan_add_note(struct plan_check *c, char *what, char *command)
{
	struct plan *plan = c->plan;

	if (!what || !array_grow(plan->notes, plan->n_notes)) {
		free(what);
		free(command);
		c->err = -ENOMEM;
		return;
	}
	plan->notes[plan->n_notes++] = (struct plan_note){.what = what, .command = command};
}

const char *plan_text(struct plan_check *c, const char *text)
{
	if (!text)
		c->err = -ENOMEM;
	return text ? text : "";
}

void cure_add(struct plan_check *c, const char *words, char *command, char **fix)
{
	struct cure cure = {words ? strdup(words) : NULL, command, fix};
	struct refusal *refusal = last_refusal(c);

	if (!refusal || (words ? !cure.words : !command) ||
	    !array_grow(refusal->cures, refusal->n_cures)) {
		cure_free(&cure);
		c->err = -ENOMEM;
		return;
	}
	refusal->cures[refusal->n_cures++] = cure;
}

void cure_add_words(struct plan_check *c, char *words)
{
	cure_add(c, words, NULL, NULL);
	free(words);
}

void cure_config(struct plan_check *c, const char *words, char **fix)
{
	cure_add(c, words, fix ? argv_text(fix) : NULL, fix);
}

void cure_qm_set(struct plan_check *c, const char *words, const char *option, const char *value)
{
	auto_free char *vmid = fs_path("%u", c->facts->vmid);

	cure_config(c, words,
		    vmid && option && value ? argv_new("qm", "set", vmid, option, value) : NULL);
}

void cure_again(struct plan_check *c, const char *words, const char *command)
{
	if (c->facts->vmid == RECORD_TEST)
		cure_command(c, words, "pve-passthrough test %s", bdf_text(&c->facts->tested));
	else
		cure_command(c, words, "%s %u", command, c->facts->vmid);
}

void cure_delete(struct plan_check *c, const char *words, size_t e)
{
	cure_command(c, words, "qm set %u --delete hostpci%zu", c->facts->vmid, e);
}

void cure_by_entry(struct plan_check *c, const char *words, size_t e, const char *address)
{
	if (e < HOSTPCI_MAX)
		cure_command(c, words, "qm set %u --hostpci%zu %s%s", c->facts->vmid, e, address,
			     vmcfg_is_q35(c->facts->vm) ? ",pcie=1" : "");
}

void cure_by_log(struct plan_check *c, const char *lines)
{
	auto_free char *text = strdup(lines ? lines : "");
	char *rest = text, *line;

	if (!text)
		c->err = -ENOMEM;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			cure_words(c, _("the kernel's log says: %s"), line);
}

void cure_by_lines(struct plan_check *c, const char *cure)
{
	auto_free char *text = strdup(cure);
	char *rest = text, *line;

	if (!text)
		c->err = -ENOMEM;
	while ((line = strsep(&rest, "\n")))
		cure_words(c, "%s", line);
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
