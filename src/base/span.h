/*
 * base/span: somebody else's bytes.
 *
 * A span is a pointer and a length. It owns nothing, may hold NULs, and is valid as long as what it
 * points into. An empty span may have a NULL pointer.
 */
#pragma once

#include <string.h>

#include "base/base.h"

struct span {
    const uint8_t *data;
    size_t size;
};

#define SPAN_EMPTY ((struct span){ NULL, 0 })
#define SPAN_LITERAL(text) ((struct span){ (const uint8_t *)(text), sizeof(text) - 1 })

static inline struct span span_of(const void *data, size_t size)
{
    return (struct span){ data, size };
}

struct span span_text(const char *text); /* up to its NUL; NULL gives the empty span */

static inline bool span_equal(struct span a, struct span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool span_is(struct span s, const char *text);
bool span_is_nocase(struct span s, const char *text);
bool span_starts_with(struct span s, const char *prefix);
bool span_has_nul(struct span s);

/* -1, 0 or 1, byte by byte. */
int span_compare(struct span a, struct span b);

/* The part from `from` on, at most `size` bytes; both are cut to what is there. */
struct span span_slice(struct span s, size_t from, size_t size);

/* Without ASCII space, tab, CR and LF at both ends. */
struct span span_trim(struct span s);

/*
 * Cut the text up to the next `separator` off *rest and put it in *part. False when *rest was used
 * up. "a,,b" gives "a", "", "b"; the empty span gives nothing.
 */
bool span_split(struct span *rest, char separator, struct span *part);

/* Position of the first occurrence, or SIZE_MAX. */
size_t span_find(struct span s, struct span needle);
size_t span_find_char(struct span s, char c);

/* A NUL-terminated copy the caller frees. */
char *span_dup(struct span s) must_check;

/* Copy into a fixed field, cut where it does not fit (never inside a UTF-8 sequence). */
void span_copy_text(struct span s, char *field, size_t field_size);
