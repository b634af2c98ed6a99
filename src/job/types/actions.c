/*
 * job/actions: one thing done with many records.
 *
 * Some records are one transaction; where one of them cannot be written, they are done again one by
 * one. A record that is not to be seen by whoever asked is counted and not named.
 */
#include <string.h>

#include "auth/permission.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/fold.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "core/bulk.h"
#include "core/cert_was.h"
#include "db/db.h"
#include "job/types/selection.h"
#include "job/types/types.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/business_group.h"
#include "store/cert.h"
#include "store/cert_people.h"
#include "store/group.h"

#define BATCH 100
#define NAMED 200
#define SHARES_MAX 200
#define ITEMS_SHOWN 1000

enum outcome { OUTCOME_DONE, OUTCOME_SKIPPED, OUTCOME_FAILED, N_OUTCOMES };

static const char *const outcome_names[] = { "done", "skipped", "failed" };

static const struct {
    enum action needed;
    const char *audited;
} rules[N_BULK_ACTIONS] = {
    [BULK_ASSIGN] = { ACTION_SHARE, "certificate.access" },
    [BULK_SET_OWNER] = { ACTION_CHANGE_OWNER, "certificate.access" },
    [BULK_SHARE] = { ACTION_SHARE, "certificate.access" },
    [BULK_UNSHARE] = { ACTION_SHARE, "certificate.access" },
    [BULK_TAG] = { ACTION_EDIT, "certificate.edit" },
    [BULK_UNTAG] = { ACTION_EDIT, "certificate.edit" },
    [BULK_SET_BUSINESS_GROUP] = { ACTION_EDIT, "certificate.edit" },
    [BULK_DELETE] = { ACTION_DELETE, "certificate.delete" },
};

struct item {
    int64_t id;
    char *name;
    enum outcome outcome;
    char reason[256];
};

struct acting {
    struct job_run *run;
    const struct json *payload;
    struct principal who;
    enum bulk_action action;
    struct selection selection;
    int64_t user_id; /* of assign and set_owner; 0: nobody */
    struct cert_share named[NAMED];
    size_t n_named;
    struct buf change;        /* what is to become of each, for the audit log … */
    struct json *change_json; /* … and for what to tell of before */
    int64_t n[N_OUTCOMES];
    struct item items[ITEMS_SHOWN];
    size_t n_items;
    int64_t n_taken;
    int64_t n_asked; /* ids of the request */
};

/* ---- what is asked ---- */

static bool find_account_id(struct tx *tx, const char *name, int64_t *ret_id, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (!store_account_find(tx, name, &account, err))
        return false;
    *ret_id = account ? account->id : 0;
    return true;
}

/* The API has checked every name; one that has gone since is left out. */
static bool find_named(struct acting *a, struct tx *tx, bool groups, struct err *err)
{
    const struct json *list = json_member(a->payload, groups ? "groups" : "users");

    for (size_t i = 0; i < json_list_size(list) && a->n_named < NAMED; i++) {
        const char *const name = json_as_text(json_list_item(list, i));
        int64_t id;

        if (!(groups ? store_group_find(tx, name, &id, err) : find_account_id(tx, name, &id, err)))
            return false;
        if (id)
            a->named[a->n_named++] =
                (struct cert_share){ .account_id = groups ? 0 : id, .group_id = groups ? id : 0 };
    }
    return true;
}

/* The request without whom it is about: {"action": "assign", "assignee": "ann"}. */
static bool read_change(struct acting *a, struct err *err)
{
    static const char *const members[] = { "action", "users", "groups", "use_key", "tags",
        "business_group" };
    const struct json *const user = json_member(a->payload, "user");
    struct json_out out;

    json_out_init(&out, &a->change);
    json_begin_object(&out, NULL);
    for (size_t i = 0; i < countof(members); i++)
        if (json_member(a->payload, members[i]))
            json_value(&out, members[i], json_member(a->payload, members[i]));
    if (a->action == BULK_ASSIGN || a->action == BULK_SET_OWNER)
        json_str(&out, a->action == BULK_ASSIGN ? "assignee" : "owner", json_as_text(user));
    json_end(&out);
    return json_out_check(&out, err) && json_parse_within(buf_span(&a->change), JSON_MAX_BYTES,
                                            JSON_MAX_DEPTH, &a->change_json, err);
}

