/* api/trust: bundles of private CAs. Each check begins by telling the prober of what is new
 * (monitor/prober). */
#include <string.h>

#include "api/tables.h"
#include "base/err.h"
#include "store/trust_bundle.h"
#include "x509/cert.h"
#include "x509/trust_store.h"

#define PEM_MAX 1000000

static void write_certificates(struct json_out *out, const char *pem)
{
    struct span rest = span_text(pem);

    json_begin_array(out, "certificates");
    for (;;) {
        autofree(cert) struct cert *cert = NULL;
        struct err ignored = { 0 };
        size_t at = span_find(rest, SPAN_LITERAL("-----BEGIN CERTIFICATE-----"));

        if (at == SIZE_MAX)
            break;
        rest = span_slice(rest, at, SIZE_MAX);
        if (cert_from_pem(rest, &cert, &ignored)) {
            json_begin_object(out, NULL);
            json_str(out, "subject", cert_subject(cert));
            json_time(out, "not_after", cert_not_after(cert));
            json_hex(out, "fingerprint_sha256", span_of(cert_sha256(cert), CERT_SHA256_SIZE));
            json_end(out);
        }
        rest = span_slice(rest, 10, SIZE_MAX);
    }
    json_end(out);
}

static void write_bundle(void *context, const struct trust_bundle_row *row)
{
    struct json_out *out = context;

    json_begin_object(out, NULL);
    json_i64(out, "id", row->id);
    json_str(out, "name", row->name);
    write_certificates(out, row->pem);
    json_time(out, "created_at", row->created_at);
    json_end(out);
}

static bool bundles_list(struct api_call *call, struct err *err)
{
    json_begin_array(&call->reply, "items");
    if (!store_trust_bundles(call->tx, write_bundle, &call->reply, err))
        return false;
    json_end(&call->reply);
    return true;
}

static void check_pem(struct json_in *in, const char *pem)
{
    autofree(trust_store) struct trust_store *store = NULL;
    struct err err = { 0 };

    if (!strstr(pem, "-----BEGIN CERTIFICATE-----"))
        json_in_complain(in, "pem", "there is no certificate in it");
    else if (!trust_store_new("", span_text(pem), &store, &err))
        json_in_complain(in, "pem", "%s", err.msg);
}

static bool bundles_create(struct api_call *call, struct err *err)
{
    struct json_in in;
    int64_t id;

    api_body(call, &in);
    const char *name = json_in_text(&in, "name", 1, 200);
    const char *pem = json_in_text(&in, "pem", 1, PEM_MAX);

    if (pem[0])
        check_pem(&in, pem);
    if (!json_in_end(&in, err) ||
        !store_trust_bundle_add(call->tx, name, pem, call->now, &id, err) ||
        !api_audit(call, "trust.create", id, name, NULL, NULL, err))
        return false;
    call->status = 201;
    json_i64(&call->reply, "id", id);
    json_str(&call->reply, "name", name);
    write_certificates(&call->reply, pem);
    json_time(&call->reply, "created_at", call->now);
    return true;
}

static bool bundles_delete(struct api_call *call, struct err *err)
{
    call->status = 204;
    return store_trust_bundle_delete(call->tx, call->path_id, err) &&
           api_audit(call, "trust.delete", call->path_id, NULL, NULL, NULL, err);
}

const struct api_route trust_routes[] = {
    { "GET", "/trust-bundles", ROLE_USER, API_READS, bundles_list, 0 },
    { "POST", "/trust-bundles", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, bundles_create, 2u << 20 },
    { "DELETE", "/trust-bundles/{id}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, bundles_delete, 0 },
    { 0 },
};
