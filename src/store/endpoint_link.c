/* store/endpoint_link: see the header. */
#include "store/endpoint_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "db/db.h"
#include "db/many.h"
#include "store/ids.h"

/* PostgreSQL then waits for whoever is about to write the same one, and keeps it from being deleted
 * until we commit. */
static const struct many_sql endpoints_kept = {
    "INSERT INTO endpoint(host, port, sni, protocol, vantage, created_at)", "tittti",
    "$1, $2, $3, $4, $5, $6",
    " ON CONFLICT (host, port, sni, protocol, vantage) DO UPDATE SET host = excluded.host"
};

/* SQLite has one writer, and would have to be ready to undo such an update. */
static const struct many_sql endpoints_numbered = {
    "INSERT INTO endpoint(host, port, sni, protocol, vantage, created_at, id)", "titttii",
    "$1, $2, $3, $4, $5, $6, $7", " ON CONFLICT (host, port, sni, protocol, vantage) DO NOTHING"
};

static const struct many_sql links_to_them = {
    "INSERT INTO certificate_endpoint(certificate_id, endpoint_id)", "itittt",
    "$1, (SELECT e.id FROM endpoint e WHERE e.host = $2 AND e.port = $3 AND e.sni = $4"
    " AND e.protocol = $5 AND e.vantage = $6)",
    " ON CONFLICT DO NOTHING"
};

static const struct many_sql links_to_new = {
    "INSERT INTO certificate_endpoint(certificate_id, endpoint_id)", "ii", "$1, $2",
    " ON CONFLICT DO NOTHING"
};

/* What is to be linked, and all different keys of it, in order: two transactions that add the same
 * ones do not wait for each other in a circle. */
struct linking {
    struct tx *tx;
    const struct endpoint_link *links;
    size_t n;
    const struct endpoint_key **keys;
    size_t n_keys;
    int64_t *ids; /* of each key, if none of them was there before */
    int64_t now;
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

static bool add_kept(const struct linking *linking, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(linking->tx, &endpoints_kept);

    for (size_t i = 0; i < linking->n_keys; i++) {
        add_key(rows, linking->keys[i]);
        many_i64(rows, linking->now);
    }
    return many_run(rows, err);
}

/* *ret_new: not one was there before, and all have the ids that were taken for them. */
static bool add_numbered(const struct linking *linking, bool *ret_new, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(linking->tx, &endpoints_numbered);

    if (!ids_take(linking->tx, "endpoint", linking->n_keys, linking->ids, err))
        return false;
    for (size_t i = 0; i < linking->n_keys; i++) {
        add_key(rows, linking->keys[i]);
        many_i64(rows, linking->now);
        many_i64(rows, linking->ids[i]);
    }
    if (!many_run(rows, err))
        return false;
    *ret_new = many_n_changed(rows) == (int64_t)linking->n_keys;
    return true;
}

static bool link_found(const struct linking *linking, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(linking->tx, &links_to_them);

    for (size_t i = 0; i < linking->n; i++) {
        many_i64(rows, linking->links[i].certificate_id);
        add_key(rows, linking->links[i].key);
    }
    return many_run(rows, err);
}

static int64_t id_of(const struct linking *linking, const struct endpoint_key *key)
{
    const struct endpoint_key **const found =
        bsearch(&key, linking->keys, linking->n_keys, sizeof(void *), compare_keys);

    ASSERT(found);
    return linking->ids[found - linking->keys];
}

/* Nothing has to be looked up. */
static bool link_new(const struct linking *linking, struct err *err)
{
    autofree(many) struct many *rows = tx_prepare_many(linking->tx, &links_to_new);

    for (size_t i = 0; i < linking->n; i++) {
        many_i64(rows, linking->links[i].certificate_id);
        many_i64(rows, id_of(linking, linking->links[i].key));
    }
    return many_run(rows, err);
}

static bool link_all(const struct linking *linking, struct err *err)
{
    bool are_new = false;

    if (!(db_is_postgres(tx_db(linking->tx)) ? add_kept(linking, err)
                                             : add_numbered(linking, &are_new, err)))
        return false;
    return are_new ? link_new(linking, err) : link_found(linking, err);
}

bool endpoint_link_all(struct tx *tx, const struct endpoint_link *links, size_t n, int64_t now,
    struct err *err)
{
    struct linking linking = { .tx = tx, .links = links, .n = n, .now = now };
    bool works;

    if (n == 0)
        return true;
    linking.keys = xcalloc(n, sizeof(void *));
    linking.ids = xcalloc(n, sizeof *linking.ids);
    for (size_t i = 0; i < n; i++)
        linking.keys[i] = links[i].key;
    linking.n_keys = sort_unique(linking.keys, n);
    works = link_all(&linking, err) || err_wrap(err, "could not add the endpoints");
    free(linking.keys);
    free(linking.ids);
    return works;
}
