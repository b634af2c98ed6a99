/* store/life: see the header. */
#include "store/life.h"

#include "store/cert_refresh.h"
#include "store/profile.h"
#include "store/read.h"

#define LIFE_COLUMNS                                                                               \
    "l.certificate_id, l.profile_id, l.ticket_id, l.renew_at, l.forced_serial, l.n_failures,"      \
    " l.retry_at, l.last_error"

/* What may be due: of orders, at most one is open for a ticket. */

static void read_row(struct stmt *q, struct life_row *row)
{
    row->certificate_id = stmt_i64(q, 0);
    row->profile_id = stmt_i64(q, 1);
    row->ticket_id = stmt_i64(q, 2);
    row->renew_at = stmt_i64(q, 3);
    row->forced_serial = stmt_i64(q, 4);
    row->n_failures = stmt_i64(q, 5);
    row->retry_at = stmt_i64(q, 6);
    row->last_error = read_text(q, 7);
}

DEFINE_READ_ONE(life, read_row);

bool store_life_put(struct tx *tx, const struct life_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO certificate_life(certificate_id, profile_id, ticket_id, renew_at,"
        " forced_serial, n_failures, retry_at, last_error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (certificate_id) DO UPDATE SET profile_id = excluded.profile_id,"
        " ticket_id = excluded.ticket_id, renew_at = excluded.renew_at,"
        " forced_serial = excluded.forced_serial, n_failures = excluded.n_failures,"
        " retry_at = excluded.retry_at, last_error = excluded.last_error");

    stmt_bind_i64(q, 1, row->certificate_id);
    stmt_bind_i64(q, 2, row->profile_id);
    bind_or_null(q, 3, row->ticket_id);
    bind_or_null(q, 4, row->renew_at);
    stmt_bind_i64(q, 5, row->forced_serial);
    stmt_bind_i64(q, 6, row->n_failures);
    bind_or_null(q, 7, row->retry_at);
    stmt_bind_text(q, 8, row->last_error ? row->last_error : "");
    return stmt_run(q, err);
}

bool store_life_find(struct tx *tx, int64_t certificate_id, struct life_row **ret, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " LIFE_COLUMNS " FROM certificate_life l WHERE l.certificate_id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    return read_one(q, ret, err);
}

bool store_life_delete(struct tx *tx, int64_t certificate_id, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM certificate_life WHERE certificate_id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    return stmt_run(q, err);
}

/* ---- what core/renewal asks ---- */

/* Behind LIFE_COLUMNS: the certificate's dates, and what stands in the way. */
#define FACTS_COLUMNS                                                                               \
    "v.not_before, v.not_after, c.revoked_at, a.is_disabled,"                                       \
    " EXISTS (SELECT 1 FROM ca_order o WHERE o.ticket_id = l.ticket_id AND o.finished_at IS NULL)," \
    " EXISTS (SELECT 1 FROM certificate_request r WHERE r.ticket_id = l.ticket_id"                  \
    "         AND r.wants_csr = TRUE)"
#define FROM_FACTS                                                                                 \
    " FROM certificate_life l JOIN certificate c ON c.id = l.certificate_id"                       \
    " JOIN profile p ON p.id = l.profile_id JOIN ca a ON a.id = p.ca_id"                           \
    " LEFT JOIN version v ON v.id = c.version_id"

static void read_facts(struct stmt *q, int64_t now, struct life_row *life,
    struct renewal_input *input)
{
    read_row(q, life);
    *input = (struct renewal_input){ .life = life,
        .certificate_id = life->certificate_id,
        .not_before = stmt_i64(q, 8),
        .not_after = stmt_i64(q, 9),
        .is_revoked = !stmt_is_null(q, 10),
        .is_ca_disabled = stmt_bool(q, 11),
        .is_ordered = stmt_bool(q, 12),
        .wants_csr = stmt_bool(q, 13),
        .now = now };
}

void life_facts_done(struct life_facts *facts)
{
    life_row_free(facts->life);
    profile_row_free(facts->profile);
    *facts = (struct life_facts){ 0 };
}

