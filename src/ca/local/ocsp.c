/* ca/local/ocsp: see the header. */
#include "ca/local/ocsp.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "ca/local/local.h"
#include "db/db.h"
#include "store/ca.h"
#include "store/ca_certificate.h"
#include "vault/client_ca.h"
#include "x509/cert.h"
#include "x509/ocsp.h"

/* For how long an answer is good, when it is signed anew, and how long others may keep it: a
 * revocation is to be seen soon. */
#define VALID_SECONDS 14400
#define RENEW_SECONDS 3600
#define MAX_AGE_SECONDS 900
#define BACKDATE_SECONDS 60

#define KEPT 4096
#define ANSWER_MAX 65536

/* Signatures in a second: in all, and of those that cannot be given again. */
#define SIGNED_MAX 300
#define ODD_MAX 50

/* What an answer is about, and says. */
struct fact {
    int64_t ca_id;
    enum ocsp_hash hash;
    char serial[2 * OCSP_SERIAL_MAX + 1];
    enum vault_ocsp_status status;
    int64_t revoked_at;
    uint8_t reason;
};

struct kept {
    struct fact fact;
    int64_t next_at;
    uint8_t *der; /* NULL: nothing */
    size_t size;
};

struct ocsp_responder {
    struct vault_client *vault;
    pthread_mutex_t lock; /* around all below */
    struct kept kept[KEPT];
    int64_t second;
    int n_signed;
    int n_odd;
    int64_t total_signed;
    int64_t total_kept;
};

struct ocsp_responder *ocsp_responder_new(struct vault_client *vault)
{
    struct ocsp_responder *responder = xcalloc(1, sizeof *responder);

    responder->vault = vault;
    (void)pthread_mutex_init(&responder->lock, NULL);
    return responder;
}

void ocsp_responder_free(struct ocsp_responder *responder)
{
    if (!responder)
        return;
    for (size_t i = 0; i < KEPT; i++)
        free(responder->kept[i].der);
    (void)pthread_mutex_destroy(&responder->lock);
    free(responder);
}

void ocsp_responder_counts(struct ocsp_responder *responder, int64_t *ret_signed, int64_t *ret_kept)
{
    (void)pthread_mutex_lock(&responder->lock);
    *ret_signed = responder->total_signed;
    *ret_kept = responder->total_kept;
    (void)pthread_mutex_unlock(&responder->lock);
}

/* ---- what is kept ---- */

/* FNV-1a: which of the places; serial numbers are random. */
static struct kept *place_of(struct ocsp_responder *responder, const struct fact *fact)
{
    uint32_t hash = 2166136261U ^ (uint32_t)fact->ca_id ^ (uint32_t)fact->hash << 8;

    for (const char *p = fact->serial; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619U;
    return &responder->kept[hash % KEPT];
}

static bool is_same(const struct fact *a, const struct fact *b)
{
    return a->ca_id == b->ca_id && a->hash == b->hash && strcmp(a->serial, b->serial) == 0 &&
           a->status == b->status && a->revoked_at == b->revoked_at && a->reason == b->reason;
}

static bool find_kept(struct ocsp_responder *responder, const struct fact *fact, int64_t now,
    struct buf *der)
{
    (void)pthread_mutex_lock(&responder->lock);
    const struct kept *kept = place_of(responder, fact);
    bool found = kept->der && is_same(&kept->fact, fact) && kept->next_at - now > RENEW_SECONDS &&
                 kept->next_at - now <= VALID_SECONDS;

    if (found) {
        buf_add(der, kept->der, kept->size);
        responder->total_kept++;
    }
    (void)pthread_mutex_unlock(&responder->lock);
    return found;
}

static void keep(struct ocsp_responder *responder, const struct fact *fact, int64_t next_at,
    struct span der)
{
    uint8_t *copy = xcalloc(1, der.size);

    memcpy(copy, der.data, der.size);
    (void)pthread_mutex_lock(&responder->lock);
    struct kept *kept = place_of(responder, fact);

    free(kept->der);
    *kept = (struct kept){ *fact, next_at, copy, der.size };
    (void)pthread_mutex_unlock(&responder->lock);
}

/* May one more be signed in this second? */
static bool may_sign(struct ocsp_responder *responder, bool is_odd, int64_t now)
{
    (void)pthread_mutex_lock(&responder->lock);
    if (responder->second != now) {
        responder->second = now;
        responder->n_signed = responder->n_odd = 0;
    }
    bool may = responder->n_signed < SIGNED_MAX && (!is_odd || responder->n_odd < ODD_MAX);

    if (may) {
        responder->n_signed++;
        responder->n_odd += is_odd;
        responder->total_signed++;
    }
    (void)pthread_mutex_unlock(&responder->lock);
    return may;
}

/* ---- an answer ---- */

/* A question, with all that is known of what it asks about. */
struct asked {
    struct local_ca ca;
    struct ocsp_request request;
    struct fact facts[OCSP_ITEMS_MAX];
    bool has_unknown;
};

static bool find_fact(struct tx *tx, const struct asked *asked, const struct ocsp_item *item,
    struct fact *ret, struct err *err)
{
    autofree(ca_certificate_row) struct ca_certificate_row *row = NULL;
    enum ca_reason reason = CA_REASON_UNSPECIFIED;

