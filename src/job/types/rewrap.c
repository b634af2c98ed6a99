/*
 * job/rewrap: rotate the master key.
 *
 * In two phases, so that no node meets a blob it cannot open: the new key is loaded everywhere
 * before anything is sealed with it. Where it stands is in the database, and every step can be
 * taken again, so whoever is killed, the next run goes on:
 *
 *   nothing is pending         the vault makes a key, which becomes pending
 *   all nodes hold it          it becomes current, the old one retiring
 *   until nothing is under it  data keys are wrapped anew, one by one
 *   all nodes seal with it, and what was under way has ended: the old one is retired
 *
 * What is sealed is not touched, only its data key's wrapping. The payload names the key that was
 * current when the rotation was asked for: once another is, nothing more is made.
 */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/json_in.h"
#include "db/db.h"
#include "job/types/types.h"
#include "store/audit.h"
#include "store/sealed_key.h"
#include "store/vault_state.h"
#include "vault/client.h"
#include "vault/client_keys.h"

#define BATCH 50
#define AGAIN_SECONDS 1

/* A node that has said nothing for so long does not count. It finds out by itself. */
#define ALIVE_SECONDS 12

/* With a database that several nodes share: how long each has to say that it is there. */
#define GRACE_SECONDS 8

static bool read_masters(struct job_run *run, struct vault_masters *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_READ, &tx, err) && store_masters_get(tx, ret, err) &&
           tx_commit(take(&tx), err);
}

static bool note(struct tx *tx, const struct job_run *run, const char *action,
    const struct vault_master *master, struct err *err)
{
    struct audit_entry entry = { .at = clock_now(),
        .actor = "certdesk",
        .action = action,
        .object_type = "vault",
        .object_id = run->row->id,
        .object_name = master->identity.key_id,
        .after = "" };

    return store_audit_add(tx, &entry, err);
}

static bool make_key(struct job_run *run, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct vault_master made;

    if (!vault_make_master(run->services->vault, &made, err) ||
        !tx_begin(run->db, TX_WRITE, &tx, err) || !store_master_add(tx, &made, clock_now(), err) ||
        !note(tx, run, "vault.key", &made, err))
        return false;
    log_info("vault.key_made", KV_STR("key", made.identity.key_id),
        KV_STR("source", vault_source_name(made.source)));
    return tx_commit(take(&tx), err);
}

/* Is every other living node so far? */
struct muster {
    const char *node;
    const char *key_id;
    bool wants_sealing;
    bool is_behind;
};

static bool has_word(const char *words, const char *word)
{
    struct span rest = span_text(words), one;

    while (span_split(&rest, ' ', &one))
        if (span_is(one, word))
            return true;
    return false;
}

static void muster_one(void *context, const struct vault_node *node)
{
    struct muster *muster = context;
    bool is_far = muster->wants_sealing ? strcmp(node->sealing_id, muster->key_id) == 0
                                        : has_word(node->key_ids, muster->key_id);

    muster->is_behind |= !is_far && strcmp(node->name, muster->node) != 0;
}

static bool all_nodes(struct job_run *run, const char *key_id, bool wants_sealing, bool *ret,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct muster muster = { .node = run->services->node,
        .key_id = key_id,
        .wants_sealing = wants_sealing };

    if (!tx_begin(run->db, TX_READ, &tx, err) ||
        !store_vault_nodes(tx, clock_now() - ALIVE_SECONDS, muster_one, &muster, err))
        return false;
    *ret = !muster.is_behind;
    return true;
}

/* This node's own vault needs no row: it can be asked. */
static bool load_here(struct job_run *run, const struct vault_masters *masters,
    const struct vault_master *pending, struct err *err)
{
    struct vault_masters held;

    vault_client_masters(run->services->vault, &held);
    for (size_t i = 0; i < held.n; i++)
        if (held.items[i].is_loaded &&
            strcmp(held.items[i].identity.key_id, pending->identity.key_id) == 0)
            return true;
    if (!vault_reload(run->services->vault, masters, err))
        return false;
    vault_client_masters(run->services->vault, &held);
    for (size_t i = 0; i < held.n; i++)
        if (held.items[i].is_loaded && held.items[i].state == VAULT_PENDING)
            return true;
    return fail(err, ERR_UNAVAILABLE, "this node has no master key %s yet",
        pending->identity.key_id);
}

