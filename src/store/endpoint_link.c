/* store/endpoint_link: see the header. */
#include "store/endpoint_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "db/many.h"

#define ENDPOINTS_SQL                                                                              \
    "INSERT INTO endpoint(host, port, sni, protocol, vantage, created_at)", "tittti",              \
        "$1, $2, $3, $4, $5, $6"

static const struct many_sql endpoints = { ENDPOINTS_SQL,
    " ON CONFLICT (host, port, sni, protocol, vantage) DO NOTHING" };

/* PostgreSQL then waits for whoever is about to write the same one, and keeps it from being deleted
 * until we commit. SQLite has one writer, and would have to be ready to undo the update. */
static const struct many_sql endpoints_kept = { ENDPOINTS_SQL,
    " ON CONFLICT (host, port, sni, protocol, vantage) DO UPDATE SET host = excluded.host" };

static const struct many_sql links_to_them = {
    "INSERT INTO certificate_endpoint(certificate_id, endpoint_id)", "itittt",
    "$1, (SELECT e.id FROM endpoint e WHERE e.host = $2 AND e.port = $3 AND e.sni = $4"
    " AND e.protocol = $5 AND e.vantage = $6)",
    " ON CONFLICT DO NOTHING"
};

static int compare_keys(const void *a, const void *b)
{
    const struct endpoint_key *const x = *(const struct endpoint_key *const *)a;
    const struct endpoint_key *const y = *(const struct endpoint_key *const *)b;
    int order = strcmp(x->host, y->host);

    if (order == 0)
        order = (x->port > y->port) - (x->port < y->port);
    if (order == 0)
        order = strcmp(x->sni, y->sni);
    if (order == 0)
        order = strcmp(x->protocol, y->protocol);
    return order ? order : strcmp(x->vantage, y->vantage);
}

/* In order, each once; returns how many are left. */
static size_t sort_unique(const struct endpoint_key **keys, size_t n)
{
    size_t n_kept = 0;

    qsort(keys, n, sizeof(void *), compare_keys);
    for (size_t i = 0; i < n; i++) {
        if (n_kept == 0 || compare_keys(&keys[n_kept - 1], &keys[i]) != 0)
            keys[n_kept++] = keys[i];
    }
    return n_kept;
}

size_t endpoint_keys_count(const struct endpoint_key *keys, size_t n)
{
    const struct endpoint_key **sorted;
    size_t n_different;

    if (n < 2)
        return n;
    sorted = xcalloc(n, sizeof(void *));
    for (size_t i = 0; i < n; i++)
        sorted[i] = &keys[i];
    n_different = sort_unique(sorted, n);
    free(sorted);
    return n_different;
}

static void add_key(struct many *rows, const struct endpoint_key *key)
{
    many_text(rows, key->host);
    many_i64(rows, key->port);
    many_text(rows, key->sni);
    many_text(rows, key->protocol);
    many_text(rows, key->vantage);
}

/* Each once, and in one order: two transactions that add the same ones do not wait for each other
 * in a circle. */
static bool add_endpoints(struct tx *tx, const struct endpoint_link *links, size_t n, int64_t now,
    struct err *err)
{
    autofree(many) struct many *rows =
        tx_prepare_many(tx, db_is_postgres(tx_db(tx)) ? &endpoints_kept : &endpoints);
    const struct endpoint_key **keys = xcalloc(n, sizeof(void *));

    for (size_t i = 0; i < n; i++)
        keys[i] = links[i].key;
    n = sort_unique(keys, n);
    for (size_t i = 0; i < n; i++) {
        add_key(rows, keys[i]);
        many_i64(rows, now);
    }
    free(keys);
    return many_run(rows, err);
}

static bool add_links(struct tx *tx, const struct endpoint_link *links, size_t n, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(tx, &links_to_them);

    for (size_t i = 0; i < n; i++) {
        many_i64(rows, links[i].certificate_id);
        add_key(rows, links[i].key);
    }
    return many_run(rows, err);
}

bool endpoint_link_all(struct tx *tx, const struct endpoint_link *links, size_t n, int64_t now,
    struct err *err)
{
    return n == 0 || ((add_endpoints(tx, links, n, now, err) && add_links(tx, links, n, err)) ||
                         err_wrap(err, "could not add the endpoints"));
}