bool store_life_facts(struct tx *tx, int64_t certificate_id, int64_t now, struct life_facts *ret,
    struct err *err)
{
    autodone(life_facts) struct life_facts facts = { .input.certificate_id = certificate_id,
        .input.now = now };
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " LIFE_COLUMNS ", " FACTS_COLUMNS FROM_FACTS " WHERE l.certificate_id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    while (stmt_next(q)) {
        facts.life = xcalloc(1, sizeof *facts.life);
        read_facts(q, now, facts.life, &facts.input);
    }
    if (!stmt_end(q, err))
        return false;
    if (facts.life && !store_profile_get(tx, facts.life->profile_id, &facts.profile, err))
        return false;
    facts.input.profile = facts.profile;
    *ret = facts;
    facts = (struct life_facts){ 0 };
    return true;
}

/* ---- plans ---- */

/* People who relied on it to renew itself may have to be told that it ends. */
static bool set_renew_at(struct tx *tx, int64_t certificate_id, int64_t renew_at, int64_t now,
    struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate_life SET renew_at = $2 WHERE certificate_id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    bind_or_null(q, 2, renew_at);
    return stmt_run(q, err) &&
           (renew_at != 0 || store_cert_set_notify_at(tx, certificate_id, now, err));
}

bool store_life_replan(struct tx *tx, int64_t certificate_id, int64_t now, struct renewal_plan *ret,
    struct err *err)
{
    autodone(life_facts) struct life_facts facts = { 0 };
    struct renewal_plan plan;

    if (!store_life_facts(tx, certificate_id, now, &facts, err))
        return false;
    renewal_plan(&facts.input, &plan);
    if (facts.life && facts.life->renew_at != plan.renew_at &&
        !set_renew_at(tx, certificate_id, plan.renew_at, now, err))
        return false;
    if (ret)
        *ret = plan;
    return true;
}

/* The new instants of some records, kept while their rows are read. */
struct replanned {
    struct id_list ids;
    struct id_list instants;
};

static bool plan_some(struct stmt *q, const struct profile_row *profile, int64_t now,
    struct replanned *ret, int64_t *ret_last, struct err *err)
{
    while (stmt_next(q)) {
        autodone(life_row) struct life_row life = { 0 };
        struct renewal_input input;
        struct renewal_plan plan;

        read_facts(q, now, &life, &input);
        input.profile = profile;
        renewal_decide(&input, &plan);
        *ret_last = life.certificate_id;
        if (plan.renew_at == life.renew_at)
            continue;
        id_list_add(&ret->ids, life.certificate_id);
        id_list_add(&ret->instants, plan.renew_at);
    }
    return stmt_end(q, err);
}

bool store_life_replan_profile(struct tx *tx, int64_t profile_id, int64_t after_id, int64_t limit,
    int64_t now, int64_t *ret_last, struct err *err)
{
    autofree(profile_row) struct profile_row *profile = NULL;
    autodone(id_list) struct id_list ids = { 0 };
    autodone(id_list) struct id_list instants = { 0 };
    struct replanned replanned = { 0 };
    int64_t last = 0;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT " LIFE_COLUMNS ", " FACTS_COLUMNS FROM_FACTS
                       " WHERE l.profile_id = $1 AND l.certificate_id > $2"
                       " ORDER BY l.certificate_id LIMIT $3");
    bool works;

    if (!store_profile_get(tx, profile_id, &profile, err))
        return false;
    stmt_bind_i64(q, 1, profile_id);
    stmt_bind_i64(q, 2, after_id);
    stmt_bind_i64(q, 3, limit);
    works = plan_some(q, profile, now, &replanned, &last, err);
    ids = replanned.ids;
    instants = replanned.instants;
    for (size_t i = 0; works && i < ids.n; i++)
        works = set_renew_at(tx, ids.items[i], instants.items[i], now, err);
    if (works)
        *ret_last = last;
    return works;
}

bool store_life_credible(struct tx *tx, int64_t limit, int64_t now, struct err *err)
{
    autodone(id_list) struct id_list ids = { 0 };
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE certificate_life SET retry_at = NULL WHERE certificate_id IN"
                       " (SELECT l.certificate_id FROM certificate_life l"
                       "   WHERE l.n_failures > 0 AND l.retry_at > $1 LIMIT $2)"
                       " RETURNING certificate_id");
    bool works;

    stmt_bind_i64(q, 1, now + RENEWAL_RETRY_CREDIBLE);
    stmt_bind_i64(q, 2, limit);
    while (stmt_next(q))
        id_list_add(&ids, stmt_i64(q, 0));
    works = stmt_end(q, err);
    for (size_t i = 0; works && i < ids.n; i++)
        works = store_life_replan(tx, ids.items[i], now, NULL, err);
    return works;
}

