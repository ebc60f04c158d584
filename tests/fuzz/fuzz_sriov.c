// SPDX-License-Identifier: GPL-2.0-or-later
/* What is set up of PFs (host/pci/sriov_conf.h), texts that may set their numbers of VFs
 * (host/setup/sriov/setters_match.h), and the links of a cluster (host/usage/net/cluster.h). */
#include "fuzz.h"

#include <string.h>

#include "host/pci/sriov_conf.h"
#include "host/setup/sriov/setters_match.h"
#include "host/usage/net/cluster.h"

static void check_conf(void)
{
	auto_sriov_conf struct sriov_conf conf = {0}, again = {0};
	auto_free char *text = NULL, *second = NULL;

	if (sriov_conf_read(fuzz_root(), &conf) || !conf.exists)
		return;
	for (size_t i = 1; i < conf.n; i++)
		fuzz_require(bdf_compare(&conf.items[i - 1].bdf, &conf.items[i].bdf) < 0);
	for (size_t i = 0; i < conf.n; i++)
		fuzz_require(conf.items[i].vfs > 0);
	/* parse(format(x)) is x */
	text = sriov_conf_text(&conf);
	fuzz_write_file(SRIOV_CONF_PATH, text, strlen(text));
	fuzz_require(!sriov_conf_read(fuzz_root(), &again));
	second = sriov_conf_text(&again);
	fuzz_require(!strcmp(text, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *names[] = {(char *)"eno1"}, *macs[] = {(char *)"52:54:00:00:00:01"};
	char *others[] = {(char *)"eno2"};
	const struct setters_pf pf = {
		.bdf = {0, 3, 0, 0},
		.driver = (char *)"igb",
		.module = (char *)"igb",
		.interfaces = {names, 1},
		.macs = {macs, 1},
		.others = {others, 1},
	};
	auto_free char *text = fuzz_string(data, size);
	auto_cluster_links struct cluster_links links = {0};
	auto_free char *ours = fs_path("%s 0000:03:00.0", text);

	fuzz_write_file(SRIOV_CONF_PATH, size ? (const void *)data : "", size);
	check_conf();
	(void)setters_match_rule(&pf, text);
	(void)setters_match_link(&pf, text);
	fuzz_require(!cluster_links_parse(text, text, "pve1", &links));
	for (size_t i = 0; i < links.n; i++)
		fuzz_require(links.items[i].value != NULL);
	/* What names it is never another's. */
	fuzz_require(setters_match(&pf, ours) == SETTERS_OURS);
	return 0;
}
