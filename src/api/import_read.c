/* api/import_read: see the header. */
#include "api/import_read.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "codec/digest.h"
#include "db/db.h"
#include "import/client.h"
#include "vault/client_keys.h"
#include "x509/cert.h"
#include "x509/chain.h"
#include "x509/trust_store.h"

_Static_assert(VAULT_PARCEL_KEY_SIZE == IMPORT_PUBLIC_SIZE, "the one is for the other");

static void import_read_free(void *arg)
{
    struct import_read *read = arg;

    import_form_done(&read->form);
    bundle_done(&read->bundle);
    for (size_t i = 0; i < read->n_items; i++) {
        buf_done(&read->items[i].sealed);
        buf_done(&read->items[i].spki);
    }
    free(read);
}

/* What the importer found, and its certificates as such. */
struct findings {
    struct import_result result;
    struct cert *certs[IMPORT_CERTS_MAX];
    size_t n_certs;
};

static void findings_done(struct findings *findings)
{
    import_result_done(&findings->result);
    for (size_t i = 0; i < findings->n_certs; i++)
        cert_free(findings->certs[i]);
    findings->n_certs = 0;
}
DEFINE_AUTODONE(findings);

/* Said twice: as the answer's sentence, and beside the form's field. */
static bool refuse(struct api_call *call, const char *field, struct err *err)
{
    json_problems_add(call->problems, field, err->msg);
    return err_wrap(err, "%s", field);
}

static bool parse(struct api_call *call, struct import_read *read, struct findings *findings,
    struct err *err)
{
    const struct import_upload *upload = &read->form.upload;
    struct import_refusal refusal;

    if (import_parse(call->services->importer, upload, &findings->result, &refusal, err))
        return true;
    if (refusal.fault == IMPORT_FAULT_NONE)
        return false;
    /* A derivation that would take too long is no body that is too long. */
    call->status = 400;
    return refuse(call,
        import_fault_field(refusal.fault, refusal.part, upload->key_password.size > 0), err);
}

static bool read_certs(struct api_call *call, struct findings *findings, struct err *err)
{
    const struct import_result *result = &findings->result;

    for (size_t i = 0; i < result->n_certs; i++) {
        if (!cert_from_der(buf_span(&result->certs[i].der), &findings->certs[i], err)) {
            (void)err_wrap(err, "certificate %zu", i + 1);
            return refuse(call, import_fault_field(IMPORT_MALFORMED, result->certs[i].part, false),
                err);
        }
        findings->n_certs++;
    }
    return true;
}

static bool sort(struct api_call *call, const struct findings *findings, struct bundle *ret,
    struct err *err)
{
    const struct import_result *result = &findings->result;
    struct bundle_cert certs[IMPORT_CERTS_MAX];
    struct bundle_key keys[IMPORT_KEYS_MAX];
    bool has_key_part = false;

    for (size_t i = 0; i < findings->n_certs; i++)
        certs[i] = (struct bundle_cert){ .cert = findings->certs[i],
            .is_chain = result->certs[i].part != IMPORT_FILE };
    for (size_t i = 0; i < result->n_keys; i++) {
        digest_sha256(buf_span(&result->keys[i].spki), keys[i].spki_sha256);
        has_key_part |= result->keys[i].part == IMPORT_KEY;
    }
    if (bundle_sort(certs, findings->n_certs, keys, result->n_keys, ret, err))
        return true;
    call->status = 400;
    return refuse(call, has_key_part && findings->n_certs > 0 ? "key" : "file", err);
}

