/* api/csr_json: see the header. */
#include "api/csr_json.h"

#include "api/cert_json.h"
#include "api/page.h"
#include "base/err.h"
#include "store/csr.h"

static void write_sans(struct json_out *out, const char *list)
{
    autofree(json) struct json *sans = NULL;
    struct err ignored = { 0 };

    json_begin_array(out, "sans");
    if (json_parse(span_text(list), &sans, &ignored))
        for (size_t i = 0; i < json_list_size(sans); i++)
            json_str(out, NULL, json_as_text(json_member(json_list_item(sans, i), "value")));
    json_end(out);
}

void csr_json_write(struct json_out *out, const struct csr_row *row)
{
    json_i64(out, "id", row->id);
    json_str(out, "name", row->name);
    json_str(out, "description", row->description);
    json_str(out, "business_group", row->business_group[0] ? row->business_group : NULL);
    json_str(out, "owner", row->owner);
    json_str(out, "subject", row->subject);
    write_sans(out, row->sans);
    json_begin_object(out, "key");
    json_str(out, "algorithm", row->key_algorithm);
    json_i64(out, "size", row->key_size);
    json_str(out, "curve", row->curve[0] ? row->curve : NULL);
    json_end(out);
    json_hex(out, "spki_sha256", span_of(row->spki_sha256, sizeof row->spki_sha256));
    json_time(out, "created_at", row->created_at);
    json_time_or_null(out, "used_at", row->used_at);
    cert_json_ref(out, "certificate", row->certificate_id, row->certificate);
    page_write_etag(out, csr_json_version(row));
}

int64_t csr_json_version(const struct csr_row *row)
{
    return row->used_at ? 2 : 1;
}

bool csr_require(struct api_call *call, int64_t id, enum action action, struct csr_row **ret,
    struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(csr_row) struct csr_row *row = NULL;

    if (!store_csr_get(call->tx, &viewer, id, &row, err))
        return false;
    unsigned relations =
        row->owner_id == call->who.account_id ? RELATION_OWNER | RELATION_MAY_USE_KEY : 0;

    if (!permission_allows(&call->who, action, relations))
        return fail(err, ERR_DENIED, "this is for the owner of the request, and for admins");
    *ret = take(&row);
    return true;
}
