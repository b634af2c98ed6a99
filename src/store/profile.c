/* store/profile: see the header. */
#include "store/profile.h"

#include "base/err.h"
#include "codec/fold.h"
#include "store/read.h"

#define FROM_PROFILE                                                                               \
    "SELECT p.id, p.name, p.description, p.ca_id, a.name, p.rules, p.lifetime_seconds,"            \
    " p.window_seconds, p.window_percent, p.renews_itself, p.scan_seconds, p.renewal_key,"         \
    " p.force_serial, p.is_forcing, p.n_approvals, p.approver_group_id, g.name, p.is_restricted,"  \
    " p.is_disabled, p.created_at, p.updated_at, p.row_version"                                    \
    "  FROM profile p JOIN ca a ON a.id = p.ca_id"                                                 \
    "  LEFT JOIN user_group g ON g.id = p.approver_group_id"

/* The account may use the profile p. */
#define MAY_USE(account)                                                                           \
    "(p.is_restricted = FALSE OR EXISTS (SELECT 1 FROM profile_user u WHERE u.profile_id = p.id"   \
    " AND (u.account_id = " account " OR u.group_id IN"                                            \
    " (SELECT m.group_id FROM group_member m WHERE m.account_id = " account "))))"

static void read_row(struct stmt *q, struct profile_row *row)
{
    row->id = stmt_i64(q, 0);
    row->name = read_text(q, 1);
    row->description = read_text(q, 2);
    row->ca_id = stmt_i64(q, 3);
    row->ca = read_text(q, 4);
    row->rules = read_text(q, 5);
    row->lifetime_seconds = stmt_i64(q, 6);
    row->window_seconds = stmt_i64(q, 7);
    row->window_percent = stmt_i64(q, 8);
    row->renews_itself = stmt_bool(q, 9);
    row->scan_seconds = stmt_i64(q, 10);
    (void)renewal_key_from_name(stmt_text(q, 11), &row->renewal_key);
    row->force_serial = stmt_i64(q, 12);
    row->is_forcing = stmt_bool(q, 13);
    row->n_approvals = stmt_i64(q, 14);
    row->approver_group_id = stmt_i64(q, 15);
    row->approver_group = read_text_or_null(q, 16);
    row->is_restricted = stmt_bool(q, 17);
    row->is_disabled = stmt_bool(q, 18);
    row->created_at = stmt_i64(q, 19);
    row->updated_at = stmt_i64(q, 20);
    row->row_version = stmt_i64(q, 21);
}

DEFINE_READ_ONE(profile, read_row);

bool store_profile_get(struct tx *tx, int64_t id, struct profile_row **ret, struct err *err)
{
    autofree(profile_row) struct profile_row *row = NULL;
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_PROFILE " WHERE p.id = $1");

    stmt_bind_i64(q, 1, id);
    if (!read_one(q, &row, err))
        return false;
    if (!row)
        return fail(err, ERR_NOT_FOUND, "there is no profile %" PRId64, id);
    *ret = take(&row);
    return true;
}

bool store_profile_find(struct tx *tx, const char *name, struct profile_row **ret, struct err *err)
{
    autofree(str) char *lower = text_fold(name);
    autofree(stmt) struct stmt *q = tx_prepare(tx, FROM_PROFILE " WHERE p.name_lower = $1");

    stmt_bind_text(q, 1, lower);
    return read_one(q, ret, err);
}

bool store_profiles(struct tx *tx, const struct store_viewer *viewer, struct profile_rows *rows,
    struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (viewer->sees_all) {
        q = tx_prepare(tx, FROM_PROFILE " ORDER BY p.name_lower");
    } else {
        q = tx_prepare(tx, FROM_PROFILE " WHERE " MAY_USE("$1") " ORDER BY p.name_lower");
        stmt_bind_i64(q, 1, viewer->account_id);
    }
    while (stmt_next(q))
        read_row(q, profile_rows_add(rows));
    return stmt_end(q, err);
}

/* ---- changes ---- */

static bool check_name(struct tx *tx, const struct profile_row *row, struct err *err)
{
    autofree(profile_row) struct profile_row *other = NULL;

    if (span_trim(span_text(row->name)).size == 0)
        return fail(err, ERR_INVALID, "a profile needs a name");
    if (!store_profile_find(tx, row->name, &other, err))
        return false;
    return !other || other->id == row->id ||
           fail(err, ERR_CONFLICT, "there is a profile \"%s\" already", other->name);
}

static bool check_room(struct tx *tx, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT count(*) FROM profile");
    int64_t n = 0;

    if (!read_number(q, &n, err))
        return false;
    return n < PROFILES_MAX || fail(err, ERR_LIMIT, "there are %d profiles already", PROFILES_MAX);
}

