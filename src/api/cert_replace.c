/*
 * api/cert_replace: a record after a renewal elsewhere: the new certificate is brought, and what
 * differs between two of its versions is shown.
 */
#include <string.h>

#include "api/cert_import.h"
#include "api/cert_json.h"
#include "api/cert_warnings.h"
#include "api/deployments.h"
#include "api/import_read.h"
#include "api/tables.h"
#include "base/err.h"
#include "db/db.h"
#include "monitor/replace.h"
#include "store/cert.h"

/* What the caller may not see or change is told before anything is read of the upload. */
static bool may_replace(struct api_call *call, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(call->db, TX_READ, &tx, err))
        return false;
    call->tx = tx;
    bool ok = cert_require(call, call->path_id, ACTION_EDIT, NULL, err);

    call->tx = NULL;
    return ok;
}

static bool replace_prepare(struct api_call *call, struct err *err)
{
    if (!may_replace(call, err) || !import_read(call, IMPORT_FORM_REPLACE, err))
        return false;
    const struct import_read *read = call->prepared;

    if (read->n_items == 1)
        return true;
    json_problems_add(call->problems, "file",
        "there is more than one certificate with a key in it");
    return fail(err, ERR_INVALID,
        "file: there is more than one certificate that could be the new one");
}

static bool refuse(struct api_call *call, const struct replace_outcome *outcome, struct err *err)
{
    for (size_t i = 0; i < outcome->n_reasons; i++)
        json_problems_add(call->problems, "file", outcome->reasons[i]);
    return fail(err, ERR_CONFLICT, "not_a_successor: %s", outcome->reasons[0]);
}

static bool audit_replace(struct api_call *call, const struct cert_row *cert,
    const struct import_item *item, const struct replace_outcome *outcome, bool confirmed,
    struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(8192);
    struct json_out out;

    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    import_item_write(item, &out);
    json_str(&out, "role", version_role_name(outcome->role));
    if (!outcome->is_successor)
        json_str(&out, confirmed ? "confirmed_against" : "reason", outcome->reasons[0]);
    json_end(&out);
    return json_out_check(&out, err) && api_audit(call, "certificate.replace", cert->id, cert->name,
                                            NULL, buf_text(&after), err);
}

static bool replace_in(struct api_call *call, const struct cert_row *cert, struct import_read *read,
    struct import_saved *saved, struct err *err)
{
    struct import_item *item = &read->items[0];
    struct replace_outcome outcome;
    bool yes = true;
    struct cert_edit edit = { .expected_row_version = call->if_match, .is_imported = &yes };

    if (!store_cert_edit(call->tx, cert->id, &edit, call->now, err))
        return api_stale(call, err);
    if (!bring_versions(call->tx, &item->brought, call->now, err) ||
        !replace_current(call->tx, cert->id, &item->brought, read->form.confirm, call->now,
            &outcome, err))
        return false;
    if (!outcome.is_successor && !read->form.confirm)
        return refuse(call, &outcome, err);
    *saved = (struct import_saved){ cert->id, item->brought.version_id, outcome.was_there };
    return audit_replace(call, cert, item, &outcome, read->form.confirm, err) &&
           deployments_follow(call, cert->id, saved->version_id, err);
}

static bool certs_replace(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *cert = NULL;
    struct import_read *read = call->prepared;
    struct import_saved saved;

    return cert_require(call, call->path_id, ACTION_EDIT, &cert, err) &&
           replace_in(call, cert, read, &saved, err) &&
           cert_import_write(call, read, read->items, &saved, 1, err);
}

const struct api_route certificate_replace_routes[] = {
    { "POST", "/certificates/{id}/replace", ROLE_USER, API_WRITES | API_BODY_RAW | API_SECRET_BODY,
        certs_replace, IMPORT_UPLOAD_MAX, replace_prepare },
    { 0 },
};