/* ---- what came of it ---- */

/* Revoked records and those that never had a certificate are not waited for. */
static bool end_forcing(struct tx *tx, int64_t certificate_id, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE profile SET is_forcing = FALSE, updated_at = $2, row_version = row_version + 1"
        " WHERE is_forcing = TRUE"
        " AND id = (SELECT l.profile_id FROM certificate_life l WHERE l.certificate_id = $1)"
        " AND NOT EXISTS (SELECT 1 FROM certificate_life o JOIN certificate c"
        "  ON c.id = o.certificate_id WHERE o.profile_id = profile.id"
        "  AND o.forced_serial < profile.force_serial"
        "  AND c.revoked_at IS NULL AND c.version_id IS NOT NULL)");

    stmt_bind_i64(q, 1, certificate_id);
    stmt_bind_i64(q, 2, now);
    return stmt_run(q, err);
}

bool store_life_issued(struct tx *tx, int64_t certificate_id, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE certificate_life SET n_failures = 0, retry_at = NULL, last_error = '',"
        " forced_serial = (SELECT p.force_serial FROM profile p"
        "                  WHERE p.id = certificate_life.profile_id)"
        " WHERE certificate_id = $1");

    stmt_bind_i64(q, 1, certificate_id);
    return stmt_run(q, err) && store_life_replan(tx, certificate_id, now, NULL, err) &&
           end_forcing(tx, certificate_id, now, err);
}

#define ERROR_MAX 500

bool store_life_failed(struct tx *tx, int64_t certificate_id, enum err_kind kind,
    const char *message, int64_t now, struct err *err)
{
    autodone(life_facts) struct life_facts facts = { 0 };
    struct renewal_plan plan;
    char cut[ERROR_MAX];

    if (!store_life_facts(tx, certificate_id, now, &facts, err))
        return false;
    if (!facts.life)
        return true;
    facts.life->n_failures++;
    facts.life->retry_at =
        facts.input.not_after ? renewal_retry_at(&facts.input, facts.life->n_failures, kind) : 0;
    span_copy_text(span_text(message), cut, sizeof cut);
    str_set(&facts.life->last_error, cut);
    facts.input.is_ordered = false; /* what failed is over */
    renewal_decide(&facts.input, &plan);
    facts.life->renew_at = plan.renew_at;
    return store_life_put(tx, facts.life, err) &&
           (facts.life->n_failures < RENEWAL_FAILURES_TOLD ||
               store_cert_set_notify_at(tx, certificate_id, now, err));
}

/* ---- what is due ---- */

bool store_life_due(struct tx *tx, int64_t now, const struct life_row *after, int64_t limit,
    struct life_rows *rows, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT " LIFE_COLUMNS " FROM certificate_life l"
        "  JOIN profile p ON p.id = l.profile_id JOIN ca a ON a.id = p.ca_id"
        " WHERE l.renew_at IS NOT NULL AND p.is_disabled = FALSE AND a.is_disabled = FALSE"
        "   AND NOT EXISTS (SELECT 1 FROM ca_order o WHERE o.ticket_id = l.ticket_id"
        "                     AND o.finished_at IS NULL)"
        "   AND l.renew_at <= $1 AND (l.renew_at, l.certificate_id) > ($2, $3)"
        " ORDER BY l.renew_at, l.certificate_id LIMIT $4");

    stmt_bind_i64(q, 1, now);
    stmt_bind_i64(q, 2, after ? after->renew_at : INT64_MIN);
    stmt_bind_i64(q, 3, after ? after->certificate_id : 0);
    stmt_bind_i64(q, 4, limit);
    while (stmt_next(q))
        read_row(q, life_rows_add(rows));
    return stmt_end(q, err);
}

bool store_life_next_due(struct tx *tx, int64_t now, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT COALESCE(min(renew_at), 0) FROM certificate_life"
                       " WHERE renew_at IS NOT NULL AND renew_at > $1");

    stmt_bind_i64(q, 1, now);
    return read_number(q, ret, err);
}
