/*
 * api/cert_files: certificates to take away: PEM with the chain, DER, PKCS#7. Never a key.
 *
 * The current version, or the one of the record that "version" names by its fingerprint.
 */
#include <string.h>

#include "api/cert_json.h"
#include "api/query.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/hex.h"
#include "store/cert.h"
#include "store/record_version.h"
#include "store/version.h"
#include "x509/chain.h"

static bool load_cert(struct tx *tx, int64_t version_id, struct buf *der, struct err *err)
{
    buf_init(der, CERT_MAX_BYTES);
    return store_version_der(tx, version_id, der, err);
}

/* The leaf, and what was sent or brought above it. */
static bool load_chain(struct api_call *call, const struct record_version_row *row,
    struct chain **ret, struct err *err)
{
    autodone(version_rows) struct version_rows above = { 0 };
    struct buf ders[CHAIN_MAX_CERTS] = { 0 };
    struct span spans[CHAIN_MAX_CERTS];
    size_t n = 0;

    if (row->chain_id && !store_chain_members(call->tx, row->chain_id, &above, err))
        return false;
    bool works = load_cert(call->tx, row->version_id, &ders[n++], err);

    for (size_t i = 0; works && i < above.n && n < CHAIN_MAX_CERTS; i++)
        works = load_cert(call->tx, above.items[i].id, &ders[n++], err);
    for (size_t i = 0; i < n; i++)
        spans[i] = buf_span(&ders[i]);
    works = works && chain_from_ders(spans, n, ret, err);
    for (size_t i = 0; i < n; i++)
        buf_done(&ders[i]);
    return works;
}

/* "www.example.org" from whatever the record is called; safe in a header and on a disk. */
static void file_name(const char *name, const char *ending, char *field, size_t field_size)
{
    size_t n = 0;

    for (const char *p = name; *p && n + 5 < field_size; p++) {
        bool is_plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                        (*p >= '0' && *p <= '9') || *p == '-' || (*p == '.' && n > 0);

        field[n++] = is_plain ? *p : '_';
    }
    (void)snprintf(field + n, field_size - n, "%s%s", n ? "" : "certificate", ending);
}

static bool find_version(struct api_call *call, const struct cert_row *cert,
    struct record_version_row **ret, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const char *fingerprint = query_text(query, "version", 64);
    uint8_t sha256[SHA256_SIZE];
    int64_t id = fingerprint ? 0 : cert->version_id;

    if (!query_end(query, err))
        return false;
    if (fingerprint && hex_decode(span_text(fingerprint), sha256, sizeof sha256, NULL) &&
        !store_version_find(call->tx, sha256, &id, err))
        return false;
    if (id && !store_record_version_find(call->tx, cert->id, id, ret, err))
        return false;
    if (*ret)
        return true;
    if (fingerprint)
        return fail(err, ERR_NOT_FOUND, "the record has no certificate with this fingerprint");
    return fail(err, ERR_NOT_FOUND, "no certificate has been seen for \"%s\" yet", cert->name);
}

static bool answer_with(struct api_call *call, bool (*write)(const struct chain *, struct buf *),
    const char *ending, const char *media_type, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(record_version_row) struct record_version_row *row = NULL;
    autofree(chain) struct chain *chain = NULL;

    if (!store_cert_get(call->tx, &viewer, call->path_id, &cert, err) ||
        !find_version(call, cert, &row, err) || !load_chain(call, row, &chain, err))
        return false;
    if (!write(chain, call->body_out))
        return fail(err, ERR_INTERNAL, "could not write the file");
    call->media_type = media_type;
    file_name(row->version->name, ending, call->filename, sizeof call->filename);
    return true;
}

static bool write_pem(const struct chain *chain, struct buf *out)
{
    chain_to_pem(chain, out);
    return true;
}

static bool write_der(const struct chain *chain, struct buf *out)
{
    buf_add_span(out, cert_der(chain_leaf(chain)));
    return true;
}

static bool pem_get(struct api_call *call, struct err *err)
{
    return answer_with(call, write_pem, ".pem", "application/x-pem-file", err);
}

static bool der_get(struct api_call *call, struct err *err)
{
    return answer_with(call, write_der, ".der", "application/pkix-cert", err);
}

static bool p7b_get(struct api_call *call, struct err *err)
{
    return answer_with(call, chain_to_pkcs7, ".p7b", "application/x-pkcs7-certificates", err);
}

const struct api_route certificate_file_routes[] = {
    { "GET", "/certificates/{id}.pem", ROLE_USER, API_READS | API_REPLY_RAW, pem_get, 0 },
    { "GET", "/certificates/{id}.der", ROLE_USER, API_READS | API_REPLY_RAW, der_get, 0 },
    { "GET", "/certificates/{id}.p7b", ROLE_USER, API_READS | API_REPLY_RAW, p7b_get, 0 },
    { 0 },
};
