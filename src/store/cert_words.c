/* store/cert_words: see the header. */
#include "store/cert_words.h"

#include <string.h>

#include "base/err.h"
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

/* Most hosts are in the certificate, and need not be said twice. */
static bool add_hosts(struct tx *tx, int64_t id, struct buf *words, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT e.host, e.sni FROM certificate_endpoint l"
                       "  JOIN endpoint e ON e.id = l.endpoint_id"
                       " WHERE l.certificate_id = $1 ORDER BY e.host, e.id");

    stmt_bind_i64(q, 1, id);
    while (stmt_next(q)) {
        for (int column = 0; column < 2; column++) {
            const char *host = stmt_text(q, column);

            if (words->size + strlen(host) + 1 > WORDS_MAX || strstr(buf_text(words), host))
                continue;
            buf_add_char(words, ' ');
            buf_add_text(words, host);
        }
    }
    return stmt_end(q, err);
}

bool cert_words_write(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autodone(buf) struct buf words = BUF_INIT(2 * WORDS_MAX);
    autofree(stmt) struct stmt *q = NULL;

    if (!forget(tx, certificate_id, err) || !read_record(tx, certificate_id, &words, err))
        return false;
    if (words.size == 0)
        return true;
    if (!add_hosts(tx, certificate_id, &words, err) || !buf_check(&words, "words", err))
        return false;
    q = tx_prepare(tx, "INSERT INTO certificate_search(rowid, words) VALUES ($1, $2)");
    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_text(q, 2, buf_text(&words));
    return stmt_run(q, err);
}
