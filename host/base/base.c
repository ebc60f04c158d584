// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/base/base.h"

void *array_grown_(void *items, size_t n, size_t size)
{
	if (n & (n - 1))
		return items;
	return reallocarray(items, n ? n * 2 : 1, size);
}
