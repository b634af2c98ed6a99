/* codec/fold: see the header. Nearly everything is ASCII, and has no need of the library. */
#include "codec/fold.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>

#include "base/alloc.h"
#include "base/parse.h"

static bool is_ascii(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] & 0x80)
            return false;
    }
    return true;
}

static char *lower_ascii(struct span text)
{
    char *lower = span_dup(text);

    for (size_t i = 0; i < text.size; i++) {
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = (char)(lower[i] + ('a' - 'A'));
    }
    return lower;
}

char *text_fold_span(struct span text)
{
    size_t size = 0;
    uint8_t *folded;
    char *copy;

    if (is_ascii(text) || !parse_is_utf8(text))
        return lower_ascii(text);
    folded = u8_casefold(text.data, text.size, NULL, UNINORM_NFC, NULL, &size);
    if (!folded)
        return lower_ascii(text);
    copy = span_dup(span_of(folded, size));
    free(folded);
    return copy;
}

char *text_fold(const char *text)
{
    return text_fold_span(span_text(text));
}
