// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/setup/conf/kernelinfo.h"

#include <string.h>

#define CMDLINE_MAX ((size_t)1024 * 1024)
#define CONFIG_MAX  ((size_t)4 * 1024 * 1024)

int kernelinfo_cmdline(const struct fs_root *root, struct conf_items *ret)
{
	auto_free char *text = NULL;
	int err = fs_read(root, "proc/cmdline", CMDLINE_MAX, &text, NULL);

	if (err)
		return err == -ENOENT ? 0 : err;
	return cmdline_split(ret, text, "proc/cmdline");
}

bool kernelinfo_is_before(const char *release, const char *version)
{
	return *release >= '0' && *release <= '9' && strverscmp(release, version) < 0;
}

/* Whether RELEASE's last part is a flavour of Debian's own kernels. */
static bool is_debian_release(const char *release)
{
	static const char *const flavours[] = {"-amd64", "-cloud-amd64", "-rt-amd64"};
	size_t len = strlen(release);

	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++) {
		size_t end = strlen(flavours[i]);

		if (len > end && !strcmp(release + len - end, flavours[i]))
			return true;
	}
	return false;
}

enum answer kernelinfo_has_acs_override(const char *release)
{
	const char *pve = strstr(release, "-pve");

	if (pve && (!pve[4] || pve[4] == '-'))
		return ANSWER_YES;
	return is_debian_release(release) ? ANSWER_NO : ANSWER_UNKNOWN;
}

enum answer kernelinfo_intel_default_on(const struct fs_root *root, const char *release)
{
	auto_free char *path = fs_path("boot/config-%s", release);
	auto_free char *text = NULL;
	char *rest, *line;

	if (fs_read(root, path, CONFIG_MAX, &text, NULL))
		return ANSWER_UNKNOWN;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (!strcmp(line, "CONFIG_INTEL_IOMMU_DEFAULT_ON=y") ||
		    !strcmp(line, "CONFIG_INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF=y"))
			return ANSWER_YES;
	return ANSWER_NO;
}
