/*
 * base/alloc: memory that is there or the process ends.
 *
 * Allocation cannot fail; size can, and is checked by the caller before it asks. State is in the
 * database, so an abort loses no more than a power cut.
 */
#pragma once

#include "base/base.h"

void *xmalloc(size_t n_bytes) must_check __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t n, size_t size) must_check __attribute__((malloc, returns_nonnull));

/* Room for n elements of `size` bytes; what was there is kept. `pointer` may be NULL. */
void *xreallocarray(void *pointer, size_t n, size_t size) must_check;

/* Copies the caller frees. xstrdup(NULL) is NULL. */
char *xstrdup(const char *text) must_check;
char *xstrndup(const char *text, size_t n) must_check;
void *xmemdup(const void *bytes, size_t n) must_check;

/* A formatted string the caller frees. */
char *xasprintf(const char *format, ...) must_check printf_like(1, 2);

/* Wipe, then free. NULL is fine. */
void xfree_wiped(void *pointer, size_t n_bytes);

static inline void str_autofree(char **p)
{
    free(*p);
}

/* Replace an owned string by a copy of `text`, which may be NULL. */
void str_set(char **owned, const char *text);
