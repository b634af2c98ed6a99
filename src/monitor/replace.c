/* monitor/replace: see the header. */
#include "monitor/replace.h"

#include <string.h>

#include "base/err.h"
#include "core/match.h"
#include "monitor/judge.h"
#include "monitor/move.h"
#include "store/record_version.h"
#include "x509/cert.h"

/* A renewal often keeps the key: then it is here already, with the version of before. */
static bool find_key(struct tx *tx, int64_t certificate_id, struct brought *brought,
    struct err *err)
{
    autodone(record_version_rows) struct record_version_rows versions = { 0 };
    const uint8_t *spki_sha256 = cert_spki_sha256(chain_leaf(brought->chain));

    if (brought->new_key || brought->sealed_key_id)
        return true;
    if (!store_record_versions(tx, certificate_id, &versions, err))
        return false;
    for (size_t i = 0; i < versions.n && !brought->sealed_key_id; i++)
        if (memcmp(versions.items[i].version->spki_sha256, spki_sha256, SHA256_SIZE) == 0)
            brought->sealed_key_id = versions.items[i].sealed_key_id;
    return true;
}

/* The version joins the record, so that it is judged like the others; or gets the key it lacks. */
static bool join(struct tx *tx, int64_t certificate_id, const struct brought *brought, int64_t now,
    bool *ret_was_there, struct err *err)
{
    autofree(record_version_row) struct record_version_row *own = NULL;

    if (!store_record_version_find(tx, certificate_id, brought->version_id, &own, err))
        return false;
    *ret_was_there = own != NULL;
    if (!own)
        return bring_put(tx, certificate_id, brought, VERSION_STAGED,
            brought->is_issued ? VERSION_ISSUED : VERSION_IMPORTED, now, err);
    return own->sealed_key_id || (!brought->new_key && !brought->sealed_key_id) ||
           bring_key(tx, own, brought, now, err);
}

static const struct compare_version *find_input(const struct judgement *j, int64_t version_id)
{
    for (size_t i = 0; i < j->n_input; i++)
        if (j->input[i].id == version_id)
            return &j->input[i];
    return NULL;
}

/* The current version of the same kind of key; else the only one there is. */
static const struct compare_version *find_old(const struct judgement *j,
    const struct compare_version *new_one)
{
    const struct compare_version *only = NULL;
    size_t n = 0;

    for (size_t i = 0; i < j->n_input; i++) {
        const struct compare_version *v = &j->input[i];

        if (!v->is_known || v->role != VERSION_CURRENT)
            continue;
        if (strcmp(v->slot, new_one->slot) == 0)
            return v;
        only = v;
        n++;
    }
    return n == 1 ? only : NULL;
}

/* Does anything that counts serve something, so that it is for the endpoints to say? */
static bool is_served(const struct judgement *j)
{
    for (size_t i = 0; i < j->observations.n; i++)
        if (j->observations.items[i].version_id && j->result.sights[i].counts)
            return true;
    return false;
}

static void judge_successor(const struct judgement *j, const struct compare_version *old,
    const struct compare_version *new_one, int64_t now, struct replace_outcome *ret)
{
    struct match_needs needs = { .names = &j->needed,
        .is_explicit = j->cert->required_names != NULL };
    struct match_answer answer;

    match_successor(&old->facts, &new_one->facts, &needs, now, &answer);
    ret->is_successor = answer.fault == MATCH_OK;
    if (!ret->is_successor)
        (void)snprintf(ret->reasons[ret->n_reasons++], sizeof ret->reasons[0], "%s", answer.reason);
}

/* Which is to take whose place. `old` may be NULL: nobody's. */
struct exchange {
    const struct compare_version *old;
    const struct compare_version *new_one;
    bool is_confirmed;
};

static bool make_current(struct tx *tx, const struct judgement *j, const struct exchange *exchange,
    int64_t now, struct err *err)
{
    const struct compare_version *old = exchange->old;
    const struct record_version_row *own = judgement_record_version(j, exchange->new_one->id);
    const struct record_version_row *before = old ? judgement_record_version(j, old->id) : NULL;

    /* The same slot is seen to by the store; another kind of key steps back here. */
    return store_record_version_set_role(tx, own->id, VERSION_CURRENT, now, err) &&
           (!before || before->id == own->id ||
               store_record_version_set_role(tx, before->id, VERSION_SUPERSEDED, now, err));
}

static bool carry_out(struct tx *tx, const struct judgement *j, const struct exchange *exchange,
    int64_t now, struct replace_outcome *ret, struct err *err)
{
    const struct compare_version *new_one = exchange->new_one;
    bool is_current = new_one->is_known && new_one->role == VERSION_CURRENT;
    bool may = exchange->is_confirmed || !is_served(j);

    if (!is_current && may && !make_current(tx, j, exchange, now, err))
        return false;
    if (!move_record(tx, j->cert->id, now, NULL, err))
        return false;
    autofree(record_version_row) struct record_version_row *own = NULL;

    if (!store_record_version_find(tx, j->cert->id, new_one->id, &own, err))
        return false;
    ret->role = own ? own->role : VERSION_STAGED;
    return true;
}

bool replace_current(struct tx *tx, int64_t certificate_id, struct brought *brought, bool confirmed,
    int64_t now, struct replace_outcome *ret, struct err *err)
{
    autodone(judgement) struct judgement j = { 0 };

    *ret = (struct replace_outcome){ .is_successor = true };
    if (!find_key(tx, certificate_id, brought, err) ||
        !join(tx, certificate_id, brought, now, &ret->was_there, err) ||
        !judge_record(tx, certificate_id, now, &j, err))
        return false;
    const struct compare_version *new_one = find_input(&j, brought->version_id);
    const struct compare_version *old = new_one ? find_old(&j, new_one) : NULL;

    if (!new_one)
        return fail(err, ERR_INTERNAL, "a version that was just written is not there");
    if (old && old != new_one && !brought->is_issued)
        judge_successor(&j, old, new_one, now, ret);
    if (!ret->is_successor && !confirmed)
        return true;
    struct exchange exchange = { old, new_one, confirmed };

    return carry_out(tx, &j, &exchange, now, ret, err);
}
