// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/verbs/rehearse_print.h"

#include "hookscript/settings/settings.h"
#include "hookscript/verbs/json/plan_json.h"
#include "host/base/log.h"

#include <string.h>

/* So many of a device's parts are named. */
#define PARTS_SHOWN 6

/* ---- before ---- */

/* "driver nvme; disk nvme0n1, /dev/nvme0 and 3 more" */
static char *loss_text(const struct plan_step *step, const struct rehearse_parts *parts)
{
	const struct device *device = step->device;
	auto_strbuf struct strbuf text = {0};
	size_t n = 0;

	strbuf_add(&text, device->driver ? _("driver %s") : "%s",
		   device->driver ? device->driver : _("no driver"));
	for (size_t i = 0; i < parts->n; i++) {
		auto_free char *part = NULL;

		if (bdf_compare(&parts->items[i].bdf, &device->bdf) || n++ >= PARTS_SHOWN)
			continue;
		part = rehearse_part_text(&parts->items[i]);
		strbuf_add_item(&text, "%s", part ? part : "");
	}
	if (n > PARTS_SHOWN)
		strbuf_add(&text, _(" and %zu more"), n - PARTS_SHOWN);
	return strbuf_take(&text);
}

int rehearse_print_intent(const struct fs_root *root, const struct rehearse_options *options,
			  const struct plan *plan, const struct rehearse_parts *parts)
{
	cleanup_with(pci_closep) struct pci *pci = NULL;
	int err = pci_open(root, &pci);

	if (err)
		return err;
	log_info(_("%s is taken as a start takes it, reset twice, and given back, which takes "
		   "seconds, or minutes when it does not come back; meanwhile the host does not "
		   "have:"),
		 bdf_text(&options->bdf));
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *step = &plan->steps[i];
		auto_free char *name = pci_name(pci, &step->device->identity);
		auto_free char *loss = loss_text(step, parts);

		log_info("  %s  %s", bdf_text(&step->device->bdf), name ? name : _("PCI device"));
		log_info("      %s", loss ? loss : _("out of memory"));
	}
	if (options->reset)
		log_warning(
			_("it is reset by %s alone; a method that the kernel does not choose by "
			  "itself may hang the host"),
			options->reset);
	return 0;
}

/* ---- afterwards ---- */

static void print_trial(const struct rehearse_options *options, const struct trial *trial)
{
	static const char *const resets[] = {
		[TRIAL_RESET_NONE] = N_("not reset"),
		[TRIAL_RESET_DEVICE] = N_("reset by itself"),
		[TRIAL_RESET_SLOT] = N_("reset with its slot"),
	};
	auto_free char *trouble = rehearsed_trouble(trial);
	const char *address = bdf_text(&options->bdf);

	if (trial->came_back)
		log_device(LOG_LEVEL_INFO, &options->bdf, NULL,
			   ngettext("%s: %s%s%s, and answered after %u reset",
				    "%s: %s%s%s, and answered after %u resets", trial->came_back),
			   address, _(resets[trial->reset]), options->reset ? ", " : "",
			   options->reset ? options->reset : "", trial->came_back);
	if (trouble)
		log_device(LOG_LEVEL_ERROR, &options->bdf, NULL, "%s: %s", address, trouble);
}

static void print_missing(const struct rehearse_parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		const struct rehearse_part *part = &parts->items[i];
		auto_free char *text = part->back ? NULL : rehearse_part_text(part);

		if (!part->back)
			log_device(LOG_LEVEL_ERROR, &part->bdf, NULL,
				   _("%s: its driver has it, but %s is not there again"),
				   bdf_text(&part->bdf), text ? text : "");
	}
}

void rehearse_print(const struct rehearse_options *options, const struct rehearsal *seen,
		    const char *methods)
{
	enum rehearsed verdict = rehearsed_verdict(seen);
	auto_strbuf struct strbuf hints = {0};
	char *rest, *line;

	if (seen->tried)
		print_trial(options, &seen->trial);
	/* Of what was not given back that was said. */
	if (seen->tried && !seen->n_kept)
		print_missing(&seen->parts);
	log_device(verdict == REHEARSED_CAME_BACK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
		   &options->bdf, NULL, "%s: %s", bdf_text(&options->bdf),
		   rehearsed_sentence(verdict));
	rehearsed_hints(verdict, &options->bdf, options->reset ? NULL : methods, &hints);
	if (!hints.len)
		return;
	log_info(_("  what may help, in its entry of 'devices' in /%s:"), SETTINGS_PATH);
	for (rest = hints.text; (line = strsep(&rest, "\n"));)
		if (*line)
			log_info("    %s", line);
}

/* ---- for programs ---- */

static void add_parts(json_object *to, const struct rehearse_parts *parts, const struct bdf *bdf,
		      bool *failed)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; i < parts->n; i++) {
		const struct rehearse_part *part = &parts->items[i];
		json_object *object;

		if (bdf_compare(&part->bdf, bdf))
			continue;
		object = json_add_object(list, failed);
		json_add_text(object, "kind", rehearse_part_kind_name(part->kind), failed);
		json_add_text(object, "name", part->name, failed);
		json_add(object, "back", json_object_new_boolean(part->back), failed);
	}
	json_add(to, "parts", list, failed);
}

static void add_trial(json_object *to, const struct trial *trial, bool *failed)
{
	static const char *const resets[] = {
		[TRIAL_RESET_NONE] = NULL,
		[TRIAL_RESET_DEVICE] = "device",
		[TRIAL_RESET_SLOT] = "slot",
	};
	json_object *bars = json_object_new_array();
	auto_free char *trouble = rehearsed_trouble(trial);

	for (int i = 0; bars && i < VFIO_BARS; i++)
		if (trial->bars & 1U << i && json_object_array_add(bars, json_object_new_int(i)))
			*failed = true;
	json_add(to, "bars", bars, failed);
	json_add_text(to, "reset", resets[trial->reset], failed);
	json_add(to, "came_back", json_object_new_int((int)trial->came_back), failed);
	json_add_text(to, "trouble", trouble, failed);
}

int rehearse_print_json(const struct rehearse_options *options, enum rehearsed verdict,
			const struct rehearsal *seen, const char *methods, const struct plan *plan)
{
	json_object *root = json_object_new_object(), *devices = json_object_new_array();
	bool failed = false;

	json_add_text(root, "address", bdf_text(&options->bdf), &failed);
	json_add_text(root, "verdict", rehearsed_name(verdict), &failed);
	json_add_text(root, "what", rehearsed_sentence(verdict), &failed);
	json_add_text(root, "reason", seen->reason, &failed);
	plan_json_refusals(root, "refusals", plan, &failed);
	json_add_words(root, "reset_method", options->reset ? options->reset : methods, &failed);
	add_trial(root, &seen->trial, &failed);
	json_add(root, "not_given_back", json_object_new_int((int)seen->n_kept), &failed);
	for (size_t i = 0; seen->taken && i < plan->n_steps; i++) {
		const struct device *device = plan->steps[i].device;
		json_object *object = json_add_object(devices, &failed);

		json_add_text(object, "address", bdf_text(&device->bdf), &failed);
		json_add_text(object, "driver", device->driver, &failed);
		json_add_text(object, "returns_to", plan->steps[i].returns_to, &failed);
		add_parts(object, &seen->parts, &device->bdf, &failed);
	}
	return json_print(root, "devices", devices, failed);
}
