/* monitor/move: see the header. What the versions should be is core/compare's; here it is carried
 * out and told. */
#include "monitor/move.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "monitor/judge.h"
#include "monitor/told.h"
#include "store/audit.h"
#include "store/cert_refresh.h"
#include "store/record_version.h"
#include "store/settings.h"

static bool audit_move(struct tx *tx, const struct judgement *j, const char *action,
    const char *before, const char *after, int64_t now, struct err *err)
{
    struct audit_entry entry = { .at = now,
        .actor = "certdesk",
        .action = action,
        .object_type = "certificate",
        .object_id = j->cert->id,
        .object_name = j->cert->name,
        .before = before,
        .after = after };

    return store_audit_add(tx, &entry, err);
}

static const char *label_of(const struct judgement *j, int64_t version_id)
{
    for (size_t i = 0; i < j->n_input; i++)
        if (j->input[i].id == version_id)
            return j->input[i].label;
    return "";
}

/* The worst that is true of a version where it is served now; NULL where it is nowhere. */
static const struct observation_row *worst_sight(const struct judgement *j, int64_t version_id)
{
    const struct observation_row *worst = NULL;

    for (size_t i = 0; i < j->observations.n; i++) {
        const struct observation_row *o = &j->observations.items[i];

        if (o->version_id != version_id || !j->result.sights[i].counts ||
            j->result.sights[i].is_failing)
            continue;
        if (!worst || o->path_expires_at < worst->path_expires_at ||
            strcmp(worst->chain_status, "trusted") == 0)
            worst = o;
    }
    return worst;
}

static bool put_version(struct tx *tx, const struct judgement *j, int64_t version_id,
    enum version_role role, int64_t now, struct err *err)
{
    const struct record_version_row *own = judgement_record_version(j, version_id);
    const struct version_row *version = judgement_version(j, version_id);
    const struct observation_row *sight = worst_sight(j, version_id);
    struct record_version_new row = {
        .certificate_id = j->cert->id,
        .version_id = version_id,
        .slot = version->slot,
        .role = role,
        .origin = own ? own->origin : VERSION_SEEN,
        .ca_certificate_id = own ? own->ca_certificate_id : NULL,
        .chain_id = sight ? sight->chain_id
                    : own ? own->chain_id
                          : 0,
        .chain_status = sight ? sight->chain_status
                        : own ? own->chain_status
                              : "",
        .path_expires_at = sight ? sight->path_expires_at
                           : own ? own->path_expires_at
                                 : version->not_after,
    };
    int64_t id;

    return store_record_version_put(tx, &row, now, &id, err);
}

static bool apply_moves(struct tx *tx, const struct judgement *j, struct move_outcome *ret,
    int64_t now, struct err *err)
{
    for (size_t i = 0; i < j->result.n_moves; i++) {
        const struct compare_move *move = &j->result.moves[i];
        const struct record_version_row *own = judgement_record_version(j, move->version_id);

        if (!put_version(tx, j, move->version_id, move->role, now, err))
            return false;
        if (move->role != VERSION_CURRENT || (own && own->role == VERSION_CURRENT))
            continue;
        ret->is_changed = true;
        (void)snprintf(ret->what, sizeof ret->what, "now %s", label_of(j, move->version_id));
        if (!audit_move(tx, j, "certificate.current",
                j->cert->version_id ? label_of(j, j->cert->version_id) : "",
                label_of(j, move->version_id), now, err))
            return false;
    }
    return true;
}

/* What is seen of the versions that keep their roles: their chains may verify differently today. */
static bool refresh_seen(struct tx *tx, const struct judgement *j, int64_t now, struct err *err)
{
    for (size_t i = 0; i < j->versions.n; i++) {
        const struct record_version_row *own = &j->versions.items[i];
        const struct observation_row *sight = worst_sight(j, own->version_id);
        bool is_moved = false;

        for (size_t m = 0; m < j->result.n_moves; m++)
            is_moved |= j->result.moves[m].version_id == own->version_id;
        if (!sight || is_moved ||
            (sight->chain_id == own->chain_id && sight->path_expires_at == own->path_expires_at &&
                strcmp(sight->chain_status, own->chain_status) == 0))
            continue;
        if (!put_version(tx, j, own->version_id, own->role, now, err))
            return false;
    }
    return true;
}

bool move_record(struct tx *tx, int64_t certificate_id, int64_t now, struct move_outcome *ret,
    struct err *err)
{
    autodone(judgement) struct judgement j = { 0 };
    struct move_outcome outcome = { 0 };
    struct display_rule rule;
    const char *alert;

    if (!judge_record(tx, certificate_id, now, &j, err) ||
        !store_display_rule(tx, &rule, NULL, err))
        return false;
    alert = compare_alert_name(j.result.alert);
    if (!apply_moves(tx, &j, &outcome, now, err) || !refresh_seen(tx, &j, now, err))
        return false;
    if (strcmp(alert, j.cert->alert) != 0) {
        outcome.is_changed = true;
        if (!outcome.what[0])
            (void)snprintf(outcome.what, sizeof outcome.what, "%s",
                alert[0] ? alert : "as it should be again");
        if (!audit_move(tx, &j, "certificate.alert", j.cert->alert, alert, now, err))
            return false;
    }
    if (!store_cert_refresh(tx, certificate_id, alert, &rule, now, NULL, err) ||
        !told_after_check(tx, &j, now, err))
        return false;
    if (ret)
        *ret = outcome;
    return true;
}