/* Requests that had a key sealed before the change have written it by then, but for the slowest,
 * which are refused (store/sealed_key). */
#define SETTLE_SECONDS 2

/* When `key_id` came to be pending, and current; 0 where it is not there. */
struct age {
    const char *key_id;
    int64_t created_at;
    int64_t current_at;
};

static void note_age(void *context, const struct master_use *use)
{
    struct age *age = context;

    if (strcmp(use->master->identity.key_id, age->key_id) == 0) {
        age->created_at = use->created_at;
        age->current_at = use->current_at;
    }
}

static bool read_age(struct job_run *run, struct age *age, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_READ, &tx, err) && store_master_uses(tx, note_age, age, err);
}

/* Every node has had the time to notice. One that has a database of its own is alone. */
static bool is_time(struct job_run *run, const char *key_id, bool *ret, struct err *err)
{
    struct age age = { .key_id = key_id };

    if (!read_age(run, &age, err))
        return false;
    *ret = !db_is_postgres(run->db) || clock_now() - age.created_at >= GRACE_SECONDS;
    return true;
}

static bool has_settled(struct job_run *run, const char *key_id, bool *ret, struct err *err)
{
    struct age age = { .key_id = key_id };

    if (!read_age(run, &age, err))
        return false;
    *ret = clock_now() - age.current_at >= SETTLE_SECONDS;
    return true;
}

static bool promote(struct job_run *run, const struct vault_masters *masters,
    const struct vault_master *pending, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    bool has_time, is_everywhere;

    if (!load_here(run, masters, pending, err) ||
        !is_time(run, pending->identity.key_id, &has_time, err) ||
        !all_nodes(run, pending->identity.key_id, false, &is_everywhere, err))
        return false;
    if (!has_time || !is_everywhere) {
        run->again_at = clock_now() + AGAIN_SECONDS;
        return true;
    }
    run->again_at = clock_now(); /* the next step at once */
    return tx_begin(run->db, TX_WRITE, &tx, err) && store_master_promote(tx, clock_now(), err) &&
           note(tx, run, "vault.promote", pending, err) && tx_commit(take(&tx), err);
}

/* What cannot be wrapped anew is left, and told at the end: one damaged row must not keep all
 * others under the old key. */
struct rewrapping {
    const char *key_id;
    int64_t after_id;
    int64_t n_done;
    int64_t n_left;
    int64_t first_left;
    int64_t total;
};

static bool read_next(struct job_run *run, const struct rewrapping *r, struct sealed_key_row *row,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(run->db, TX_READ, &tx, err) &&
           store_sealed_key_next_other(tx, r->key_id, r->after_id, row, err) &&
           tx_commit(take(&tx), err);
}

static bool write_back(struct job_run *run, const struct sealed_key_row *row, struct span blob,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    bool changed;

    return tx_begin(run->db, TX_WRITE, &tx, err) &&
           store_sealed_key_rewrap(tx, row, blob, &changed, err) && tx_commit(take(&tx), err);
}

static bool rewrap_one(struct job_run *run, struct rewrapping *r, const struct sealed_key_row *row,
    struct err *err)
{
    autodone(buf) struct buf blob = BUF_INIT(VAULT_SEALED_MAX);
    struct vault_binding binding = sealed_key_binding(row);

    r->after_id = row->id;
    if (vault_rewrap(run->services->vault, buf_span(&row->blob), &binding, r->key_id, &blob, err)) {
        r->n_done++;
        return write_back(run, row, buf_span(&blob), err);
    }
    if (err->kind != ERR_INVALID)
        return false;
    log_error("vault.not_rewrapped", KV_I64("sealed_key", row->id), KV_ERR(err));
    err_clear(err);
    if (r->n_left++ == 0)
        r->first_left = row->id;
    return true;
}

static bool count(struct job_run *run, struct rewrapping *r, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t n = 0;

    if (!tx_begin(run->db, TX_READ, &tx, err) ||
        !store_sealed_key_count_other(tx, r->key_id, &n, &r->total, err))
        return false;
    r->n_done = r->total - n;
    return true;
}

