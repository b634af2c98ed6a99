/* store/field_text: see the header. */
#include "store/field_text.h"

#include <string.h>

#include "base/parse.h"

void field_text_add(struct buf *text, int64_t field_id, const char *value)
{
    buf_addf(text, "%" PRId64 " %zu ", field_id, strlen(value));
    buf_add_text(text, value);
}

/* The number up to the next blank, and what comes behind that. */
static bool next_number(struct span *rest, int64_t max, int64_t *ret)
{
    struct span digits;

    return span_split(rest, ' ', &digits) && parse_i64(digits, 0, max, ret, NULL);
}

bool field_text_next(struct span *rest, int64_t *field_id, struct span *value)
{
    int64_t size;

    if (!next_number(rest, INT64_MAX, field_id) || !next_number(rest, (int64_t)rest->size, &size) ||
        (size_t)size > rest->size)
        return false;
    *value = span_slice(*rest, 0, (size_t)size);
    *rest = span_slice(*rest, (size_t)size, SIZE_MAX);
    return true;
}