static bool prepare(struct acting *a, struct err *err)
{
    const char *const user = json_as_text(json_member(a->payload, "user"));
    const char *const action = json_as_text(json_member(a->payload, "action"));
    autofree(tx) struct tx *tx = NULL;

    for (int i = 0; i < N_BULK_ACTIONS; i++)
        if (strcmp(bulk_action_names[i], action) == 0)
            a->action = (enum bulk_action)i;
    selection_read(&a->selection, a->payload, a->run->now);
    a->n_asked = (int64_t)a->selection.ids.n;
    if (!read_change(a, err) || !tx_begin(a->run->db, TX_READ, &tx, err) ||
        !job_principal(tx, a->run->row->account_id, &a->who, err) ||
        !find_named(a, tx, false, err) || !find_named(a, tx, true, err))
        return false;
    if (user && !find_account_id(tx, user, &a->user_id, err))
        return false;
    return !user || a->user_id || fail(err, ERR_INVALID, "there is no user \"%s\" any more", user);
}

/* ---- one record ---- */

static bool is_same(const struct cert_share *a, const struct cert_share *b)
{
    return a->account_id == b->account_id && a->group_id == b->group_id;
}

static const struct cert_share *find_in(const struct cert_share *list, size_t n,
    const struct cert_share *share)
{
    for (size_t i = 0; i < n; i++)
        if (is_same(&list[i], share))
            return &list[i];
    return NULL;
}

static bool add_named(const struct acting *a, struct cert_share *shares, size_t *n, struct err *err)
{
    const bool may_use_key = json_as_bool(json_member(a->payload, "use_key"), false);

    for (size_t i = 0; i < a->n_named; i++) {
        size_t at = 0;

        while (at < *n && !is_same(&shares[at], &a->named[i]))
            at++;
        if (at == SHARES_MAX)
            return fail(err, ERR_LIMIT, "a record is shared with at most %d", SHARES_MAX);
        if (at == *n)
            shares[(*n)++] = a->named[i];
        shares[at].may_use_key = shares[at].may_use_key || may_use_key;
    }
    return true;
}

/* The shares there are, without those that are taken away and with those that are added. */
static bool change_people(struct acting *a, struct tx *tx, const struct cert_row *cert,
    struct err *err)
{
    autodone(access_rows) struct access_rows rows = { 0 };
    struct cert_share shares[SHARES_MAX];
    struct cert_people people = { .owner_id = cert->owner_id,
        .assignee_id = cert->assignee_id,
        .shares = shares };

    if (!store_cert_people(tx, cert->id, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n && people.n_shares < SHARES_MAX; i++) {
        const struct access_row *row = &rows.items[i];
        const struct cert_share share = { row->account_id, row->group_id, row->may_use_key,
            row->is_notified };

        if (row->relation != RELATION_SHARED_USER && row->relation != RELATION_SHARED_GROUP)
            continue;
        if (a->action != BULK_UNSHARE || !find_in(a->named, a->n_named, &share))
            shares[people.n_shares++] = share;
    }
    if (a->action == BULK_SHARE && !add_named(a, shares, &people.n_shares, err))
        return false;
    if (a->action == BULK_ASSIGN)
        people.assignee_id = a->user_id;
    if (a->action == BULK_SET_OWNER)
        people.owner_id = a->user_id;
    return store_cert_set_people(tx, cert->id, &people, 0, a->run->now, err);
}

static bool names_tag(const struct json *list, struct span tag)
{
    for (size_t i = 0; i < json_list_size(list); i++) {
        autofree(str) char *folded = text_fold(json_as_text(json_list_item(list, i)));

        if (span_is(tag, folded))
            return true;
    }
    return false;
}

static bool change_tags(struct acting *a, struct tx *tx, const struct cert_row *cert,
    struct err *err)
{
    const struct json *named = json_member(a->payload, "tags");
    autodone(buf) struct buf tags = BUF_INIT(65536);
    struct span rest = span_text(cert->tags);
    struct span tag;
    struct cert_edit edit = { 0 };

