/* store/cert_marks: see the header. */
#include "store/cert_marks.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "db/db.h"
#include "store/kept_text.h"
#include "store/trigram.h"

/* What is marked: things of one kind do not share all their bits with those of another. */
enum kind {
    KIND_TAG = 't',
    KIND_VALUE = 'v',
    KIND_ISSUER = 'i',
    KIND_ACCOUNT = 'a',
    KIND_GROUP = 'g'
};

/* 2^64 divided by the golden ratio (Knuth, 6.4): the highest bits of a product depend on all of the
 * other factor. */
#define GOLDEN 0x9E3779B97F4A7C15u

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_passed_over(uint8_t c)
{
    return c == ' ' || trigram_is_wildcard((char)c);
}

int64_t cert_marks_of_words(struct span text)
{
    uint64_t marks = 0;

    for (size_t i = 2; i < text.size; i++) {
        const uint8_t a = text.data[i - 2];
        const uint8_t b = text.data[i - 1];
        const uint8_t c = text.data[i];

        if ((is_hex(a) && is_hex(b) && is_hex(c)) || is_passed_over(a) || is_passed_over(b) ||
            is_passed_over(c))
            continue;
        marks |= 1ull << ((((uint64_t)a << 16 | (uint64_t)b << 8 | c) * GOLDEN) >> 58);
    }
    return (int64_t)marks;
}

/* One more bit: this, or the next that is not set. */
static uint64_t set_bit(uint64_t bits, uint64_t at)
{
    while (bits >> at & 1)
        at = (at + 1) % 64;
    return bits | 1ull << at;
}

/* Three bits, by FNV-1a of the kind and the bytes. */
static int64_t mark(enum kind kind, struct span bytes)
{
    uint64_t hash = (0xCBF29CE484222325u ^ (uint8_t)kind) * 0x100000001B3u;

    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * 0x100000001B3u;
    hash *= GOLDEN;
    return (int64_t)set_bit(set_bit(set_bit(0, hash >> 58), hash >> 52 & 63), hash >> 46 & 63);
}

int64_t cert_marks_of_tags(const char *tags)
{
    struct span rest = span_text(tags);
    struct span tag;
    int64_t marks = 0;

    while (span_split(&rest, ';', &tag))
        marks |= tag.size ? mark(KIND_TAG, tag) : 0;
    return marks;
}

int64_t cert_marks_of_value(struct span value)
{
    return mark(KIND_VALUE, value);
}

int64_t cert_marks_of_fields(const char *fields)
{
    struct span rest = span_text(fields);
    struct span value;
    int64_t field_id;
    int64_t marks = 0;

    while (field_text_next(&rest, &field_id, &value))
        marks |= mark(KIND_VALUE, value);
    return marks;
}

/* Many records have none, and no bits of it. */
int64_t cert_marks_of_issuer(const char *issuer)
{
    return *issuer ? mark(KIND_ISSUER, span_text(issuer)) : 0;
}

bool cert_marks_write_labels(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autofree(stmt) struct stmt *kept =
        tx_prepare(tx, "SELECT tags, fields, issuer FROM certificate WHERE id = $1");
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET labels = $2 WHERE id = $1 AND labels <> $2");
    int64_t labels = 0;

    stmt_bind_i64(kept, 1, certificate_id);
    while (stmt_next(kept))
        labels = cert_marks_of_tags(stmt_text(kept, 0)) | cert_marks_of_fields(stmt_text(kept, 1)) |
                 cert_marks_of_issuer(stmt_text(kept, 2));
    if (!stmt_end(kept, err))
        return false;
    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, labels);
    return stmt_send(q, err);
}

static int64_t mark_number(enum kind kind, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%" PRId64, number);
    return mark(kind, span_text(text));
}

int64_t cert_marks_of_account(int64_t account_id)
{
    return mark_number(KIND_ACCOUNT, account_id);
}

int64_t cert_marks_of_group(int64_t group_id)
{
    return mark_number(KIND_GROUP, group_id);
}