/* What a person can change, as parameters 1 to 15. */
static void bind_row(struct stmt *q, const struct profile_row *row, const char *name_lower)
{
    stmt_bind_text(q, 1, row->name);
    stmt_bind_text(q, 2, name_lower);
    stmt_bind_text(q, 3, row->description);
    stmt_bind_i64(q, 4, row->ca_id);
    stmt_bind_text(q, 5, row->rules);
    stmt_bind_i64(q, 6, row->lifetime_seconds);
    bind_or_null(q, 7, row->window_seconds);
    bind_or_null(q, 8, row->window_percent);
    stmt_bind_bool(q, 9, row->renews_itself);
    bind_or_null(q, 10, row->scan_seconds);
    stmt_bind_text(q, 11, renewal_key_name(row->renewal_key));
    stmt_bind_i64(q, 12, row->n_approvals);
    bind_or_null(q, 13, row->approver_group_id);
    stmt_bind_bool(q, 14, row->is_restricted);
    stmt_bind_bool(q, 15, row->is_disabled);
}

bool store_profile_add(struct tx *tx, struct profile_row *row, int64_t now, struct err *err)
{
    autofree(str) char *lower = text_fold(row->name);
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "INSERT INTO profile(name, name_lower, description, ca_id, rules, lifetime_seconds,"
        " window_seconds, window_percent, renews_itself, scan_seconds, renewal_key, n_approvals,"
        " approver_group_id, is_restricted, is_disabled, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)"
        " RETURNING id");

    if (!check_name(tx, row, err) || !check_room(tx, err))
        return false;
    bind_row(q, row, lower);
    stmt_bind_i64(q, 16, now);
    if (!read_number(q, &row->id, err))
        return false;
    row->created_at = row->updated_at = now;
    row->row_version = 1;
    return true;
}

bool store_profile_save(struct tx *tx, struct profile_row *row, int64_t now, struct err *err)
{
    autofree(str) char *lower = text_fold(row->name);
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "UPDATE profile SET name = $1, name_lower = $2, description = $3, ca_id = $4, rules = $5,"
        " lifetime_seconds = $6, window_seconds = $7, window_percent = $8, renews_itself = $9,"
        " scan_seconds = $10, renewal_key = $11, n_approvals = $12, approver_group_id = $13,"
        " is_restricted = $14, is_disabled = $15, updated_at = $16, row_version = row_version + 1"
        " WHERE id = $17 AND row_version = $18");

    if (!check_name(tx, row, err))
        return false;
    bind_row(q, row, lower);
    stmt_bind_i64(q, 16, now);
    stmt_bind_i64(q, 17, row->id);
    stmt_bind_i64(q, 18, row->row_version);
    if (!stmt_run(q, err))
        return false;
    if (stmt_n_changed(q) != 1)
        return fail_stale(err, "profile");
    row->row_version++;
    row->updated_at = now;
    return true;
}

bool store_profile_force(struct tx *tx, int64_t id, bool is_forcing, int64_t now, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (is_forcing)
        q = tx_prepare(tx, "UPDATE profile SET is_forcing = TRUE, force_serial = force_serial + 1,"
                           " updated_at = $2, row_version = row_version + 1 WHERE id = $1");
    else
        q = tx_prepare(tx, "UPDATE profile SET is_forcing = FALSE, updated_at = $2,"
                           " row_version = row_version + 1 WHERE id = $1");
    stmt_bind_i64(q, 1, id);
    stmt_bind_i64(q, 2, now);
    return stmt_run(q, err);
}

/* ---- what uses it ---- */

bool store_profile_n_certificates(struct tx *tx, const struct store_viewer *viewer,
    int64_t profile_id, int64_t *ret, struct err *err)
{
    autofree(stmt) struct stmt *q = NULL;

    if (viewer->sees_all) {
        q = tx_prepare(tx, "SELECT count(*) FROM certificate_life WHERE profile_id = $1");
    } else {
        q = tx_prepare(tx, "SELECT count(*) FROM certificate_life l WHERE l.profile_id = $1"
                           " AND l.certificate_id IN (" ACCESSIBLE("$2") ")");
        stmt_bind_i64(q, 2, viewer->account_id);
    }
    stmt_bind_i64(q, 1, profile_id);
    return read_number(q, ret, err);
}

#define USERS_NAMED 3

/* "web, api, …": the first few of those that a query of (name) gives. */
static bool list_names(struct stmt *q, int64_t profile_id, struct buf *ret, struct err *err)
{
    int n = 0;

    stmt_bind_i64(q, 1, profile_id);
    stmt_bind_i64(q, 2, USERS_NAMED + 1);
    for (; stmt_next(q); n++) {
        if (n > 0)
            buf_add_text(ret, ", ");
        buf_add_text(ret, n < USERS_NAMED ? stmt_text(q, 0) : "…");
    }
    return stmt_end(q, err);
}

