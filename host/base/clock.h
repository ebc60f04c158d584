/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deadlines: points in time on CLOCK_MONOTONIC, in milliseconds. */
#ifndef HOST_BASE_CLOCK_H
#define HOST_BASE_CLOCK_H

#include "host/base/base.h"

/* Now. */
int64_t clock_now_ms(void);

/* How long until DEADLINE, 0 when it has passed, at most INT_MAX: a timeout for poll(2). */
int clock_left_ms(int64_t deadline);

/* Sleeps that long. */
void clock_sleep_ms(int ms);

#endif
