/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host of scenario.h as node lab of a cluster, with tests/fakes/pvesh. */
#ifndef TESTS_UNIT_CLUSTERCASE_H
#define TESTS_UNIT_CLUSTERCASE_H

#include "scenario.h"

#define CONFIG "etc/pve/mapping/pci.cfg"

/* What each line of the devices of the scenario must be. */
#define GPU_LINE   "node=lab,path=0000:01:00.0,id=10de:1001,subsystem-id=1043:8600,iommugroup=10"
#define CARD_LINE  "node=lab,path=0000:01:00,id=10de:1001,subsystem-id=1043:8600,iommugroup=10"
#define TWIN_LINE  "node=lab,path=0000:05:00.0,id=10de:1001,subsystem-id=1043:8600,iommugroup=13"
#define USB_LINE   "node=lab,path=0000:06:00.0,id=1b73:1100,subsystem-id=0000:0000,iommugroup=14"
#define OTHER_LINE "node=pve2,path=0000:41:00.0,id=10de:1001,subsystem-id=1043:8600,iommugroup=7"

/* For cmocka. The nodes pve2 and pve3, of which the latter is offline; no mappings. */
int clustercase_setup(void **state);

/* Ends the test when the mappings are others. */
void clustercase_assert_config(struct tree *tree, const char *expected);

/* The same of the commands that were run to change something, one a line, each word in brackets. */
void clustercase_assert_ran(struct tree *tree, const char *expected);

#endif