    while (span_split(&rest, ';', &tag)) {
        if (names_tag(named, tag))
            continue;
        buf_add_text(&tags, tags.size ? ";" : "");
        buf_add_span(&tags, tag);
    }
    for (size_t i = 0; a->action == BULK_TAG && i < json_list_size(named); i++) {
        buf_add_text(&tags, tags.size ? ";" : "");
        buf_add_text(&tags, json_as_text(json_list_item(named, i)));
    }
    edit.tags = buf_text(&tags);
    return store_cert_edit(tx, cert->id, &edit, a->run->now, err);
}

static bool change_business_group(struct acting *a, struct tx *tx, const struct cert_row *cert,
    struct err *err)
{
    const char *const name = json_as_text(json_member(a->payload, "business_group"));
    int64_t id;
    struct cert_edit edit = { .business_group_id = &id };

    return store_business_group_put(tx, name ? name : "", &id, err) &&
           store_cert_edit(tx, cert->id, &edit, a->run->now, err);
}

static bool change(struct acting *a, struct tx *tx, const struct cert_row *cert, struct err *err)
{
    switch (a->action) {
    case BULK_TAG:
    case BULK_UNTAG:
        return change_tags(a, tx, cert, err);
    case BULK_SET_BUSINESS_GROUP:
        return change_business_group(a, tx, cert, err);
    case BULK_DELETE:
        return store_cert_delete(tx, cert->id, 0, err);
    case BULK_ASSIGN:
    case BULK_SET_OWNER:
    case BULK_SHARE:
    case BULK_UNSHARE:
    case N_BULK_ACTIONS:
        break;
    }
    return change_people(a, tx, cert, err);
}

static bool audit(const struct acting *a, struct tx *tx, const struct cert_row *cert,
    struct err *err)
{
    autodone(buf) struct buf was = BUF_INIT(JSON_MAX_BYTES);
    struct audit_entry entry = { .at = a->run->now,
        .account_id = a->who.account_id,
        .actor = a->who.name,
        .action = rules[a->action].audited,
        .object_type = "certificate",
        .object_id = cert->id,
        .object_name = cert->name,
        .after = buf_text(&a->change) };

    if (a->action == BULK_DELETE)
        cert_was_all(cert, &was);
    else
        cert_was(cert, a->change_json, &was);
    entry.before = was.size ? buf_text(&was) : NULL;
    return store_audit_add(tx, &entry, err);
}

/* False, with no error, if whoever asked may not. */
static bool may(const struct acting *a, unsigned relations)
{
    if (json_as_bool(json_member(a->payload, "use_key"), false) &&
        !permission_allows(&a->who, ACTION_USE_KEY, relations))
        return false;
    return permission_allows(&a->who, rules[a->action].needed, relations);
}

/* ---- keeping what came of it ---- */

static void note(struct acting *a, const struct cert_row *cert, enum outcome outcome,
    const char *reason)
{
    struct item *item;

    a->n[outcome]++;
    if (a->n_items == ITEMS_SHOWN)
        return;
    item = &a->items[a->n_items++];
    item->id = cert->id;
    item->name = xstrdup(cert->name);
    item->outcome = outcome;
    span_copy_text(span_text(reason), item->reason, sizeof item->reason);
}

static void forget_since(struct acting *a, size_t n_items, const int64_t n[static N_OUTCOMES])
{
    while (a->n_items > n_items)
        free(a->items[--a->n_items].name);
    memcpy(a->n, n, sizeof a->n);
}

static bool do_one(struct acting *a, struct tx *tx, int64_t id, struct err *err)
{
    const struct store_viewer viewer = job_viewer(&a->who);
    autofree(cert_row) struct cert_row *cert = NULL;
    unsigned relations;

    if (!store_cert_get(tx, &viewer, id, &cert, err) ||
        !store_cert_relations(tx, id, a->who.account_id, &relations, err))
        return false;
    if (!may(a, relations)) {
        note(a, cert, OUTCOME_SKIPPED, "you may not do this to it");
        return true;
    }
    if (!change(a, tx, cert, err) || !audit(a, tx, cert, err))
        return false;
    note(a, cert, OUTCOME_DONE, "");
    return true;
}

static bool do_together(struct acting *a, const struct id_list *ids, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(a->run->db, TX_WRITE_LONG, &tx, err) ||
        !job_run_progress_in(a->run, tx, a->n_taken,
            a->n_asked > a->n_taken ? a->n_asked : a->n_taken, err))
        return false;
    for (size_t i = 0; i < ids->n; i++)
        if (!do_one(a, tx, ids->items[i], err))
            return false;
    return tx_commit(take(&tx), err);
}

