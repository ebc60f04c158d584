/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets share. A target is one file, fuzz_FORMAT.c, with a function of libFuzzer's
 * name; `make check-fuzz` links it with driver.c, `make fuzz` with libFuzzer.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "host/base/fs.h"

/* Tries one input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. Ends the program when it does not. */
#define fuzz_require(condition) \
	((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__, __func__))
void fuzz_fail(const char *condition, const char *file, int line, const char *function)
	__attribute__((noreturn));

/* The input in memory of exactly its size, so that the sanitizers see a step beyond it. The caller
 * frees it, as with all of these. */
char *fuzz_bytes(const uint8_t *data, size_t size);

/* The same as a string, up to the first NUL in it. */
char *fuzz_string(const uint8_t *data, size_t size);

/*
 * Cuts off the part of the input before the first byte SEPARATOR, as a string (cut at a NUL too),
 * and moves *DATA behind it. Without one it is all of it, and the next part is "".
 */
char *fuzz_part(const uint8_t **data, size_t *size, char separator);

/* Whether TEXT is printable ASCII, as a message should be. */
bool fuzz_is_printable(const char *text);

/* How many lines TEXT has, the one behind the last newline counted too. */
unsigned int fuzz_count_lines(const char *text, size_t size);

/*
 * A root folder below $TMPDIR (or /tmp) for what can only be read from a file; one a process,
 * removed at its end.
 */
const struct fs_root *fuzz_root(void);

/* Writes a file into it, mode 0600. The path has no leading '/'; folders above are made. */
void fuzz_write_file(const char *path, const void *bytes, size_t size);

#endif
