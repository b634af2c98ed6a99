/* monitor/keep: see the header. */
#include "monitor/keep.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "monitor/facts.h"
#include "probe/probe.h"
#include "store/endpoint.h"
#include "store/observation.h"
#include "store/version.h"

/* The certificates of a result as versions; 0 for one that we cannot read though OpenSSL could. */
static bool put_certs(struct tx *tx, const struct probe_result *result, int64_t now, int64_t *ids,
    struct err *err)
{
    for (size_t i = 0; i < result->n_certs; i++) {
        if (facts_put_der(tx, result->certs[i].der, now, &ids[i], err))
            continue;
        if (err->kind != ERR_INVALID && err->kind != ERR_LIMIT)
            return false;
        ids[i] = 0;
    }
    return true;
}

static bool put_chain(struct tx *tx, const struct probe_sight *sight, const int64_t *ids,
    int64_t now, int64_t *ret, struct err *err)
{
    int64_t members[PROBE_CHAIN_MAX];
    size_t n = 0;

    for (size_t i = 1; i < sight->n_certs; i++)
        if (ids[sight->certs[i]])
            members[n++] = ids[sight->certs[i]];
    return store_chain_put(tx, members, n, now, ret, err);
}

static bool put_sight(struct tx *tx, const struct probe_sight *sight, const int64_t *ids,
    int64_t now, struct observation_new *ret, struct err *err)
{
    *ret = (struct observation_new){
        .address = sight->address,
        .slot = probe_slot_name(
            sight->slot), /* of a failure: which certificate could not be asked for */
        .chain_status = "",
        .protocol = "",
        .cipher = "",
        .kx_group = "",
        .error_class = probe_error_name(sight->error),
        .error = sight->message,
    };
    if (sight->error != PROBE_OK)
        return true;
    if (sight->n_certs == 0 || ids[sight->certs[0]] == 0) {
        ret->error_class = probe_error_name(PROBE_CERTIFICATE_UNREADABLE);
        ret->error = "the certificate cannot be read";
        return true;
    }
    ret->slot = probe_slot_name(sight->slot);
    ret->version_id = ids[sight->certs[0]];
    ret->chain_status = probe_chain_name(sight->chain);
    ret->path_expires_at = sight->path_expires_at;
    ret->is_name_ok = sight->is_name_ok;
    ret->protocol = sight->protocol;
    ret->cipher = sight->cipher;
    ret->kx_group = sight->kx_group;
    return put_chain(tx, sight, ids, now, &ret->chain_id, err);
}

/* A person has said that this address is dead for good: its silence is no failure any more. */
static bool is_given_up(const struct observation_rows *before, const char *address)
{
    for (size_t i = 0; i < before->n; i++)
        if (before->items[i].is_waived && strcmp(before->items[i].address, address) == 0)
            return true;
    return false;
}

/* What is wrong with the endpoint; PROBE_OK where every address that counts answered. A family that
 * this host cannot route is not a failure, unless there is nothing else. */
static enum probe_error find_error(const struct probe_result *result,
    const struct observation_rows *before, const char **message)
{
    const struct probe_sight *passed_over = NULL;
    size_t n_answered = 0;

    *message = result->message;
    if (result->error != PROBE_OK)
        return result->error;
    for (size_t i = 0; i < result->n_sights; i++) {
        const struct probe_sight *sight = &result->sights[i];

        if (sight->error == PROBE_OK) {
            n_answered++;
        } else if (sight->error == PROBE_NOT_ROUTABLE || is_given_up(before, sight->address)) {
            passed_over = sight;
        } else {
            *message = sight->message;
            return sight->error;
        }
    }
    if (n_answered > 0 || !passed_over)
        return n_answered > 0 ? PROBE_OK : PROBE_INTERNAL;
    *message = passed_over->message;
    return passed_over->error;
}

static bool is_seen(const struct observation_new *seen, size_t n, const char *address)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(seen[i].address, address) == 0)
            return true;
    return false;
}

/* A or AAAA was not answered: addresses of before are not gone from DNS, they could not be asked
 * for. */
static size_t add_unasked(const struct probe_result *result, const struct observation_rows *before,
    struct observation_new *seen, size_t n)
{
    for (size_t i = 0; !result->is_dns_complete && i < before->n; i++) {
        const struct observation_row *row = &before->items[i];

        if (!row->is_in_dns || is_seen(seen, n, row->address))
            continue;
        seen[n++] = (struct observation_new){ .address = row->address,
            .slot = "",
            .chain_status = "",
            .protocol = "",
            .cipher = "",
            .kx_group = "",
            .error_class = probe_error_name(PROBE_DNS),
            .error = "the name's addresses could not all be asked for" };
    }
    return n;
}

static bool keep_sights(struct tx *tx, int64_t endpoint_id, const struct probe_result *result,
    const struct observation_rows *before, int64_t now, struct err *err)
{
    int64_t *ids = xcalloc(result->n_certs, sizeof *ids);
    struct observation_new *seen = xcalloc(result->n_sights + before->n, sizeof *seen);
    bool works = put_certs(tx, result, now, ids, err);

    for (size_t i = 0; works && i < result->n_sights; i++)
        works = put_sight(tx, &result->sights[i], ids, now, &seen[i], err);
    size_t n = add_unasked(result, before, seen, result->n_sights);

    works = works && store_observations_put(tx, endpoint_id, seen, n, now, err);
    free(seen);
    free(ids);
    return works;
}

bool keep_result(struct tx *tx, int64_t endpoint_id, const struct probe_result *result, int64_t now,
    bool *ret_is_success, struct err *err)
{
    autodone(observation_rows) struct observation_rows before = { 0 };
    const char *message = "";

    if (!store_observations_of_endpoint(tx, endpoint_id, &before, err))
        return false;
    const enum probe_error error = find_error(result, &before, &message);
    struct endpoint_outcome outcome = { .is_success = error == PROBE_OK,
        .error_class = probe_error_name(error),
        .error = message };

    if (result->n_sights && !keep_sights(tx, endpoint_id, result, &before, now, err))
        return false;
    *ret_is_success = outcome.is_success;
    return store_endpoint_checked(tx, endpoint_id, &outcome, now, NULL, err);
}
