/*
 * api/cert_import: POST /certificates/import: certificates that are brought as files, with their
 * keys, become records.
 *
 * A certificate that the inventory has already is the same version. Where the caller may see the
 * record that has it, that is the answer; where not, they are not told, and get a record of their
 * own.
 */
#include "api/cert_import.h"

#include <string.h>

#include "api/cert_json.h"
#include "api/cert_new.h"
#include "api/cert_warnings.h"
#include "api/import_read.h"
#include "api/tables.h"
#include "base/err.h"
#include "monitor/move.h"
#include "store/business_group.h"
#include "store/cert.h"
#include "store/record_version.h"
#include "x509/cert.h"

void record_fields_done(struct record_fields *fields)
{
    buf_done(&fields->tags);
}
bool cert_import_fields(struct api_call *call, const struct import_read *read,
    struct record_fields *ret, struct err *err)
{
    struct watch_new *watch = &ret->watch;
    struct json_in in;

    json_in_init(&in, read->form.fields, call->problems);
    /* Of a JSON body: read already, as files. */
    (void)json_in_value(&in, "certificate");
    (void)json_in_value(&in, "chain");
    watch->cert.name = json_in_text_opt(&in, "name", 1, 200, NULL);
    watch->cert.description = json_in_text_opt(&in, "description", 0, 10000, "");
    cert_new_read_tags(&in, &ret->tags);
    const char *group = json_in_text_opt(&in, "business_group", 0, 200, "");

    if (!cert_new_read_people(call, &in, NULL, &ret->people, err) || !json_in_end(&in, err) ||
        !store_business_group_put(call->tx, group, &watch->cert.business_group_id, err))
        return false;
    watch->cert.is_imported = true;
    watch->cert.tags = buf_text(&ret->tags);
    watch->cert.owner_id = ret->people.owner_id;
    watch->cert.assignee_id = ret->people.assignee_id;
    watch->cert.shares = ret->people.shares;
    watch->cert.n_shares = ret->people.n_shares;
    watch->account_id = call->who.account_id;
    return true;
}

static bool audit_import(struct api_call *call, const char *action, int64_t id, const char *name,
    const struct import_item *item, struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(4096);
    struct json_out out;

    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    import_item_write(item, &out);
    json_end(&out);
    return json_out_check(&out, err) &&
           api_audit(call, action, id, name, NULL, buf_text(&after), err);
}

/* A new record of the caller's. The second certificate of an upload is called by its own name. */
static bool make_record(struct api_call *call, const struct import_item *item,
    const struct record_fields *fields, bool is_first, int64_t *ret_id, struct err *err)
{
    struct watch_new watch = fields->watch;
    char name[201];
    int64_t job;

    span_copy_text(span_text(cert_name(chain_leaf(item->brought.chain))), name, sizeof name);
    if (!watch.cert.name || !is_first)
        watch.cert.name = name;
    return watch_add(call->tx, &watch, call->now, ret_id, &job, err) &&
           bring_put(call->tx, *ret_id, &item->brought, VERSION_CURRENT, VERSION_IMPORTED,
               call->now, err) &&
           move_record(call->tx, *ret_id, call->now, NULL, err) &&
           audit_import(call, "certificate.import", *ret_id, watch.cert.name, item, err);
}

/* The record has the version: give it the key it lacks, if the caller may change it. */
static bool complete_record(struct api_call *call, const struct import_item *item, int64_t id,
    int64_t version_id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(record_version_row) struct record_version_row *own = NULL;
    autofree(cert_row) struct cert_row *cert = NULL;
    bool yes = true;
    struct cert_edit edit = { .is_imported = &yes };
    unsigned relations;

    if (!store_record_version_find(call->tx, id, version_id, &own, err) ||
        !store_cert_get(call->tx, &viewer, id, &cert, err) ||
        !cert_json_relations(call, id, &relations, err))
        return false;
    if (!import_item_has_key(item) || !own || own->sealed_key_id ||
        !permission_allows(&call->who, ACTION_EDIT, relations))
        return true;
    return bring_key(call->tx, own, &item->brought, call->now, err) &&
           store_cert_edit(call->tx, id, &edit, call->now, err) &&
           audit_import(call, "certificate.key_import", id, cert->name, item, err);
}

