/*
 * api/pki: what all the world asks the built-in authorities: their certificates, their lists of
 * revoked ones, and OCSP. Nobody signs in for that; everything given out is signed.
 */
#include <string.h>

#include "api/ca_json.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "ca/local/ocsp.h"
#include "codec/base64.h"
#include "core/rows_ca.h"
#include "store/local_ca.h"
#include "x509/ocsp.h"

/* A certificate stays; a CRL may be a new one soon after a revocation. */
#define CERT_MAX_AGE 86400
#define CRL_MAX_AGE 900

static bool find_own(struct api_call *call, struct local_ca_row **ret, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;

    return ca_json_find(call, call->tx, &row, err) &&
           store_local_ca_get(call->tx, row->id, ret, err);
}

static bool pki_cert(struct api_call *call, struct err *err)
{
    autofree(local_ca_row) struct local_ca_row *own = NULL;

    if (!find_own(call, &own, err))
        return false;
    if (own->state != LOCAL_CA_ACTIVE)
        return fail(err, ERR_NOT_FOUND, "the authority has no certificate yet");
    call->media_type = "application/pkix-cert";
    call->max_age = CERT_MAX_AGE;
    buf_add_span(call->body_out, buf_span(&own->certificate));
    return true;
}

static bool pki_crl(struct api_call *call, struct err *err)
{
    autofree(local_ca_row) struct local_ca_row *own = NULL;

    if (!find_own(call, &own, err))
        return false;
    if (own->crl_number == 0)
        return fail(err, ERR_NOT_FOUND, "the authority has no list of revoked certificates yet");
    call->media_type = "application/pkix-crl";
    call->etag = own->crl_number;
    if (own->crl_next_at > call->now)
        call->max_age =
            own->crl_next_at - call->now < CRL_MAX_AGE ? own->crl_next_at - call->now : CRL_MAX_AGE;
    if (call->if_none_match == own->crl_number) {
        call->status = 304;
        return true;
    }
    return store_local_ca_crl(call->tx, own->ca_id, call->body_out, err);
}

static bool respond(struct api_call *call, struct span request, struct err *err)
{
    struct ocsp_reply reply = { .der = call->body_out };

    call->media_type = "application/ocsp-response";
    if (!ocsp_respond(call->services->ocsp, call->db, call->path_text, request, call->now, &reply,
            err))
        return false;
    call->max_age = reply.max_age;
    return true;
}

static bool ocsp_post(struct api_call *call, struct err *err)
{
    if (!call->content_type ||
        strncasecmp(call->content_type, "application/ocsp-request", 24) != 0) {
        call->status = 415;
        return fail(err, ERR_INVALID, "the body must be application/ocsp-request");
    }
    return respond(call, call->body, err);
}

/* RFC 6960, A.1: base64, with what a URL cannot hold escaped. */
static bool ocsp_get(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(OCSP_REQUEST_MAX);
    struct err ignored = { 0 };

    if (!base64_decode(span_text(call->path_other), &der, &ignored))
        buf_clear(&der); /* nothing: malformed, which OCSP says itself */
    return respond(call, buf_span(&der), err);
}

const struct api_route pki_routes[] = {
    { "GET", "/pki/{name}.crt", ROLE_PUBLIC, API_READS | API_AT_ROOT | API_REPLY_RAW, pki_cert, 0 },
    { "GET", "/pki/{name}.crl", ROLE_PUBLIC, API_READS | API_AT_ROOT | API_REPLY_RAW, pki_crl, 0 },
    { "POST", "/ocsp/{name}", ROLE_PUBLIC, API_NO_TX | API_AT_ROOT | API_REPLY_RAW | API_BODY_RAW,
        ocsp_post, OCSP_REQUEST_MAX },
    { "GET", "/ocsp/{name}/{other}", ROLE_PUBLIC, API_NO_TX | API_AT_ROOT | API_REPLY_RAW, ocsp_get,
        0 },
    { 0 },
};