static bool rewrap_all(struct job_run *run, struct rewrapping *r, struct err *err)
{
    autodone(sealed_key_row) struct sealed_key_row row;

    sealed_key_row_init(&row);
    if (!count(run, r, err))
        return false;
    for (int64_t i = 0;; i++) {
        if (i % BATCH == 0 && !job_run_progress(run, r->n_done, r->total, err))
            return false;
        if (!read_next(run, r, &row, err))
            return false;
        if (row.id == 0)
            break;
        if (!rewrap_one(run, r, &row, err))
            return false;
    }
    return job_run_progress(run, r->n_done, r->total, err);
}

/* Unless something is under it again by now: then *ret_is_over is false, and nothing is done. */
static bool retire(struct job_run *run, const struct vault_masters *masters, bool *ret_is_over,
    struct err *err)
{
    const struct vault_master *old = vault_masters_in(masters, VAULT_RETIRING);
    const struct vault_master *current = vault_masters_in(masters, VAULT_CURRENT);
    autofree(tx) struct tx *tx = NULL;
    int64_t n = 0, n_other, total;

    /* The key's row first: whoever adds a key under it has it too, and is waited for. */
    if (!tx_begin(run->db, TX_WRITE, &tx, err) || !store_master_retire(tx, clock_now(), &n, err) ||
        !store_sealed_key_count_other(tx, current->identity.key_id, &n_other, &total, err))
        return false;
    *ret_is_over = n_other == 0;
    return n_other > 0 || (note(tx, run, "vault.retire", old, err) && tx_commit(take(&tx), err));
}

static void write_result(struct job_run *run, const struct rewrapping *r)
{
    struct json_out out;

    json_out_init(&out, &run->result);
    json_begin_object(&out, NULL);
    json_str(&out, "key_id", r->key_id);
    json_i64(&out, "keys", r->total);
    json_end(&out);
}

/* A node that has not noticed yet may seal one more with the old key, and a request may have one in
 * its hands: so look, wait until all seal with the new one, and look once more. */
static bool move_over(struct job_run *run, const struct vault_masters *masters, struct err *err)
{
    struct rewrapping r = { .key_id = vault_masters_in(masters, VAULT_CURRENT)->identity.key_id };
    bool is_everywhere = false, is_settled = false, is_over = false;

    if (!vault_seal_with(run->services->vault, r.key_id, err) ||
        !all_nodes(run, r.key_id, true, &is_everywhere, err) ||
        !has_settled(run, r.key_id, &is_settled, err) || !rewrap_all(run, &r, err))
        return false;
    if (!is_everywhere || !is_settled) {
        run->again_at = clock_now() + AGAIN_SECONDS;
        return true;
    }
    if (r.n_left > 0)
        return fail(err, ERR_INTERNAL,
            "%" PRId64 " sealed keys are damaged and stay under the old master key; the first is"
            " %" PRId64,
            r.n_left, r.first_left);
    if (!retire(run, masters, &is_over, err))
        return false;
    if (is_over)
        write_result(run, &r);
    else
        run->again_at = clock_now() + AGAIN_SECONDS;
    return true;
}

/* Was the key that is current made by this rotation? */
static bool is_over(const struct job_run *run, const struct vault_master *current, bool *ret,
    struct err *err)
{
    autofree(json) struct json *payload = NULL;

    if (!json_parse(span_text(run->row->payload), &payload, err))
        return false;
    const char *from = json_as_text(json_member(payload, "from"));

    *ret = from && strcmp(from, current->identity.key_id) != 0;
    return true;
}

bool job_rewrap_run(struct job_run *run, struct err *err)
{
    const struct vault_master *pending, *current;
    struct vault_masters masters;
    bool is_done = false;

    if (!read_masters(run, &masters, err))
        return false;
    pending = vault_masters_in(&masters, VAULT_PENDING);
    current = vault_masters_in(&masters, VAULT_CURRENT);
    if (!current)
        return fail(err, ERR_UNAVAILABLE, "the vault has no master key yet");
    if (pending)
        return promote(run, &masters, pending, err);
    if (vault_masters_in(&masters, VAULT_RETIRING))
        return move_over(run, &masters, err);
    if (!is_over(run, current, &is_done, err) || is_done)
        return is_done;
    run->again_at = clock_now();
    return make_key(run, err);
}
