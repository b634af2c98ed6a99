/*
 * api/certs: records: the list, one of them, making, editing and deleting it.
 *
 * What a record consists of (endpoints, versions, access) is in cert_parts.c, what is done with it
 * in cert_actions.c.
 */
#include <string.h>

#include "api/cert_fields.h"
#include "api/cert_filter.h"
#include "api/cert_json.h"
#include "api/cert_new.h"
#include "api/page.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/err.h"
#include "core/cert_was.h"
#include "store/business_group.h"
#include "store/cert.h"
#include "store/cert_list.h"
#include "store/record_version.h"
#include "store/settings.h"
#include "store/version.h"
#include "x509/cert.h"

/* What expires soon is another thing by another rule; nothing else is. */
static bool find_rule(struct api_call *call, struct cert_page_request *request, struct err *err)
{
    const bool is_asked = request->filter->statuses || request->sort == CERT_BY_STATUS;

    return !is_asked || store_display_rule(call->tx, &request->rule, NULL, err);
}

static bool certs_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autodone(cert_page) struct cert_page page = { 0 };
    struct cert_filter_text text = { 0 };
    struct cert_filter filter = { 0 };
    struct cert_page_request request = { .filter = &filter,
        .wants_total = true,
        .wants_people = true,
        .now = call->now };
    const struct store_viewer viewer = api_viewer(call);

    cert_filter_from_query(query, &filter, &text);
    cert_filter_sort(query, &request);
    request.limit = page_limit(query);
    request.cursor = query_text(query, "cursor", 2048);
    if (!query_end(query, err) || !find_rule(call, &request, err) ||
        !store_cert_page(call->tx, &viewer, &request, &page, err))
        return false;
    cert_json_write_items(call, &page.rows, &page.people);
    page_end(call, page.next_cursor, page.total, page.is_estimate);
    return true;
}

static bool certs_get(struct api_call *call, struct err *err)
{
    return cert_json_write_by_id(call, call->path_id, err);
}

static bool certs_create(struct api_call *call, struct err *err)
{
    struct cert_made made = { 0 };
    struct json_in in;

    api_body(call, &in);
    if (!cert_new_from_json(call, &in, &made, err) || !cert_json_write_by_id(call, made.id, err))
        return false;
    json_i64_or_null(&call->reply, "job", made.job);
    if (!cert_new_write_attachable(call, &made, err))
        return false;
    call->status = 201;
    call->wakes_jobs = true;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/certificates/%" PRId64, made.id);
    return true;
}

/* For PATCH: what was not given stays NULL, what was given as null is "". */
static const char *edit_text(struct json_in *in, const char *name, size_t min, size_t max)
{
    return json_in_has(in, name) ? json_in_text_opt(in, name, min, max, "") : NULL;
}

struct edited {
    struct cert_edit edit;
    struct buf tags;
    struct buf required_names;
    struct buf periods;
    int64_t business_group_id;
};

static bool read_edit(struct api_call *call, struct json_in *in, struct edited *edited,
    struct err *err)
{
    struct cert_edit *edit = &edited->edit;

    edit->expected_row_version = call->if_match;
    edit->name = json_in_has(in, "name") ? json_in_text(in, "name", 1, 200) : NULL;
    edit->description = edit_text(in, "description", 0, 10000);
    if (json_in_has(in, "tags")) {
        cert_new_read_tags(in, &edited->tags);
        edit->tags = buf_text(&edited->tags);
    }
    if (json_in_has(in, "required_names")) {
        cert_new_read_names(in, &edited->required_names);
        edit->required_names = buf_text(&edited->required_names);
    }
    if (json_in_has(in, "notification_periods")) {
        cert_new_read_periods(in, &edited->periods);
        edit->notify_periods = buf_text(&edited->periods);
    }
    if (json_in_has(in, "business_group")) {
        const char *group = json_in_text_opt(in, "business_group", 0, 200, "");

        if (!store_business_group_put(call->tx, group, &edited->business_group_id, err))
            return false;
        edit->business_group_id = &edited->business_group_id;
    }
    return true;
}

static bool edit_record(struct api_call *call, struct json_in *in, const struct cert_row *before,
    struct err *err)
{
    struct edited edited = { .tags = BUF_INIT(65536),
        .required_names = BUF_INIT(65536),
        .periods = BUF_INIT(4096) };
    autodone(buf) struct buf was = BUF_INIT(JSON_MAX_BYTES);
    autodone(buf) struct buf after = BUF_INIT(JSON_MAX_BYTES);
    autodone(cert_fields) struct cert_fields fields = { 0 };
    struct cert_people_edit people = { 0 };
    bool works = read_edit(call, in, &edited, err) &&
                 cert_fields_read(call, in, false, &fields, err) &&
                 cert_new_read_people(call, in, before, &people, err) && json_in_end(in, err);

    if (works && !store_cert_edit(call->tx, before->id, &edited.edit, call->now, err))
        works = api_stale(call, err);
    works = works && cert_fields_write(call, before->id, &fields, err) &&
            cert_new_save_people(call, before->id, &people, err);
    if (works) {
        cert_was(before, call->json, &was);
        json_write(call->json, &after);
        works = api_audit(call, "certificate.edit", before->id, before->name,
            was.size ? buf_text(&was) : NULL, buf_text(&after), err);
    }
    buf_done(&edited.tags);
    buf_done(&edited.required_names);
    buf_done(&edited.periods);
    return works;
}

static bool certs_edit(struct api_call *call, struct err *err)
{
    autofree(cert_row) struct cert_row *before = NULL;
    struct json_in in;
    bool sees = false;

    api_body(call, &in);
    if (!cert_require(call, call->path_id, ACTION_EDIT, &before, err) ||
        !edit_record(call, &in, before, err) || !cert_sees(call, before->id, &sees, err))
        return false;
    if (sees)
        return cert_json_write_by_id(call, before->id, err);
    call->status = 204;
    return true;
}

static bool certs_delete(struct api_call *call, struct err *err)
{
    autodone(buf) struct buf was = BUF_INIT(JSON_MAX_BYTES);
    autofree(cert_row) struct cert_row *cert = NULL;

    if (!cert_require(call, call->path_id, ACTION_DELETE, &cert, err))
        return false;
    cert_was_all(cert, &was);
    if (!store_cert_delete(call->tx, cert->id, call->if_match, err))
        return api_stale(call, err);
    call->status = 204;
    return api_audit(call, "certificate.delete", cert->id, cert->name, buf_text(&was), NULL, err);
}

const struct api_route certificate_routes[] = {
    { "GET", "/certificates", ROLE_USER, API_READS, certs_list, 0 },
    { "POST", "/certificates", ROLE_USER, API_WRITES | API_IDEMPOTENT, certs_create, 0 },
    { "GET", "/certificates/{id}", ROLE_USER, API_READS | API_AT_ONCE, certs_get, 0 },
    { "PATCH", "/certificates/{id}", ROLE_USER, API_WRITES, certs_edit, 0 },
    { "DELETE", "/certificates/{id}", ROLE_USER, API_WRITES | API_BODY_NONE, certs_delete, 0 },
    { 0 },
};