/* One certificate of the upload. *ret_there: a record that the caller sees had it already. */
bool cert_import_save(struct api_call *call, struct import_item *item,
    const struct record_fields *fields, bool is_first, struct import_saved *ret, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);

    if (!bring_versions(call->tx, &item->brought, call->now, err) ||
        !bring_find_record(call->tx, &viewer, item->brought.version_id, &ret->id, err))
        return false;
    ret->version_id = item->brought.version_id;
    ret->is_duplicate = ret->id != 0;
    if (ret->is_duplicate)
        return complete_record(call, item, ret->id, item->brought.version_id, err);
    return make_record(call, item, fields, is_first, &ret->id, err);
}

static void write_key(struct json_out *out, const struct import_item *item,
    const struct record_version_row *own)
{
    const struct cert *leaf = chain_leaf(item->brought.chain);

    if (!import_item_has_key(item)) {
        json_put_null(out, "key");
        return;
    }
    json_begin_object(out, "key");
    json_bool(out, "stored", own->sealed_key_id != 0);
    json_str(out, "algorithm", cert_key_algorithm(leaf));
    json_i64(out, "size", cert_key_bits(leaf));
    json_end(out);
}

static void write_warnings(struct api_call *call, const struct import_read *read,
    const struct import_item *item, const struct record_version_row *own)
{
    json_begin_array(&call->reply, "warnings");
    cert_warnings_write(&call->reply, own, call->now);
    if (own->role == VERSION_STAGED)
        cert_warning_write(&call->reply, "not_served_yet",
            "endpoints still serve another one; it becomes current when all serve it");
    if (item->is_reordered)
        cert_warning_write(&call->reply, "chain_reordered",
            "the certificates were in another order than from the leaf upward");
    if (read->n_extra > 0)
        cert_warning_write(&call->reply, "extra_certificates",
            "there were certificates that do not belong to the chain; they were left out");
    json_end(&call->reply);
}

static bool write_also(struct api_call *call, const struct import_saved *saved, size_t n,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);

    json_begin_array(&call->reply, "also");
    for (size_t i = 1; i < n; i++) {
        autofree(cert_row) struct cert_row *cert = NULL;

        if (!store_cert_get(call->tx, &viewer, saved[i].id, &cert, err))
            return false;
        cert_json_ref(&call->reply, NULL, cert->id, cert->name);
    }
    json_end(&call->reply);
    return true;
}

bool cert_import_write(struct api_call *call, const struct import_read *read,
    const struct import_item *item, const struct import_saved *saved, size_t n, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(cert_row) struct cert_row *cert = NULL;
    autofree(record_version_row) struct record_version_row *own = NULL;

    if (!store_cert_get(call->tx, &viewer, saved->id, &cert, err) ||
        !store_record_version_find(call->tx, saved->id, saved->version_id, &own, err) ||
        !cert_json_write(call, cert, err))
        return false;
    if (!own)
        return fail(err, ERR_INTERNAL, "a version that was just written is not there");
    call->etag = cert->row_version;
    json_bool(&call->reply, "duplicate", saved->is_duplicate);
    write_key(&call->reply, item, own);
    write_warnings(call, read, item, own);
    return write_also(call, saved, n, err);
}

static bool import_prepare(struct api_call *call, struct err *err)
{
    return import_read(call, IMPORT_FORM_NEW, err);
}

static bool certs_import(struct api_call *call, struct err *err)
{
    struct import_read *read = call->prepared;
    autodone(record_fields) struct record_fields fields = { .tags = BUF_INIT(65536) };
    struct import_saved saved[BUNDLE_LEAVES_MAX] = { 0 };

    if (!cert_import_fields(call, read, &fields, err))
        return false;
    for (size_t i = 0; i < read->n_items; i++)
        if (!cert_import_save(call, &read->items[i], &fields, i == 0, &saved[i], err))
            return false;
    if (!cert_import_write(call, read, read->items, saved, read->n_items, err))
        return false;
    if (saved[0].is_duplicate)
        return true;
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/certificates/%" PRId64,
        saved[0].id);
    return true;
}

const struct api_route certificate_import_routes[] = {
    { "POST", "/certificates/import", ROLE_USER,
        API_WRITES | API_IDEMPOTENT | API_BODY_RAW | API_SECRET_BODY, certs_import,
        IMPORT_UPLOAD_MAX, import_prepare },
    { 0 },
};
