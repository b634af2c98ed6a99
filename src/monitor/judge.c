/* monitor/judge: see the header. */
#include "monitor/judge.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/hex.h"
#include "net/addr.h"
#include "store/cert.h"
#include "store/endpoint.h"
#include "store/observation.h"
#include "store/record_version.h"
#include "store/version.h"
#include "x509/cert.h"

#define SANS_KEPT                                                                                  \
    100 /* the row keeps the first hundred; beyond, the certificate itself is read                 \
         */

static bool load_rows(struct tx *tx, struct judgement *j, struct err *err)
{
    int64_t id = j->cert->id;

    return store_record_versions(tx, id, &j->versions, err) &&
           store_endpoints_of_cert(tx, id, &j->endpoints, err) &&
           store_observations_of_cert(tx, id, &j->observations, err);
}

const struct record_version_row *judgement_record_version(const struct judgement *j,
    int64_t version_id)
{
    for (size_t i = 0; i < j->versions.n; i++)
        if (j->versions.items[i].version_id == version_id)
            return &j->versions.items[i];
    return NULL;
}

static const struct version_row *find_seen(const struct judgement *j, int64_t version_id)
{
    for (size_t i = 0; i < j->seen.n; i++)
        if (j->seen.items[i].id == version_id)
            return &j->seen.items[i];
    return NULL;
}

const struct version_row *judgement_version(const struct judgement *j, int64_t version_id)
{
    const struct record_version_row *own = judgement_record_version(j, version_id);

    return own ? own->version : find_seen(j, version_id);
}

static bool load_seen(struct tx *tx, struct judgement *j, struct err *err)
{
    for (size_t i = 0; i < j->observations.n; i++) {
        int64_t id = j->observations.items[i].version_id;
        struct version_row *row = NULL;

        if (!id || judgement_version(j, id))
            continue;
        if (!store_version_get(tx, id, &row, err))
            return false;
        *version_rows_add(&j->seen) = *row;
        free(row); /* its contents moved into the list */
    }
    return true;
}

static bool load_names(struct tx *tx, const struct version_row *version, struct name_set *names,
    struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
    autofree(cert) struct cert *cert = NULL;

    if (version->n_sans <= SANS_KEPT) {
        if (!name_set_add_sans(names, version->sans, err))
            return false;
    } else {
        if (!store_version_der(tx, version->id, &der, err) ||
            !cert_from_der(buf_span(&der), &cert, err))
            return false;
        name_set_add_cert(names, cert);
    }
    name_set_sort(names);
    return true;
}

static char *label_of(const struct version_row *version)
{
    char fingerprint[2 * SHA256_SIZE + 1];
    char until[CLOCK_RFC3339_SIZE];

    hex_encode(span_of(version->sha256, SHA256_SIZE), fingerprint, sizeof fingerprint);
    clock_rfc3339(version->not_after, until);
    return xasprintf("%.16s… of %s, until %.10s", fingerprint,
        version->issuer[0] ? version->issuer : "an unnamed issuer", until);
}

/* What the chain was worth where it was seen; for versions the record does not have. */
static const struct observation_row *find_observation(const struct judgement *j, int64_t version_id)
{
    for (size_t i = 0; i < j->observations.n; i++)
        if (j->observations.items[i].version_id == version_id)
            return &j->observations.items[i];
    return NULL;
}

static bool add_input(struct tx *tx, struct judgement *j, const struct version_row *version,
    const struct record_version_row *own, struct err *err)
{
    const struct observation_row *seen = find_observation(j, version->id);
    size_t n = j->n_input;

    if (!load_names(tx, version, &j->names[n], err))
        return false;
    j->labels[n] = label_of(version);
    j->input[n] = (struct compare_version){
        .id = version->id,
        .slot = version->slot,
        .label = j->labels[n],
        .is_known = own != NULL,
        .role = own ? own->role : VERSION_STAGED,
        .origin = own ? own->origin : VERSION_SEEN,
        .facts = {
            .not_before = version->not_before,
            .not_after = version->not_after,
            .path_expires_at = own                            ? own->path_expires_at
                               : seen && seen->path_expires_at ? seen->path_expires_at
                                                              : version->not_after,
            .chain_status = own ? own->chain_status : seen ? seen->chain_status : "",
            .is_staging = version->is_staging,
            .names = &j->names[n],
            .cn = version->name[0] ? version->name : NULL,
        },
    };
    j->n_input++;
    return true;
}

static bool make_input(struct tx *tx, struct judgement *j, struct err *err)
{
    size_t n = j->versions.n + j->seen.n;

    j->input = xcalloc(n, sizeof *j->input);
    j->names = xcalloc(n, sizeof *j->names);
    j->labels = xcalloc(n, sizeof *j->labels);
    for (size_t i = 0; i < j->versions.n; i++)
        if (!add_input(tx, j, j->versions.items[i].version, &j->versions.items[i], err))
            return false;
    for (size_t i = 0; i < j->seen.n; i++)
        if (!add_input(tx, j, &j->seen.items[i], NULL, err))
            return false;
    return true;
}

/* Required names: what a person has set, else the endpoints' names. */
static bool make_needs(struct judgement *j, struct err *err)
{
    struct net_addr ignored;

    if (j->cert->required_names) {
        if (!name_set_add_json(&j->needed, j->cert->required_names, err))
            return false;
    } else {
        for (size_t i = 0; i < j->endpoints.n; i++) {
            const struct endpoint_row *e = &j->endpoints.items[i];

            if (e->sni[0])
                name_set_add(&j->needed, e->sni);
            else if (!addr_parse(span_text(e->host), &ignored))
                name_set_add(&j->needed, e->host);
        }
    }
    name_set_sort(&j->needed);
    return true;
}

bool judge_record(struct tx *tx, int64_t certificate_id, int64_t now, struct judgement *ret,
    struct err *err)
{
    static const struct store_viewer system = { .sees_all = true };
    struct cert_row *cert = NULL;

    memset(ret, 0, sizeof *ret);
    return store_cert_get(tx, &system, certificate_id, &cert, err) &&
           judge_row(tx, cert, now, ret, err);
}

bool judge_row(struct tx *tx, struct cert_row *take_cert, int64_t now, struct judgement *ret,
    struct err *err)
{
    *ret = (struct judgement){ .cert = take_cert };
    if (!load_rows(tx, ret, err) || !load_seen(tx, ret, err) || !make_input(tx, ret, err) ||
        !make_needs(ret, err))
        return false;
    ret->compared = (struct compare_input){
        .versions = ret->input,
        .n_versions = ret->n_input,
        .endpoints = ret->endpoints.items,
        .n_endpoints = ret->endpoints.n,
        .observations = ret->observations.items,
        .n_observations = ret->observations.n,
        .needs = { .names = &ret->needed, .is_explicit = ret->cert->required_names != NULL },
        .now = now,
    };

    compare_places(&ret->compared, &ret->result);
    return true;
}

void judgement_done(struct judgement *j)
{
    compare_result_done(&j->result);
    for (size_t i = 0; j->names && i < j->versions.n + j->seen.n; i++) {
        name_set_done(&j->names[i]);
        free(j->labels[i]);
    }
    free(j->names);
    free(j->labels);
    free(j->input);
    name_set_done(&j->needed);
    version_rows_done(&j->seen);
    observation_rows_done(&j->observations);
    endpoint_rows_done(&j->endpoints);
    record_version_rows_done(&j->versions);
    cert_row_free(j->cert);
}
