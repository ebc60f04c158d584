// SPDX-License-Identifier: GPL-2.0-or-later
#include "hookscript/records/returns.h"

#include "host/base/conftext.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <time.h>

/* To be raised when an older program would misread a newer one's file. */
#define RETURNS_FORMAT	 1
#define RETURNS_TEXT_MAX ((size_t)4096)

/* The file. */
struct counts {
	struct returns returns;
	struct pci_identity identity;
	uint64_t claim; /* which start was counted last */
	bool back;	/* and how */
};

static char *path_of(const struct bdf *bdf)
{
	return fs_path("%s/%s", RETURNS_DIR, bdf_text(bdf));
}

static int get_counts(const config_t *config, void *arg)
{
	struct counts *counts = arg;
	long long last, claim;
	const char *identity;
	int times, of, back, err = conftext_check_format(config, RETURNS_FORMAT);

	if (err)
		return err;
	if (!config_lookup_string(config, "identity", &identity) ||
	    pci_identity_parse(identity, &counts->identity) ||
	    !config_lookup_int(config, "times", &times) || times < 0 ||
	    !config_lookup_int(config, "of", &of) || of < times ||
	    !config_lookup_int64(config, "last", &last) || last < 0 ||
	    !config_lookup_int64(config, "claim", &claim) ||
	    !config_lookup_bool(config, "back", &back))
		return -EINVAL;
	counts->returns = (struct returns){(unsigned int)times, (unsigned int)of, last};
	counts->claim = (uint64_t)claim;
	counts->back = back;
	return 0;
}

static int read_counts(const struct fs_root *root, const struct bdf *bdf,
		       const struct pci_identity *identity, struct counts *ret)
{
	auto_free char *path = path_of(bdf);
	struct counts counts = {0};
	auto_free char *text = NULL;
	int err = statefile_read(root, path, RETURNS_TEXT_MAX, &text);

	*ret = (struct counts){.identity = *identity};
	if (fs_is_absent(err))
		return 0;
	if (!err)
		err = conftext_parse(text, get_counts, &counts);
	if (!err && pci_identity_equal(&counts.identity, identity))
		*ret = counts;
	return err;
}

int returns_read(const struct fs_root *root, const struct bdf *bdf,
		 const struct pci_identity *identity, struct returns *ret)
{
	struct counts counts;
	int err = read_counts(root, bdf, identity, &counts);

	if (!err)
		*ret = counts.returns;
	return err;
}

char *returns_text(const struct returns *returns)
{
	time_t last = (time_t)returns->last;
	char date[32] = "?";
	struct tm local;

	if (!returns->of)
		return NULL;
	if (!returns->times)
		return fs_path(
			ngettext("came back 0 of %u time", "came back 0 of %u times", returns->of),
			returns->of);
	if (localtime_r(&last, &local))
		strftime(date, sizeof(date), "%Y-%m-%d", &local);
	return fs_path(ngettext("came back %u of %u time, last on %s",
				"came back %u of %u times, last on %s", returns->of),
		       returns->times, returns->of, date);
}

/* NULL without memory. */
static char *format(const struct counts *counts)
{
	auto_strbuf struct strbuf to = {0};

	strbuf_add(&to,
		   "# How often the device came back when a VM with it had stopped.\n"
		   "format = %d;\n",
		   RETURNS_FORMAT);
	conftext_put(&to, "identity", pci_identity_text(&counts->identity));
	strbuf_add(&to, "times = %u;\nof = %u;\nlast = %" PRId64 "L;\n", counts->returns.times,
		   counts->returns.of, counts->returns.last);
	strbuf_add(&to, "claim = %" PRId64 "L;\nback = %s;\n", (int64_t)counts->claim,
		   counts->back ? "true" : "false");
	return strbuf_take(&to);
}

static int write_counts(const struct fs_root *root, const struct bdf *bdf,
			const struct counts *counts)
{
	auto_free char *path = path_of(bdf);
	auto_free char *text = format(counts);

	/* Not durably: a stop does not wait for a disk because of this. */
	return statefile_write(root, path, text, 0600, false);
}

int returns_count(const struct fs_root *root, const struct record *record, bool back, bool stop)
{
	struct counts counts;
	int err = read_counts(root, &record->bdf, &record->identity, &counts);
	bool counted;

	/* What cannot be understood begins anew. */
	if (err && err != -EINVAL && err != -EFBIG)
		return err;
	counted = record->claim && counts.claim == record->claim;
	if (counted ? counts.back || !back : !stop || counts.returns.of == INT_MAX)
		return 0;
	counts.returns.of += !counted;
	counts.returns.times += back;
	counts.returns.last = back ? (int64_t)time(NULL) : counts.returns.last;
	counts.claim = record->claim;
	counts.back = back;
	return write_counts(root, &record->bdf, &counts);
}
