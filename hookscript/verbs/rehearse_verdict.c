// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/rehearse_verdict.h"

#include "hookscript/pve/exit.h"

#include <string.h>

static bool parts_are_back(const struct rehearse_parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		if (!parts->items[i].back)
			return false;
	return true;
}

/* After a reset, or before one, nothing answered, or something else than before. */
static bool is_silent(const struct trial *trial)
{
	bool looked = trial->step == TRIAL_CONFIG || trial->step == TRIAL_LOOK_1 ||
		      trial->step == TRIAL_LOOK_2;

	return looked &&
	       (trial->err == -ENODATA || (trial->err == -EIO && trial->step != TRIAL_CONFIG));
}

enum rehearsed rehearsed_verdict(const struct rehearsal *seen)
{
	const struct trial *trial = &seen->trial;
	bool reset = trial->step == TRIAL_RESET_1 || trial->step == TRIAL_RESET_2;

	if (!seen->tried)
		return REHEARSED_UNKNOWN;
	if (seen->silent || is_silent(trial))
		return REHEARSED_SILENT;
	/* Whoever hangs has the group open, so its driver was not even asked. */
	if (trial->err == -ETIMEDOUT || trial->err == -ECANCELED)
		return REHEARSED_UNKNOWN;
	if (seen->n_kept || !parts_are_back(&seen->parts))
		return REHEARSED_NOT_TAKEN_BACK;
	if (!trial->err)
		return REHEARSED_CAME_BACK;
	return reset ? REHEARSED_NO_RESET : REHEARSED_UNKNOWN;
}

static const struct {
	const char *name;
	const char *sentence;
	int code;
} verdicts[] = {
	[REHEARSED_CAME_BACK] =
		{"came-back",
		 N_("came back twice; a guest's driver may still leave it in a state "
		    "that no reset clears"),
		 EXIT_DONE},
	[REHEARSED_NO_RESET] = {"no-reset", N_("does not reset: one start a boot"), EXIT_PARTLY},
	[REHEARSED_NOT_TAKEN_BACK] = {"not-taken-back", N_("its driver does not take it back"),
				      EXIT_FAILED},
	[REHEARSED_SILENT] = {"silent",
			      N_("does not answer: cold start (shut this host down, disconnect it "
				 "from power for ten seconds, and switch it on)"),
			      EXIT_FAILED},
	[REHEARSED_UNKNOWN] = {"unknown", N_("not tried to the end, above"), EXIT_FAILED},
	[REHEARSED_REFUSED] = {"refused", N_("refused, above; nothing was touched"), EXIT_REFUSED},
};

const char *rehearsed_sentence(enum rehearsed verdict)
{
	return _(verdicts[verdict].sentence);
}

const char *rehearsed_name(enum rehearsed verdict)
{
	return verdicts[verdict].name;
}

int rehearsed_exit(enum rehearsed verdict)
{
	return verdicts[verdict].code;
}

/* Each follows "while". */
static const char *const step_names[] = {
	[TRIAL_START] = N_("starting a worker process"),
	[TRIAL_OPEN] = N_("opening it through VFIO"),
	[TRIAL_CONFIG] = N_("reading its configuration space"),
	[TRIAL_BARS] = N_("reading its memory (BARs)"),
	[TRIAL_RESET_1] = N_("resetting it"),
	[TRIAL_LOOK_1] = N_("looking whether it answers after its reset"),
	[TRIAL_RESET_2] = N_("resetting it for the second time"),
	[TRIAL_LOOK_2] = N_("looking whether it answers after its second reset"),
	[TRIAL_DONE] = N_("closing it"),
};

char *rehearsed_trouble(const struct trial *trial)
{
	const char *step = _(step_names[trial->step]);

	if (!trial->err)
		return NULL;
	if (trial->err == -ETIMEDOUT)
		return fs_path(_("stuck in the kernel while %s (process %d); it cannot be killed"),
			       step, trial->worker);
	if (trial->err == -ECANCELED)
		return fs_path(_("the worker was killed while %s"), step);
	if (trial->err == -ENODATA)
		return fs_path(_("while %s: its configuration space reads as ff"), step);
	if (trial->err == -ENOTTY)
		return strdup(_("the kernel knows no way to reset it that works"));
	if (is_silent(trial))
		return fs_path(_("while %s: its configuration space or its memory is not what it "
				 "was before"),
			       step);
	return fs_path(_("failed while %s: %s"), step, strerror(-trial->err));
}

/* The methods after the first, which is what was tried. */
static void add_other_methods(const struct bdf *bdf, const char *methods, struct strbuf *lines)
{
	const char *rest = methods ? strchr(methods, ' ') : NULL;

	if (rest)
		strbuf_add(
			lines,
			_("another method (%s): pve-passthrough test %s --reset=METHOD; if it works: "
			  "reset_method = \"METHOD\";\n"),
			rest + 1, bdf_text(bdf));
}

void rehearsed_hints(enum rehearsed verdict, const struct bdf *bdf, const char *methods,
		     struct strbuf *lines)
{
	if (verdict != REHEARSED_NO_RESET && verdict != REHEARSED_NOT_TAKEN_BACK &&
	    verdict != REHEARSED_SILENT)
		return;
	if (verdict != REHEARSED_NOT_TAKEN_BACK)
		add_other_methods(bdf, methods, lines);
	if (verdict == REHEARSED_NO_RESET)
		strbuf_add(
			lines, "%s\n",
			_("d3cold = true; lets it lose its power while nobody uses it, where the "
			  "host can do that"));
	if (verdict == REHEARSED_SILENT)
		strbuf_add(lines, "%s\n",
			   _("d3cold = false; when it does not wake up from D3cold"));
	if (verdict != REHEARSED_SILENT)
		strbuf_add(lines, "%s\n",
			   _("return_to = \"none\"; leaves it without a driver when its VM stops, "
			     "for the next start"));
}
