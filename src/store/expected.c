/* store/expected: see the header. */
#include "store/expected.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/hostport.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "store/read.h"

#define HTTPS_PORT 443

void expected_row_done(struct expected_row *row)
{
    free(row->name);
    free(row->endpoint);
}
DEFINE_ROWS(expected);

static void add(struct expected_rows *rows, const char *host, int64_t port, const char *sni,
    bool is_seen)
{
    struct expected_row *const row = expected_rows_add(rows);

    row->name = xstrdup(*sni ? sni : host);
    row->endpoint = xstrdup(hostport_text(host, port).text);
    row->is_seen = is_seen;
}

static bool add_attached(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct expected_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT e.host, e.port, e.sni, EXISTS (SELECT 1 FROM observation o WHERE o.endpoint_id = e.id"
        "   AND o.version_id = $2)"
        "  FROM certificate_endpoint x JOIN endpoint e ON e.id = x.endpoint_id"
        " WHERE x.certificate_id = $1 ORDER BY e.host, e.port LIMIT $3");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, version_id);
    stmt_bind_i64(q, 3, EXPECTED_MAX);
    while (stmt_next(q))
        add(rows, stmt_text(q, 0), stmt_i64(q, 1), stmt_text(q, 2), stmt_bool(q, 3));
    return stmt_end(q, err);
}

static bool is_seen_anywhere(struct tx *tx, const char *host, int64_t version_id, bool *ret,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM endpoint e JOIN observation o ON o.endpoint_id = e.id"
                       " WHERE e.host = $1 AND o.version_id = $2");
    int64_t n = 0;

    stmt_bind_text(q, 1, host);
    stmt_bind_i64(q, 2, version_id);
    if (!read_number(q, &n, err))
        return false;
    *ret = n > 0;
    return true;
}

static bool has_name(const struct expected_rows *rows, const char *host)
{
    for (size_t i = 0; i < rows->n; i++)
        if (strcmp(rows->items[i].name, host) == 0)
            return true;
    return false;
}

static bool add_name(struct tx *tx, const struct json *item, int64_t version_id,
    struct expected_rows *rows, struct err *err)
{
    const char *const type = json_as_text(json_member(item, "type"));
    const char *const host = json_as_text(json_member(item, "value"));
    bool is_seen = false;

    if (!type || !host || strcmp(type, "dns") != 0 || strchr(host, '*') || has_name(rows, host))
        return true;
    if (!is_seen_anywhere(tx, host, version_id, &is_seen, err))
        return false;
    add(rows, host, HTTPS_PORT, "", is_seen);
    return true;
}

static bool add_names(struct tx *tx, int64_t version_id, struct expected_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT sans FROM version WHERE id = $1");
    autofree(json) struct json *sans = NULL;
    autofree(str) char *text = NULL;

    stmt_bind_i64(q, 1, version_id);
    while (stmt_next(q))
        text = read_text(q, 0);
    if (!stmt_end(q, err) || (text && !json_parse(span_text(text), &sans, err)))
        return false;
    for (size_t i = 0; i < json_list_size(sans) && rows->n < EXPECTED_MAX; i++)
        if (!add_name(tx, json_list_item(sans, i), version_id, rows, err))
            return false;
    return true;
}

bool store_expected_at(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct expected_rows *rows, struct err *err)
{
    return (!certificate_id || add_attached(tx, certificate_id, version_id, rows, err)) &&
           add_names(tx, version_id, rows, err);
}
