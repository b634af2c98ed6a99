/* monitor/confirm: see the header. Rights are checked by whoever calls. */
#include "monitor/confirm.h"

#include "base/err.h"
#include "monitor/judge.h"
#include "monitor/move.h"
#include "store/observation.h"
#include "store/record_version.h"
#include "store/version.h"

static const struct observation_row *find_served(const struct judgement *j, int64_t version_id)
{
    for (size_t i = 0; i < j->observations.n; i++)
        if (j->observations.items[i].version_id == version_id)
            return &j->observations.items[i];
    return NULL;
}

bool confirm_current(struct tx *tx, int64_t certificate_id,
    const uint8_t sha256[static SHA256_SIZE], int64_t now, struct err *err)
{
    autodone(judgement) struct judgement j = { 0 };
    int64_t version_id;
    int64_t id;

    if (!store_version_find(tx, sha256, &version_id, err) ||
        !judge_record(tx, certificate_id, now, &j, err))
        return false;
    const struct version_row *version = version_id ? judgement_version(&j, version_id) : NULL;
    const struct observation_row *seen = version ? find_served(&j, version_id) : NULL;

    if (!seen)
        return fail(err, ERR_NOT_FOUND, "no endpoint of the record serves this certificate");
    struct record_version_new row = { .certificate_id = certificate_id,
        .version_id = version_id,
        .slot = version->slot,
        .role = VERSION_CURRENT,
        .origin = VERSION_CONFIRMED,
        .chain_id = seen->chain_id,
        .chain_status = seen->chain_status,
        .path_expires_at = seen->path_expires_at };

    return store_record_version_put(tx, &row, now, &id, err) &&
           move_record(tx, certificate_id, now, NULL, err);
}

bool confirm_dead(struct tx *tx, int64_t certificate_id, int64_t endpoint_id, const char *address,
    bool is_dead, int64_t now, struct err *err)
{
    autodone(judgement) struct judgement j = { 0 };
    bool is_ours = false;

    if (!judge_record(tx, certificate_id, now, &j, err))
        return false;
    for (size_t i = 0; i < j.endpoints.n; i++)
        is_ours |= j.endpoints.items[i].id == endpoint_id;
    if (!is_ours)
        return fail(err, ERR_NOT_FOUND, "the record has no such endpoint");
    return store_observation_waive(tx, endpoint_id, address, is_dead, err) &&
           move_record(tx, certificate_id, now, NULL, err);
}
