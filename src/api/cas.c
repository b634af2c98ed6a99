/*
 * api/cas: certificate authorities: which there are, changing and removing them, their lists.
 * Making them and giving them certificates is in ca_make.c; what all the world asks them is in
 * pki.c.
 */
#include <string.h>

#include "api/ca_json.h"
#include "api/ca_new.h"
#include "api/cert_json.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "ca/local/local.h"
#include "db/db.h"
#include "store/ca.h"
#include "store/ca_certificate.h"
#include "store/local_ca.h"
#include "store/sealed_key.h"
#include "x509/csr.h"

/* Where the key of a new one can be. */
static void write_storages(struct api_call *call)
{
    autodone(buf) struct buf key = BUF_INIT(1024);
    bool has_token = ca_new_has_token(call, &key);

    json_begin_array(&call->reply, "storages");
    json_str(&call->reply, NULL, "sealed");
    if (has_token)
        json_str(&call->reply, NULL, "pkcs11");
    json_end(&call->reply);
    json_str(&call->reply, "token_key", key.size > 0 ? buf_text(&key) : NULL);
}

static bool cas_list(struct api_call *call, struct err *err)
{
    autodone(ca_rows) struct ca_rows rows = { 0 };

    if (!store_cas(call->tx, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        if (!ca_json_write(call, &rows.items[i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    write_storages(call);
    return true;
}

static bool cas_get(struct api_call *call, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;

    if (!ca_json_find(call, call->tx, &row, err))
        return false;
    call->etag = row->row_version;
    return ca_json_write(call, row, err);
}

static bool edit_url(struct api_call *call, const struct ca_row *row, const char *url,
    struct err *err)
{
    autofree(local_ca_row) struct local_ca_row *own = NULL;

    if (!store_local_ca_get(call->tx, row->id, &own, err))
        return false;
    return strcmp(own->public_url, url) == 0 ||
           (store_local_ca_set_url(call->tx, row->id, url, err) &&
               api_audit(call, "ca.move", row->id, row->name, own->public_url, url, err));
}

static bool cas_edit(struct api_call *call, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;
    autodone(buf) struct buf after = BUF_INIT(JSON_MAX_BYTES);
    char url[VAULT_CA_URL_MAX];
    struct json_in in;

    if (!ca_json_find(call, call->tx, &row, err) ||
        !page_check_match(call, row->row_version, "certificate authority", err))
        return false;
    api_body(call, &in);
    str_set(&row->description, json_in_text_opt(&in, "description", 0, 2000, row->description));
    row->is_disabled = json_in_bool_opt(&in, "disabled", row->is_disabled);
    bool has_url = ca_new_read_url(&in, url);

    if (!json_in_end(&in, err) || (has_url && !edit_url(call, row, url, err)))
        return false;
    if (!store_ca_save(call->tx, row, call->now, err))
        return api_stale(call, err);
    if (call->json)
        json_write(call->json, &after);
    return api_audit(call, "ca.edit", row->id, row->name, NULL, buf_text(&after), err) &&
           ca_json_answer(call, row->name, err);
}

static bool cas_delete(struct api_call *call, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;
    autofree(local_ca_row) struct local_ca_row *own = NULL;

    call->status = 204;
    return ca_json_find(call, call->tx, &row, err) &&
           page_check_match(call, row->row_version, "certificate authority", err) &&
           store_local_ca_get(call->tx, row->id, &own, err) &&
           store_ca_delete(call->tx, row, err) &&
           store_sealed_key_release(call->tx, own->sealed_key_id, err) &&
           api_audit(call, "ca.delete", row->id, row->name, own->subject, NULL, err);
}

/* The request that somebody else is to sign. */
static bool cas_csr(struct api_call *call, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;
    autofree(local_ca_row) struct local_ca_row *own = NULL;
    autofree(csr) struct csr *csr = NULL;

    if (!ca_json_find(call, call->tx, &row, err) ||
        !store_local_ca_get(call->tx, row->id, &own, err))
        return false;
    if (own->csr.size == 0)
        return fail(err, ERR_NOT_FOUND, "%s is a root: it signed itself, and has no request",
            row->name);
    if (!csr_from_any(buf_span(&own->csr), &csr, err))
        return false;
    csr_to_pem(csr, call->body_out);
    call->media_type = "application/pkcs10";
    (void)snprintf(call->filename, sizeof call->filename, "%s.csr", row->name);
    return true;
}

static bool find_id(struct api_call *call, int64_t *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(ca_row) struct ca_row *row = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err) || !ca_json_find(call, tx, &row, err))
        return false;
    *ret = row->id;
    return true;
}

/* Before the transaction: sign a new list. */
static bool crl_prepare(struct api_call *call, struct err *err)
{
    int64_t id = 0;
    bool is_made;

    return find_id(call, &id, err) &&
           local_crl_refresh(call->db, call->services->vault, id, true, call->now, &is_made, err);
}

static bool cas_crl(struct api_call *call, struct err *err)
{
    autofree(ca_row) struct ca_row *row = NULL;

    return ca_json_find(call, call->tx, &row, err) &&
           api_audit(call, "ca.crl", row->id, row->name, NULL, NULL, err) &&
           ca_json_answer(call, row->name, err);
}

static void write_issued(struct json_out *out, const struct ca_certificate_row *row)
{
    json_begin_object(out, NULL);
    json_str(out, "serial", row->serial);
    cert_json_ref(out, "certificate", row->certificate_id, row->certificate);
    json_time(out, "issued_at", row->issued_at);
    json_time(out, "not_after", row->not_after);
    json_time_or_null(out, "revoked_at", row->revoked_at);
    json_str(out, "revocation_reason", row->revocation_reason);
    json_end(out);
}

static bool cas_issued(struct api_call *call, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(query) struct query *query = query_new(call);
    autofree(ca_row) struct ca_row *row = NULL;
    autodone(ca_certificate_rows) struct ca_certificate_rows rows = { 0 };
    int64_t limit = page_limit(query);
    int64_t before = page_after_id(query);

    if (!query_end(query, err) || !ca_json_find(call, call->tx, &row, err) ||
        !store_ca_certificate_page(call->tx, &viewer, row->id, before, limit + 1, &rows, err))
        return false;
    size_t shown = rows.n > (size_t)limit ? (size_t)limit : rows.n;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < shown; i++)
        write_issued(&call->reply, &rows.items[i]);
    json_end(&call->reply);
    page_end_id(call, rows.n > shown ? rows.items[shown - 1].id : 0, (int64_t)rows.n,
        rows.n > shown || before);
    return true;
}

const struct api_route ca_routes[] = {
    { "GET", "/cas", ROLE_USER, API_READS, cas_list, 0 },
    { "GET", "/cas/{name}", ROLE_USER, API_READS, cas_get, 0 },
    { "PATCH", "/cas/{name}", ROLE_ADMIN, API_WRITES, cas_edit, 0 },
    { "DELETE", "/cas/{name}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, cas_delete, 0 },
    { "GET", "/cas/{name}/csr", ROLE_ADMIN, API_READS | API_REPLY_RAW, cas_csr, 0 },
    { "POST", "/cas/{name}/crl", ROLE_ADMIN, API_WRITES | API_BODY_NONE, cas_crl, 0, crl_prepare },
    { "GET", "/cas/{name}/certificates", ROLE_USER, API_READS, cas_issued, 0 },
    { 0 },
};
