/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of the project leans on: cleanup attributes, ownership transfer, must-check,
 * and an array that grows. No code that does a job lives here.
 */
#ifndef HOST_BASE_BASE_H
#define HOST_BASE_BASE_H

#include <errno.h>
#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define must_check	   __attribute__((warn_unused_result))
#define printf_like(f, a)  __attribute__((format(printf, f, a)))
#define cleanup_with(func) __attribute__((cleanup(func)))

/* Text that people read (host/base/language.h): in their language; or only marked for translation.
 */
#define _(text)	 gettext(text)
#define N_(text) text

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Hands a pointer over to a new owner and leaves NULL behind, so that a cleanup frees nothing. */
#define TAKE_PTR(p)                                \
	({                                         \
		__typeof__(p) *take_pp_ = &(p);    \
		__typeof__(p) take_p_ = *take_pp_; \
		*take_pp_ = NULL;                  \
		take_p_;                           \
	})

/* The same for a file descriptor, leaving -1 behind. */
#define TAKE_FD(fd)                        \
	({                                 \
		int *take_pfd_ = &(fd);    \
		int take_fd_ = *take_pfd_; \
		*take_pfd_ = -1;           \
		take_fd_;                  \
	})

/* Defines free_TYPEp() for cleanup_with(): frees what a variable of that pointer type holds. */
#define DEFINE_CLEANUP(type, func)          \
	static inline void func##p(type *p) \
	{                                   \
		if (*p)                     \
			func(*p);           \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* Closes what the descriptor variable holds; errno stays what it was, it may be about to be told.
 */
static inline void closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

#define auto_free  cleanup_with(freep)
#define auto_close cleanup_with(closep)

/*
 * Makes room for one more element in the array ITEMS with N elements in use. Sizes are powers of
 * two, so the array itself need not remember one. Evaluates to true, or false without memory, in
 * which case the array is as it was.
 */
#define array_grow(items, n)                                                 \
	({                                                                   \
		void *grown_ = array_grown_((items), (n), sizeof(*(items))); \
		if (grown_)                                                  \
			(items) = grown_;                                    \
		grown_ != NULL;                                              \
	})

void *array_grown_(void *items, size_t n, size_t size) must_check;

#endif