    *ret = (struct fact){ .ca_id = asked->ca.row->id,
        .hash = item->hash,
        .status = VAULT_OCSP_UNKNOWN };
    ocsp_item_serial(item, ret->serial);
    if (!store_ca_certificate_find(tx, ret->ca_id, ret->serial, &row, err))
        return false;
    if (!row)
        return true;
    ret->status = row->revoked_at ? VAULT_OCSP_REVOKED : VAULT_OCSP_GOOD;
    ret->revoked_at = row->revoked_at;
    if (row->revoked_at && ca_reason_from_name(row->revocation_reason, &reason))
        ret->reason = (uint8_t)reason;
    return true;
}

static bool find_facts(struct db *db, struct asked *asked, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, TX_READ, &tx, err))
        return false;
    for (size_t i = 0; i < asked->request.n_items; i++) {
        if (!find_fact(tx, asked, &asked->request.items[i], &asked->facts[i], err))
            return false;
        asked->has_unknown |= asked->facts[i].status == VAULT_OCSP_UNKNOWN;
    }
    return true;
}

static bool is_ours(const struct asked *asked, struct err *err)
{
    autofree(cert) struct cert *issuer = NULL;

    if (!cert_from_der(buf_span(&asked->ca.own->certificate), &issuer, err))
        return false;
    for (size_t i = 0; i < asked->request.n_items; i++)
        if (!ocsp_item_is_of(&asked->request.items[i], issuer))
            return fail(err, ERR_DENIED, "the request is about another authority's certificate");
    return true;
}

static bool sign(struct ocsp_responder *responder, const struct asked *asked, bool with_nonce,
    int64_t now, struct buf *der, struct err *err)
{
    struct vault_binding binding = sealed_key_binding(&asked->ca.key);
    struct vault_ocsp ocsp = { .n_items = asked->request.n_items,
        .this_at = now - BACKDATE_SECONDS,
        .next_at = now + VALID_SECONDS };

    if (with_nonce)
        ocsp.nonce = span_of(asked->request.nonce, asked->request.nonce_size);
    for (size_t i = 0; i < ocsp.n_items; i++) {
        const struct ocsp_item *item = &asked->request.items[i];
        const struct fact *fact = &asked->facts[i];

        ocsp.items[i] = (struct vault_ocsp_item){ .hash = (enum vault_ocsp_hash)item->hash,
            .serial = span_of(item->serial, item->serial_size),
            .status = fact->status,
            .revoked_at = fact->revoked_at,
            .reason = fact->reason };
    }
    return vault_ca_sign_ocsp(responder->vault, buf_span(&asked->ca.key.blob), &binding, &ocsp, der,
        err);
}

/* The answer with what was looked up; ERR_LIMIT where too much is to be signed. */
static bool answer(struct ocsp_responder *responder, const struct asked *asked, int64_t now,
    struct buf *der, int64_t *ret_max_age, struct err *err)
{
    bool is_single = asked->request.n_items == 1 && !asked->has_unknown;
    bool with_nonce = asked->request.nonce_size > 0;

    /* A nonce that cannot be answered is left out (RFC 9654, 2.1 lets a responder). */
    if (with_nonce && !may_sign(responder, true, now))
        with_nonce = false;
    else if (with_nonce)
        return sign(responder, asked, true, now, der, err);
    if (is_single && find_kept(responder, &asked->facts[0], now, der)) {
        *ret_max_age = MAX_AGE_SECONDS;
        return true;
    }
    if (!may_sign(responder, !is_single, now))
        return fail(err, ERR_LIMIT, "too many certificates are asked about at once");
    if (!sign(responder, asked, with_nonce, now, der, err))
        return false;
    if (is_single) {
        keep(responder, &asked->facts[0], now + VALID_SECONDS, buf_span(der));
        *ret_max_age = MAX_AGE_SECONDS;
    }
    return true;
}

static bool load(struct db *db, const char *ca_name, struct asked *asked, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(ca_row) struct ca_row *row = NULL;

    if (!tx_begin(db, TX_READ, &tx, err) || !store_ca_find(tx, ca_name, &row, err))
        return false;
    tx_free(take(&tx));
    if (row && local_ca_load(db, row->id, &asked->ca, err))
        return true;
    if (!row || err->kind == ERR_CONFLICT)
        return fail(err, ERR_NOT_FOUND, "there is no OCSP responder of that name");
    return false;
}

/* What a failure is called in OCSP. */
static enum ocsp_refusal refusal_of(enum err_kind kind)
{
    switch (kind) {
    case ERR_INVALID:
        return OCSP_MALFORMED;
    case ERR_DENIED:
        return OCSP_UNAUTHORIZED;
    case ERR_LIMIT:
    case ERR_UNAVAILABLE:
        return OCSP_TRY_LATER;
    case ERR_NONE:
    case ERR_NOT_FOUND:
    case ERR_CONFLICT:
    case ERR_UPSTREAM:
    case ERR_INTERNAL:
        break;
    }
    return OCSP_INTERNAL_ERROR;
}

bool ocsp_respond(struct ocsp_responder *responder, struct db *db, const char *ca_name,
    struct span request, int64_t now, struct ocsp_reply *ret, struct err *err)
{
    struct asked *asked = xcalloc(1, sizeof *asked);

    ret->max_age = 0;
    bool ok = load(db, ca_name, asked, err);

    if (!ok && err->kind == ERR_NOT_FOUND) {
        free(asked);
        return false;
    }
    ok = ok && ocsp_request_parse(request, &asked->request, err) && is_ours(asked, err) &&
         find_facts(db, asked, err) && answer(responder, asked, now, ret->der, &ret->max_age, err);
    if (!ok) {
        enum ocsp_refusal refusal = refusal_of(err->kind);

        if (refusal == OCSP_INTERNAL_ERROR)
            log_error("ocsp.failed", KV_STR("ca", ca_name), KV_ERR(err));
        buf_clear(ret->der);
        ocsp_write_refusal(refusal, ret->der);
        err_clear(err);
    }
    local_ca_done(&asked->ca);
    free(asked);
    return true;
}
