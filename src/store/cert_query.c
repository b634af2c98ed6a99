/* store/cert_query: see the header. */
#include "store/cert_query.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"
#include "codec/fold.h"
#include "codec/hex.h"
#include "store/cert_where.h"
#include "store/read.h"
#include "store/trigram.h"

#define QUERY_MAX 400

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* "ab:cd:ef" as tools print fingerprints and serials: hex pairs with colons between all of them. */
static bool is_colon_hex(const char *text)
{
    size_t n = strlen(text);

    if (n < 8 || n % 3 != 2)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (i % 3 == 2 ? text[i] != ':' : !is_hex(text[i]))
            return false;
    }
    return true;
}

static void drop_colons(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from != ':')
            *to++ = *from;
    }
    *to = '\0';
}

/* Of a fingerprint or serial these are enough to find it among millions: the index looks every
 * three characters up, and each three hex digits are in a great part of all records. */
#define HEX_ENOUGH 8

/* How much of the text the index is asked for. */
static size_t indexed_part(const char *text)
{
    size_t n = 0;

    while (is_hex(text[n]))
        n++;
    return text[n] == '\0' && n > HEX_ENOUGH ? HEX_ENOUGH : strlen(text);
}

/* A serial of 64 bits or more, or a fingerprint, by SHA-256. */
#define HEX_WHOLE 16

static bool is_whole_hex(const char *text)
{
    size_t n = strspn(text, "0123456789abcdef");

    return text[n] == '\0' && n >= HEX_WHOLE;
}

/* Where not all of the text is asked for, an exact LIKE looks again. */
static void set_words(struct cert_where *where, const char *text)
{
    autodone(buf) struct buf pattern = BUF_INIT(QUERY_MAX * 2);
    autodone(buf) struct buf exact = BUF_INIT(QUERY_MAX * 3);
    const size_t n = indexed_part(text);

    buf_add_char(&pattern, '%');
    bool is_exact = trigram_add_pattern(&pattern, span_of(text, n)) && text[n] == '\0';

    buf_add_char(&pattern, '%');
    where->words = buf_take_text(&pattern);
    if (is_exact)
        return;
    buf_add_char(&exact, '%');
    trigram_add_exact(&exact, span_text(text));
    buf_add_char(&exact, '%');
    where->words_exact = buf_take_text(&exact);
}

void cert_query_set(struct cert_where *where, const char *q)
{
    char cut[QUERY_MAX];
    autofree(str) char *text = NULL;

    span_copy_text(span_trim(span_text(q)), cut, sizeof cut);
    text = text_fold(cut);
    if (is_colon_hex(text))
        drop_colons(text);
    if (!*text)
        return;
    if (trigram_has(text)) {
        if (is_whole_hex(text))
            where->hex = xstrdup(text);
        set_words(where, text);
        return;
    }
    where->name_from = xstrdup(text);
    where->name_until = xasprintf("%s" CERT_QUERY_LAST, text);
}

static struct stmt *prepare_versions(struct tx *tx, const char *hex, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    struct stmt *q;

    if (strlen(hex) != 2 * sizeof sha256) {
        q = tx_prepare(tx, "SELECT id FROM version WHERE serial = $1 LIMIT 11");
        stmt_bind_text(q, 1, hex);
        return q;
    }
    if (!hex_decode(span_text(hex), sha256, sizeof sha256, err))
        return NULL;
    q = tx_prepare(tx, "SELECT id FROM version WHERE sha256 = $1");
    stmt_bind_blob(q, 1, span_of(sha256, sizeof sha256));
    return q;
}

/* Who asks for a whole fingerprint or serial means its certificate: an index has it, while its
 * three-letter parts are in those of all others. */
bool cert_query_find(struct tx *tx, struct cert_where *where, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;
    size_t n = 0;

    if (!where->hex || where->n_version_ids)
        return true;
    q = prepare_versions(tx, where->hex, err);
    if (!q)
        return false;
    while (stmt_next(q)) {
        if (n < CERT_WHERE_VERSIONS)
            where->version_ids[n] = stmt_i64(q, 0);
        n++;
    }
    if (!stmt_end(q, err))
        return false;
    if (n == 0 || n > CERT_WHERE_VERSIONS)
        return true;
    where->n_version_ids = n;
    free(take(&where->words));
    free(take(&where->words_exact));
    return true;
}

bool cert_query_is_plain(const struct cert_where *where)
{
    return where->words && !where->words_exact;
}

void cert_query_set_range(const struct cert_where *where, char **ret_from, char **ret_until)
{
    /* Without the "%" around it. */
    const size_t n = strlen(where->words) - 2;

    *ret_from = xasprintf("%.*s", (int)n, where->words + 1);
    *ret_until = xasprintf("%s" CERT_QUERY_LAST, *ret_from);
}
