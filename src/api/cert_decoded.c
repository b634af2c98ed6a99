/* api/cert_decoded: everything that a certificate says, and the chain it was sent with. */
#include <string.h>

#include "api/cert_json.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/err.h"
#include "codec/hex.h"
#include "store/cert.h"
#include "store/record_version.h"
#include "store/version.h"
#include "x509/cert.h"

#define NAMES_SHOWN 100
#define NAMES_SHOWN_ALL 100000

static void write_sans(struct json_out *out, const struct cert *cert, size_t max)
{
    size_t position = 0;
    struct cert_san san;
    char text[CERT_SAN_TEXT_MAX];

    json_begin_array(out, "sans");
    for (size_t i = 0; i < max && cert_next_san(cert, &position, &san); i++) {
        json_begin_object(out, NULL);
        json_str(out, "type", cert_san_kind_name(san.kind));
        json_str(out, "value", cert_san_text(&san, text));
        json_end(out);
    }
    json_end(out);
    json_i64(out, "sans_total", (int64_t)cert_n_sans(cert));
}

static void write_texts(struct json_out *out, const char *key, const struct cert *cert,
    enum cert_texts kind)
{
    char text[1024];

    json_begin_array(out, key);
    for (size_t i = 0; i < 100 && cert_text(cert, kind, i, text, sizeof text); i++)
        json_str(out, NULL, text);
    json_end(out);
}

static void write_key_usage(struct json_out *out, const struct cert *cert)
{
    unsigned uses = 0;

    json_begin_array(out, "key_usage");
    if (cert_key_usage(cert, &uses))
        for (unsigned i = 0; i < N_CERT_USES; i++)
            if (uses & (1U << i))
                json_str(out, NULL, cert_key_usage_name(1U << i));
    json_end(out);
}

static void write_key(struct json_out *out, const struct cert *cert)
{
    json_begin_object(out, "key");
    json_str(out, "algorithm", cert_key_algorithm(cert));
    json_i64(out, "size", cert_key_bits(cert));
    json_end(out);
    json_str(out, "curve", cert_key_curve(cert));
    json_hex(out, "spki_sha256", span_of(cert_spki_sha256(cert), CERT_SHA256_SIZE));
}

static void write_decoded(struct json_out *out, const char *key, const struct cert *cert,
    size_t max)
{
    autodone(buf) struct buf pem = BUF_INIT(2 * CERT_MAX_BYTES);

    json_begin_object(out, key);
    json_hex(out, "fingerprint_sha256", span_of(cert_sha256(cert), CERT_SHA256_SIZE));
    json_hex(out, "fingerprint_sha1", span_of(cert_sha1(cert), CERT_SHA1_SIZE));
    json_str(out, "name", cert_name(cert));
    json_str(out, "serial", cert_serial(cert));
    json_str(out, "subject", cert_subject(cert));
    json_str(out, "issuer", cert_issuer(cert));
    write_sans(out, cert, max);
    json_time(out, "not_before", cert_not_before(cert));
    json_time(out, "not_after", cert_not_after(cert));
    write_key(out, cert);
    json_str(out, "signature_algorithm", cert_signature_algorithm(cert));
    json_bool(out, "ca", cert_is_ca(cert));
    if (cert_path_length(cert) >= 0)
        json_i64(out, "path_length", cert_path_length(cert));
    else
        json_put_null(out, "path_length");
    json_bool(out, "self_signed", cert_is_self_signed(cert));
    json_bool(out, "staging", cert_is_staging(cert));
    write_key_usage(out, cert);
    write_texts(out, "extended_key_usage", cert, CERT_EXTENDED_KEY_USAGE);
    write_texts(out, "ocsp_urls", cert, CERT_OCSP_URL);
    write_texts(out, "issuer_urls", cert, CERT_ISSUER_URL);
    write_texts(out, "crl_urls", cert, CERT_CRL_URL);
    json_hex(out, "subject_key_id", cert_subject_key_id(cert));
    json_hex(out, "authority_key_id", cert_authority_key_id(cert));
    cert_to_pem(cert, &pem);
    json_str(out, "pem", buf_text(&pem));
    json_end(out);
}

static bool write_stored(struct api_call *call, const char *key, int64_t version_id, size_t max,
    struct err *err)
{
    autodone(buf) struct buf der = BUF_INIT(CERT_MAX_BYTES);
    autofree(cert) struct cert *cert = NULL;

    if (!store_version_der(call->tx, version_id, &der, err) ||
        !cert_from_der(buf_span(&der), &cert, err))
        return false;
    write_decoded(&call->reply, key, cert, max);
    return true;
}

/* The version that was asked for, if the record has it; else its current one. */
static bool find_version(struct api_call *call, const struct cert_row *cert,
    const char *fingerprint, struct record_version_row **ret, struct err *err)
{
    uint8_t sha256[SHA256_SIZE];
    int64_t id = cert->version_id;

    if (fingerprint && (!hex_decode(span_text(fingerprint), sha256, sizeof sha256, err) ||
                           !store_version_find(call->tx, sha256, &id, err)))
        return false;
    if (id && !store_record_version_find(call->tx, cert->id, id, ret, err))
        return false;
    if (!*ret)
        return fail(err, ERR_NOT_FOUND,
            fingerprint ? "the record has no certificate with this fingerprint"
                        : "no certificate has been seen yet");
    return true;
}

static bool decoded_get(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(record_version_row) struct record_version_row *row = NULL;
    autodone(version_rows) struct version_rows chain = { 0 };
    const char *fingerprint = query_text(query, "fingerprint_sha256", 64);
    size_t max = query_bool(query, "all_names", false) ? NAMES_SHOWN_ALL : NAMES_SHOWN;

    if (!query_end(query, err) || !cert_require(call, call->path_id, ACTION_SEE, &cert, err) ||
        !find_version(call, cert, fingerprint, &row, err) ||
        !write_stored(call, "leaf", row->version_id, max, err) ||
        (row->chain_id && !store_chain_members(call->tx, row->chain_id, &chain, err)))
        return false;
    json_begin_array(&call->reply, "chain");
    for (size_t i = 0; i < chain.n; i++)
        if (!write_stored(call, NULL, chain.items[i].id, NAMES_SHOWN, err))
            return false;
    json_end(&call->reply);
    json_str(&call->reply, "chain_status", row->chain_status);
    return true;
}

const struct api_route certificate_decoded_routes[] = {
    { "GET", "/certificates/{id}/decoded", ROLE_USER, API_READS, decoded_get, 0 },
    { 0 },
};
