/* base/span: see the header. */
#include "base/span.h"

#include <string.h>
#include <strings.h>

#include "base/alloc.h"

struct span span_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

bool span_is(struct span s, const char *text)
{
    return span_equal(s, span_text(text));
}

bool span_is_nocase(struct span s, const char *text)
{
    size_t n = strlen(text);

    return s.size == n && (n == 0 || strncasecmp((const char *)s.data, text, n) == 0);
}

bool span_starts_with(struct span s, const char *prefix)
{
    size_t n = strlen(prefix);

    return s.size >= n && (n == 0 || memcmp(s.data, prefix, n) == 0);
}

bool span_has_nul(struct span s)
{
    return s.size > 0 && memchr(s.data, '\0', s.size) != NULL;
}

int span_compare(struct span a, struct span b)
{
    size_t n = a.size < b.size ? a.size : b.size;
    int order = n ? memcmp(a.data, b.data, n) : 0;

    if (order != 0)
        return order < 0 ? -1 : 1;
    return (a.size > b.size) - (a.size < b.size);
}

struct span span_slice(struct span s, size_t from, size_t size)
{
    if (from >= s.size)
        return SPAN_EMPTY;
    if (size > s.size - from)
        size = s.size - from;
    return (struct span){ s.data + from, size };
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span span_trim(struct span s)
{
    while (s.size > 0 && is_blank(s.data[0])) {
        s.data++;
        s.size--;
    }
    while (s.size > 0 && is_blank(s.data[s.size - 1]))
        s.size--;
    return s;
}

bool span_split(struct span *rest, char separator, struct span *part)
{
    if (!rest->data)
        return false;
    size_t at = span_find_char(*rest, separator);

    if (at == SIZE_MAX) {
        *part = *rest;
        *rest = SPAN_EMPTY;
        return part->size > 0 || part->data;
    }
    *part = (struct span){ rest->data, at };
    *rest = (struct span){ rest->data + at + 1, rest->size - at - 1 };
    return true;
}

size_t span_find(struct span s, struct span needle)
{
    if (needle.size == 0)
        return 0;
    if (s.size == 0)
        return SIZE_MAX;
    const uint8_t *hit = memmem(s.data, s.size, needle.data, needle.size);

    return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

size_t span_find_char(struct span s, char c)
{
    const uint8_t *hit = s.size ? memchr(s.data, c, s.size) : NULL;

    return hit ? (size_t)(hit - s.data) : SIZE_MAX;
}

char *span_dup(struct span s)
{
    char *copy = xmalloc(s.size + 1);

    if (s.size)
        memcpy(copy, s.data, s.size);
    copy[s.size] = '\0';
    return copy;
}

void span_copy_text(struct span s, char *field, size_t field_size)
{
    size_t n = s.size < field_size ? s.size : field_size - 1;

    ASSERT(field_size > 0);
    if (n < s.size)
        while (n > 0 && (s.data[n] & 0xC0) == 0x80)
            n--;
    if (n)
        memcpy(field, s.data, n);
    field[n] = '\0';
}