static bool check_unused(struct tx *tx, const struct profile_row *row, struct err *err)
{
    autofree(stmt) struct stmt *records = tx_prepare(tx,
        "SELECT c.name FROM certificate_life l JOIN certificate c ON c.id = l.certificate_id"
        " WHERE l.profile_id = $1 ORDER BY l.certificate_id LIMIT $2");
    autofree(stmt) struct stmt *tickets =
        tx_prepare(tx, "SELECT t.project || '-' || t.number FROM ticket t WHERE t.id IN"
                       " (SELECT r.ticket_id FROM certificate_request r WHERE r.profile_id = $1"
                       "  UNION SELECT o.ticket_id FROM ca_order o WHERE o.profile_id = $1)"
                       " ORDER BY t.id LIMIT $2");
    autodone(buf) struct buf names = BUF_INIT(4096);

    if (!list_names(records, row->id, &names, err))
        return false;
    if (names.size)
        return fail(err, ERR_CONFLICT,
            "certificates live by the profile \"%s\": %s; disable it instead", row->name,
            buf_text(&names));
    if (!list_names(tickets, row->id, &names, err))
        return false;
    return names.size == 0 ||
           fail(err, ERR_CONFLICT, "tickets tell of the profile \"%s\": %s; disable it instead",
               row->name, buf_text(&names));
}

bool store_profile_delete(struct tx *tx, const struct profile_row *row, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "DELETE FROM profile WHERE id = $1 AND row_version = $2");

    if (!check_unused(tx, row, err))
        return false;
    stmt_bind_i64(q, 1, row->id);
    stmt_bind_i64(q, 2, row->row_version);
    if (!stmt_run(q, err))
        return false;
    return stmt_n_changed(q) == 1 || fail_stale(err, "profile");
}

/* ---- who may use it ---- */

bool store_profile_use(struct tx *tx, int64_t profile_id, int64_t account_id,
    struct policy_use *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT p.is_restricted, " MAY_USE("$2") " FROM profile p WHERE p.id = $1");
    struct policy_use use = { 0 };

    stmt_bind_i64(q, 1, profile_id);
    stmt_bind_i64(q, 2, account_id);
    while (stmt_next(q)) {
        use.is_restricted = stmt_bool(q, 0);
        use.is_listed = stmt_bool(q, 1);
    }
    if (!stmt_end(q, err))
        return false;
    *ret = use;
    return true;
}

bool store_profile_is_approver(struct tx *tx, const struct profile_row *profile, int64_t account_id,
    bool *ret, struct err *err)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT count(*) FROM group_member WHERE group_id = $1 AND account_id = $2");
    int64_t n = 0;

    stmt_bind_i64(q, 1, profile->approver_group_id);
    stmt_bind_i64(q, 2, account_id);
    if (!read_number(q, &n, err))
        return false;
    *ret = n > 0;
    return true;
}

bool store_profile_users(struct tx *tx, int64_t profile_id, profile_user_visit visit, void *context,
    struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "SELECT a.name, g.name FROM profile_user u LEFT JOIN account a ON a.id = u.account_id"
        " LEFT JOIN user_group g ON g.id = u.group_id WHERE u.profile_id = $1"
        " ORDER BY a.name IS NULL, a.name, g.name");

    stmt_bind_i64(q, 1, profile_id);
    while (stmt_next(q))
        visit(context, stmt_is_null(q, 0) ? NULL : stmt_text(q, 0),
            stmt_is_null(q, 1) ? NULL : stmt_text(q, 1));
    return stmt_end(q, err);
}

static bool add_users(struct tx *tx, int64_t profile_id, const struct id_list *ids, bool is_group,
    struct err *err)
{
    for (size_t i = 0; i < ids->n; i++) {
        autofree(stmt) struct stmt *q =
            tx_prepare(tx, "INSERT INTO profile_user(profile_id, account_id, group_id)"
                           " VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");

        stmt_bind_i64(q, 1, profile_id);
        bind_or_null(q, 2, is_group ? 0 : ids->items[i]);
        bind_or_null(q, 3, is_group ? ids->items[i] : 0);
        if (!stmt_run(q, err))
            return false;
    }
    return true;
}

bool store_profile_set_users(struct tx *tx, int64_t profile_id, const struct id_list *accounts,
    const struct id_list *groups, struct err *err)
{
    autofree(stmt) struct stmt *forget =
        tx_prepare(tx, "DELETE FROM profile_user WHERE profile_id = $1");

    stmt_bind_i64(forget, 1, profile_id);
    return stmt_run(forget, err) && add_users(tx, profile_id, accounts, false, err) &&
           add_users(tx, profile_id, groups, true, err);
}