/* "rsa-2048", "ec-p256", "ed25519": as the database names the keys that the vault makes. */
static void name_key(const struct cert *cert, char field[static 64])
{
    size_t n = 3;

    if (cert_key(cert) == CERT_KEY_RSA)
        (void)snprintf(field, 64, "rsa-%d", cert_key_bits(cert));
    else if (cert_key(cert) != CERT_KEY_EC)
        (void)snprintf(field, 64, "%.60s", cert_key_algorithm(cert));
    if (cert_key(cert) != CERT_KEY_EC)
        return;
    (void)snprintf(field, 64, "ec-");
    for (const char *p = cert_key_curve(cert); *p && n < 63; p++)
        if (*p != '-')
            field[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    field[n] = '\0';
}

bool import_item_has_key(const struct import_item *item)
{
    return item->brought.new_key || item->brought.sealed_key_id;
}

void import_item_write(const struct import_item *item, struct json_out *out)
{
    const struct cert *leaf = chain_leaf(item->brought.chain);

    json_hex(out, "fingerprint_sha256", span_of(cert_sha256(leaf), CERT_SHA256_SIZE));
    json_str(out, "serial", cert_serial(leaf));
    json_time(out, "not_after", cert_not_after(leaf));
    json_bool(out, "key", import_item_has_key(item));
}

/* One key, from the importer's hands into the vault's. */
struct handing_over {
    uint8_t public_key[VAULT_PARCEL_KEY_SIZE];
    struct buf half;
};

static bool seal(struct api_call *call, const struct handing_over *with,
    const struct import_key *key, struct import_item *item, struct err *err)
{
    const struct vault_parcel parcel = { .public_key = with->public_key,
        .sealed_half = buf_span(&with->half),
        .bytes = buf_span(&key->parcel),
        .aad = buf_span(&key->spki) };
    const struct vault_binding binding = { .purpose = VAULT_TLS, .row = item->key_row };

    vault_row_new(item->key_row);
    if (!vault_seal_parcel(call->services->vault, &parcel, &binding, &item->sealed, &item->spki,
            err)) {
        if (err->kind != ERR_INVALID)
            return false;
        return refuse(call, import_fault_field(IMPORT_MALFORMED, key->part, false), err);
    }
    /* The importer is believed in nothing: it read what a stranger sent. */
    if (!span_equal(buf_span(&item->spki), buf_span(&key->spki)))
        return fail(err, ERR_INVALID, "the private key is not the one it was said to be");
    return true;
}

static bool make_item(struct api_call *call, const struct handing_over *with,
    const struct findings *findings, struct import_read *read, size_t i, struct err *err)
{
    const struct bundle_leaf *leaf = &read->bundle.leaves[i];
    struct import_item *item = &read->items[i];

    buf_init(&item->sealed, VAULT_SEALED_MAX);
    buf_init(&item->spki, VAULT_SEALED_MAX);
    read->n_items++;
    item->is_reordered = leaf->is_reordered;
    item->brought.chain = leaf->chain;
    if (leaf->key == BUNDLE_NO_KEY)
        return true;
    if (!seal(call, with, &findings->result.keys[leaf->key], item, err))
        return false;
    name_key(chain_leaf(leaf->chain), item->key_name);
    item->key = (struct sealed_key_new){ .purpose = VAULT_TLS,
        .bound_to = item->key_row,
        .algorithm = item->key_name,
        .public_key = buf_span(&item->spki),
        .blob = buf_span(&item->sealed) };
    item->brought.new_key = &item->key;
    return true;
}

static bool judge_all(struct api_call *call, struct import_read *read, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(trust_store) struct trust_store *trust = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err) || !bring_trust(tx, &trust, err))
        return false;
    for (size_t i = 0; i < read->n_items; i++)
        if (!bring_judge(tx, trust, &read->items[i].brought, call->now, err))
            return false;
    return true;
}

static bool read_with(struct api_call *call, struct handing_over *with, struct import_read *read,
    struct err *err)
{
    autodone(findings) struct findings findings = { 0 };

    if (!vault_make_parcel_key(call->services->vault, with->public_key, &with->half, err))
        return false;
    memcpy(read->form.upload.vault_key, with->public_key, sizeof with->public_key);
    if (!parse(call, read, &findings, err) || !read_certs(call, &findings, err) ||
        !sort(call, &findings, &read->bundle, err))
        return false;
    read->n_extra = read->bundle.n_extra;
    for (size_t i = 0; i < read->bundle.n_leaves; i++)
        if (!make_item(call, with, &findings, read, i, err))
            return false;
    return judge_all(call, read, err);
}

bool import_read(struct api_call *call, enum import_form_kind kind, struct err *err)
{
    struct import_read *read = xcalloc(1, sizeof *read);
    struct handing_over with = { .half = BUF_INIT(VAULT_SEALED_MAX) };

    call->prepared = read;
    call->free_prepared = import_read_free;
    bool ok = import_form_read(call, kind, &read->form, err) && read_with(call, &with, read, err);

    buf_done(&with.half);
    return ok;
}
