/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts that were read nowhere: what is decided by them needs no tree. */
#ifndef TESTS_UNIT_FACTSCASE_H
#define TESTS_UNIT_FACTSCASE_H

#include "hookscript/plan/facts/facts.h"

/*
 * Gives FACTS, whose settings (NULL: the defaults), devices and groups are the caller's, VM 100
 * with that config, and the cluster's mappings on a node "lab" (NULL: none); and decides what its
 * entries get. Ends the test when that fails.
 */
void factscase_decide(struct facts *facts, const char *config, const char *mappings);

/* Frees what factscase_decide() made. */
void factscase_free(struct facts *facts);

#endif
