/*
 * api/csr_use: POST /csrs/{id}/certificate: the certificate for a request has come. It becomes a
 * record, with the key that the vault made for the request.
 *
 * What is uploaded is read as any import is; of it all, the certificate of the request's key is
 * kept.
 */
#include <string.h>

#include "api/cert_import.h"
#include "api/csr_json.h"
#include "api/import_read.h"
#include "api/tables.h"
#include "base/err.h"
#include "db/db.h"
#include "store/business_group.h"
#include "store/csr.h"
#include "store/record_version.h"
#include "x509/cert.h"

/* Nobody's upload is read for a request that is not theirs. */
static bool use_prepare(struct api_call *call, struct err *err)
{
    autofree(csr_row) struct csr_row *csr = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    bool ok = csr_require(call, call->path_id, ACTION_USE_KEY, &csr, err);

    call->tx = NULL;
    tx_free(take(&tx));
    return ok && import_read(call, IMPORT_FORM_CSR, err);
}

/* What the request says of itself, where the upload says nothing. */
static bool fill_in(struct api_call *call, const struct csr_row *csr, struct watch_new *watch,
    struct err *err)
{
    if (!watch->cert.name)
        watch->cert.name = csr->name;
    if (!watch->cert.description || !watch->cert.description[0])
        watch->cert.description = csr->description;
    return watch->cert.business_group_id != 0 || !csr->business_group[0] ||
           store_business_group_find(call->tx, csr->business_group, &watch->cert.business_group_id,
               err);
}

/* The uploaded certificate of this key; the refusal tells whose key came instead. */
static bool find_item(struct api_call *call, struct import_read *read, const struct csr_row *csr,
    struct import_item **ret, struct err *err)
{
    const struct cert *other = NULL;

    for (size_t i = 0; i < read->n_items; i++) {
        other = chain_leaf(read->items[i].brought.chain);
        if (cert_is_for_key(other, csr->spki_sha256)) {
            *ret = &read->items[i];
            return true;
        }
    }
    if (!other)
        return fail(err, ERR_INVALID, "there is no certificate in it");
    json_problems_addf(call->problems, read->form.parts.n_parts > 0 ? "file" : "certificate",
        "its key is %s of %d bits, and not the one that was made for the request",
        cert_key_algorithm(other), cert_key_bits(other));
    return fail(err, ERR_CONFLICT,
        "the certificate \"%s\" is for another key than the request \"%s\"", cert_name(other),
        csr->name);
}

/* A record that the caller sees but may not change has the certificate, and would stay without the
 * key. */
static bool check_key_is_there(struct api_call *call, const struct import_saved *saved,
    struct err *err)
{
    autofree(record_version_row) struct record_version_row *own = NULL;

    if (!store_record_version_find(call->tx, saved->id, saved->version_id, &own, err))
        return false;
    return (own && own->sealed_key_id) ||
           fail(err, ERR_CONFLICT,
               "certificate %" PRId64 " has it already, and is not yours to give the key to",
               saved->id);
}

static bool csrs_use(struct api_call *call, struct err *err)
{
    struct import_read *read = call->prepared;
    autodone(record_fields) struct record_fields fields = { .tags = BUF_INIT(65536) };
    autofree(csr_row) struct csr_row *csr = NULL;
    struct import_item *item = NULL;
    struct import_saved saved = { 0 };

    if (!csr_require(call, call->path_id, ACTION_USE_KEY, &csr, err) ||
        !cert_import_fields(call, read, &fields, err) || !find_item(call, read, csr, &item, err))
        return false;
    item->brought.new_key = NULL; /* the vault has it */
    item->brought.sealed_key_id = csr->sealed_key_id;
    if (!fill_in(call, csr, &fields.watch, err) ||
        !cert_import_save(call, item, &fields, true, &saved, err) ||
        !check_key_is_there(call, &saved, err) ||
        !store_csr_set_used(call->tx, csr->id, saved.id, call->now, err) ||
        !api_audit(call, "csr.use", csr->id, csr->name, NULL, NULL, err) ||
        !cert_import_write(call, read, item, &saved, 1, err))
        return false;
    if (saved.is_duplicate)
        return true;
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/certificates/%" PRId64,
        saved.id);
    return true;
}

const struct api_route csr_use_routes[] = {
    { "POST", "/csrs/{id}/certificate", ROLE_USER,
        API_WRITES | API_IDEMPOTENT | API_BODY_RAW | API_SECRET_BODY, csrs_use, IMPORT_UPLOAD_MAX,
        use_prepare },
    { 0 },
};
