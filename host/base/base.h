/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of the project uses: cleanup attributes, ownership transfer, must-check, an array
 * that grows, and numbers in texts.
 */
#ifndef HOST_BASE_BASE_H
#define HOST_BASE_BASE_H

#include <errno.h>
#include <libintl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define must_check	   __attribute__((warn_unused_result))
#define printf_like(f, a)  __attribute__((format(printf, f, a)))
#define cleanup_with(func) __attribute__((cleanup(func)))

/* Text that people read (host/base/language.h): in their language; or only marked so. */
#define _(text)	 gettext(text)
#define N_(text) text

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The value of a pointer variable, which becomes NULL: its new owner frees what it points to. */
#define TAKE_PTR(p)                                \
	({                                         \
		__typeof__(p) *take_pp_ = &(p);    \
		__typeof__(p) take_p_ = *take_pp_; \
		*take_pp_ = NULL;                  \
		take_p_;                           \
	})

/* The same for a file descriptor, which becomes -1. */
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

/* Closes the descriptor in the variable, if any. errno is preserved. */
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
 * Makes space for one more element in the array ITEMS with N elements in use. Sizes are powers of
 * two, so no size is stored. Evaluates to true, or false without memory: the array is unchanged.
 */
#define array_grow(items, n)                                                 \
	({                                                                   \
		void *grown_ = array_grown_((items), (n), sizeof(*(items))); \
		if (grown_)                                                  \
			(items) = grown_;                                    \
		grown_ != NULL;                                              \
	})

void *array_grown_(void *items, size_t n, size_t size) must_check;

/* Compares, for qsort(3) and bsearch(3), what begins with an int (a pid_t is one). */
int compare_ints(const void *a, const void *b);

/* What follows PREFIX in TEXT; NULL when TEXT does not begin with it. */
const char *after_prefix(const char *text, const char *prefix);

/* Whether both are the same text, or both NULL. */
bool same_text(const char *a, const char *b);

/* Whether WORD is one of WORDS, which have spaces, tabs or newlines between them. */
bool has_word(const char *words, const char *word);

/*
 * Reads a decimal number of one to nine digits, at the beginning of *TEXT, which moves to the
 * character after it; and one that is all of TEXT. Returns whether there is one, in *RET.
 */
bool number_take(const char **text, unsigned int *ret) must_check;
bool number_parse(const char *text, unsigned int *ret) must_check;

/* vprintf(3) into a new string; NULL without memory. */
char *vprintf_text(const char *format, va_list args) printf_like(1, 0) must_check;

#endif