/* What goes wrong with one is told of it; only what is worth another try stops the job. */
static bool do_alone(struct acting *a, int64_t id, struct err *err)
{
    const struct store_viewer viewer = job_viewer(&a->who);
    autofree(tx) struct tx *tx = NULL;
    autofree(cert_row) struct cert_row *cert = NULL;
    struct id_list one = { .items = &id, .n = 1 };
    struct err why = { 0 };

    if (do_together(a, &one, &why))
        return true;
    if (why.kind == ERR_UNAVAILABLE || why.kind == ERR_INTERNAL) {
        *err = why;
        return false;
    }
    if (!tx_begin(a->run->db, TX_READ, &tx, err))
        return false;
    if (store_cert_get(tx, &viewer, id, &cert, err)) {
        note(a, cert, OUTCOME_FAILED, why.msg);
        return true;
    }
    a->n[OUTCOME_SKIPPED]++; /* gone meanwhile */
    return err->kind == ERR_NOT_FOUND;
}

static bool next_ids(struct acting *a, struct id_list *ids, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(a->run->db, TX_READ, &tx, err) &&
           selection_next(tx, &a->selection, &a->who, BATCH, ids, err);
}

static bool do_all(struct acting *a, struct err *err)
{
    while (!a->selection.is_done) {
        autodone(id_list) struct id_list ids = { 0 };
        int64_t n[N_OUTCOMES];
        const size_t n_items = a->n_items;
        struct err why = { 0 };

        if (!next_ids(a, &ids, err))
            return false;
        memcpy(n, a->n, sizeof n);
        if (!do_together(a, &ids, &why)) {
            forget_since(a, n_items, n);
            for (size_t i = 0; i < ids.n; i++)
                if (!do_alone(a, ids.items[i], err))
                    return false;
        }
        a->n_taken += (int64_t)ids.n;
    }
    if (a->selection.has_ids)
        a->n[OUTCOME_SKIPPED] += a->n_asked - a->n_taken; /* there are none for whoever asked */
    return true;
}

static bool write_result(const struct acting *a, struct err *err)
{
    struct json_out out;

    json_out_init(&out, &a->run->result);
    json_begin_object(&out, NULL);
    for (int i = 0; i < N_OUTCOMES; i++)
        json_i64(&out, outcome_names[i], a->n[i]);
    json_begin_array(&out, "items");
    for (size_t i = 0; i < a->n_items; i++) {
        json_begin_object(&out, NULL);
        json_begin_object(&out, "certificate");
        json_i64(&out, "id", a->items[i].id);
        json_str(&out, "name", a->items[i].name);
        json_end(&out);
        json_str(&out, "outcome", outcome_names[a->items[i].outcome]);
        json_str(&out, "reason", a->items[i].reason);
        json_end(&out);
    }
    json_end(&out);
    json_end(&out);
    return json_out_check(&out, err);
}

bool job_actions_run(struct job_run *run, struct err *err)
{
    static const int64_t nothing[N_OUTCOMES];
    autofree(json) struct json *payload = NULL;
    struct acting *a = xcalloc(1, sizeof *a);
    bool works =
        json_parse_within(span_text(run->row->payload), 4U << 20, JSON_MAX_DEPTH, &payload, err);

    a->run = run;
    a->payload = payload;
    buf_init(&a->change, JSON_MAX_BYTES);
    works = works && prepare(a, err) && do_all(a, err) && write_result(a, err);
    forget_since(a, 0, nothing);
    selection_done(&a->selection);
    buf_done(&a->change);
    json_free(a->change_json);
    free(a);
    return works;
}
