/* store/cert_words: see the header. */
#include "store/cert_words.h"

#include <string.h>

#include "base/err.h"
#include "core/rows_endpoint.h"
#include "db/many.h"
#include "store/cert_marks.h"
#include "store/read.h"

/* A record may have thousands of endpoints: hosts that do not fit are not found by. */
#define WORDS_MAX ((size_t)64 * 1024)

static bool forget(struct tx *tx, int64_t id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM certificate_search WHERE rowid = $1");

    stmt_bind_i64(q, 1, id);
    return stmt_run(q, err);
}

static bool read_record(struct tx *tx, int64_t id, struct buf *words, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT c.name_lower, v.words"
                       "  FROM certificate c LEFT JOIN version v ON v.id = c.version_id"
                       " WHERE c.id = $1");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        buf_add_text(words, stmt_text(q, 0));
        buf_add_char(words, ' ');
        buf_add_text(words, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

/* Most hosts are in the name or the certificate, and need not be said twice. */
static void add_host(struct buf *words, const char *host)
{
    if (words->size + strlen(host) + 1 > WORDS_MAX || strstr(buf_text(words), host))
        return;
    buf_add_char(words, ' ');
    buf_add_text(words, host);
}

static bool add_hosts(struct tx *tx, int64_t id, struct buf *words, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT e.host, e.sni FROM certificate_endpoint l"
                       "  JOIN endpoint e ON e.id = l.endpoint_id"
                       " WHERE l.certificate_id = $1 ORDER BY e.host, e.id");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        add_host(words, stmt_text(q, 0));
        add_host(words, stmt_text(q, 1));
    }
    return stmt_end(q, err);
}

struct many *cert_words_prepare(struct tx *tx)
{
    static const struct many_sql sql = { "INSERT INTO certificate_search(rowid, words)", "it",
        "$1, $2", "" };

    return tx_prepare_many(tx, &sql);
}

int64_t cert_words_add_new(struct many *rows, int64_t certificate_id, const char *name_lower,
    const struct endpoint_key *places, size_t n_places)
{
    autodone(buf) struct buf words = BUF_INIT(2 * WORDS_MAX);

    buf_add_text(&words, name_lower);
    buf_add_char(&words, ' ');
    for (size_t i = 0; i < n_places; i++) {
        add_host(&words, places[i].host);
        add_host(&words, places[i].sni);
    }
    many_i64(rows, certificate_id);
    many_span(rows, buf_span(&words));
    return cert_marks_of_words(buf_span(&words));
}

static bool keep_letters(struct tx *tx, int64_t id, struct span words, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate SET letters = $2 WHERE id = $1 AND letters <> $2");

    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, cert_marks_of_words(words));
    return stmt_send(q, err);
}

bool cert_words_write(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autodone(buf) struct buf words = BUF_INIT(2 * WORDS_MAX);
    autofree(many) struct many *rows = cert_words_prepare(tx);

    if (!forget(tx, certificate_id, err) || !read_record(tx, certificate_id, &words, err))
        return false;
    if (words.size == 0)
        return true;
    if (!add_hosts(tx, certificate_id, &words, err) || !buf_check(&words, "words", err))
        return false;
    many_i64(rows, certificate_id);
    many_span(rows, buf_span(&words));
    return many_run(rows, err) && keep_letters(tx, certificate_id, buf_span(&words), err);
}
