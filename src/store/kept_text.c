/* store/kept_text: see the header. */
#include "store/kept_text.h"

#include <string.h>

#include "base/parse.h"
#include "codec/hex.h"

static void add_number(struct buf *text, int64_t number)
{
    buf_add_i64(text, number);
    buf_add_char(text, ' ');
}

static void add_text(struct buf *text, const char *value)
{
    const size_t size = strlen(value);

    add_number(text, (int64_t)size);
    buf_add(text, value, size);
}

static bool next_number(struct span *rest, int64_t min, int64_t max, int64_t *ret)
{
    struct span digits;

    return span_split(rest, ' ', &digits) && parse_i64(digits, min, max, ret, NULL);
}

static bool next_text(struct span *rest, struct span *value)
{
    int64_t size;

    if (!next_number(rest, 0, INT64_MAX, &size) || (size_t)size > rest->size)
        return false;
    *value = span_slice(*rest, 0, (size_t)size);
    *rest = span_slice(*rest, (size_t)size, SIZE_MAX);
    return true;
}

void field_text_add(struct buf *text, int64_t field_id, const char *value)
{
    add_number(text, field_id);
    add_text(text, value);
}

bool field_text_next(struct span *rest, int64_t *field_id, struct span *value)
{
    return next_number(rest, 0, INT64_MAX, field_id) && next_text(rest, value);
}

static void add_hash(struct buf *text, const uint8_t hash[static SHA256_SIZE])
{
    char digits[2 * SHA256_SIZE + 1];

    add_text(text, hex_encode(span_of(hash, SHA256_SIZE), digits, sizeof digits));
}

void version_text_write(const struct version_row *row, struct buf *text)
{
    const int64_t numbers[] = { row->not_before, row->not_after, row->n_sans, row->key_size,
        row->created_at, row->is_ca, row->is_self_signed, row->is_staging };
    const char *const texts[] = { row->slot, row->serial, row->subject, row->issuer, row->name,
        row->sans, row->key_algorithm, row->signature_algorithm };

    for (size_t i = 0; i < countof(numbers); i++)
        add_number(text, numbers[i]);
    add_hash(text, row->sha256);
    add_hash(text, row->spki_sha256);
    for (size_t i = 0; i < countof(texts); i++)
        add_text(text, texts[i]);
}

static bool read_numbers(struct span *rest, struct version_row *row)
{
    int64_t flags[3] = { 0 };
    int64_t *const numbers[] = { &row->not_before, &row->not_after, &row->n_sans, &row->key_size,
        &row->created_at, &flags[0], &flags[1], &flags[2] };

    for (size_t i = 0; i < countof(numbers); i++) {
        if (!next_number(rest, INT64_MIN, INT64_MAX, numbers[i]))
            return false;
    }
    row->is_ca = flags[0] != 0;
    row->is_self_signed = flags[1] != 0;
    row->is_staging = flags[2] != 0;
    return true;
}

static bool read_hash(struct span *rest, uint8_t hash[static SHA256_SIZE])
{
    struct span digits;

    return next_text(rest, &digits) && hex_decode(digits, hash, SHA256_SIZE, NULL);
}

bool version_text_read(struct span text, struct version_row *row)
{
    char **const texts[] = { &row->slot, &row->serial, &row->subject, &row->issuer, &row->name,
        &row->sans, &row->key_algorithm, &row->signature_algorithm };
    struct span value;

    if (!read_numbers(&text, row) || !read_hash(&text, row->sha256) ||
        !read_hash(&text, row->spki_sha256))
        return false;
    for (size_t i = 0; i < countof(texts); i++) {
        if (!next_text(&text, &value))
            return false;
        *texts[i] = span_dup(value);
    }
    return text.size == 0;
}
