/*
 * api/resources: what serves certificates. Everybody may know which there are; of what is on them,
 * each sees the records that they may see. What is on one is in associations.c, what is brought
 * there in deployments.c.
 */
#include <string.h>

#include "api/page.h"
#include "api/resource_json.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/hex.h"
#include "db/db.h"
#include "store/resource.h"

static bool resources_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    autodone(resource_rows) struct resource_rows rows = { 0 };
    const struct store_viewer viewer = api_viewer(call);
    int64_t limit = page_limit(query);
    struct resource_page_request request = { .q = query_text(query, "q", 200),
        .after = query_text(query, "cursor", 800),
        .limit = limit + 1 };

    if (!query_end(query, err) || !store_resources(call->tx, &viewer, &request, &rows, err))
        return false;
    bool has_more = rows.n > (size_t)limit;

    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n - has_more; i++) {
        json_begin_object(&call->reply, NULL);
        if (!resource_json_write(call, &rows.items[i], err))
            return false;
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end(call, has_more ? rows.items[limit - 1].name : NULL, (int64_t)rows.n,
        has_more || request.after);
    return true;
}

static bool find(struct api_call *call, struct resource_row **ret, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);

    return store_resource_get(call->tx, &viewer, call->path_id, ret, err);
}

static bool answer_with(struct api_call *call, int64_t id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(resource_row) struct resource_row *row = NULL;

    if (!store_resource_get(call->tx, &viewer, id, &row, err))
        return false;
    call->etag = row->row_version;
    return resource_json_write(call, row, err);
}

static bool resources_get(struct api_call *call, struct err *err)
{
    return answer_with(call, call->path_id, err);
}

/* What stands in tables of their own. A manual one has none of it. */
static bool save_rest(struct api_call *call, int64_t id, const struct resource_row *row,
    const struct resource_edit *edit, struct err *err)
{
    return !deploy_ops_find(row->type) ||
           (store_resource_set_endpoints(call->tx, id, &edit->endpoints, err) &&
               store_resource_set_users(call->tx, id, &edit->users, err));
}

/* For the log: what it is, and where it leads. */
static bool audit(struct api_call *call, const char *action, const struct resource_row *row,
    const struct resource_edit *edit, const char *before, struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(DEPLOY_JSON_MAX + 4096);
    struct json_out out;

    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    json_str(&out, "name", row->name);
    json_str(&out, "type", row->type);
    json_str(&out, "description", row->description);
    if (edit && edit->settings.ops)
        deploy_settings_write(&edit->settings, &out);
    json_end(&out);
    return json_out_check(&out, err) &&
           api_audit(call, action, row->id, row->name, before, buf_text(&after), err);
}

static bool resources_create(struct api_call *call, struct err *err)
{
    autofree(resource_row) struct resource_row *row = xcalloc(1, sizeof *row);
    autodone(resource_edit) struct resource_edit edit = { 0 };
    int64_t id;

    if (!resource_json_read(call, row, &edit, err) ||
        !store_resource_add(call->tx, row, call->now, &id, err) ||
        !save_rest(call, id, row, &edit, err))
        return false;
    row->id = id;
    call->status = 201;
    (void)snprintf(call->location, sizeof call->location, "/api/v1/resources/%" PRId64, id);
    return audit(call, "resource.create", row, &edit, NULL, err) && answer_with(call, id, err);
}

static bool resources_edit(struct api_call *call, struct err *err)
{
    autofree(resource_row) struct resource_row *row = NULL;
    autodone(resource_edit) struct resource_edit edit = { 0 };
    autofree(str) char *before = NULL;

    if (!find(call, &row, err) || !page_check_match(call, row->row_version, "resource", err))
        return false;
    before = xstrdup(row->name);
    if (!resource_json_read(call, row, &edit, err))
        return false;
    if (!store_resource_save(call->tx, row, err))
        return api_stale(call, err);
    return save_rest(call, row->id, row, &edit, err) &&
           audit(call, "resource.edit", row, &edit, before, err) && answer_with(call, row->id, err);
}

static bool resources_delete(struct api_call *call, struct err *err)
{
    autofree(resource_row) struct resource_row *row = NULL;

    call->status = 204;
    return find(call, &row, err) && page_check_match(call, row->row_version, "resource", err) &&
           store_resource_delete(call->tx, row->id, err) &&
           api_audit(call, "resource.delete", row->id, row->name, row->description, NULL, err);
}

/* What is needed of the database, before anything is connected to. */
static bool load_test(struct api_call *call, struct deploy_settings *settings, struct err *err)
{
    autofree(resource_row) struct resource_row *row = NULL;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(call->db, TX_WRITE, &tx, err))
        return false;
    call->tx = tx;
    bool ok = find(call, &row, err) && resource_settings(row, settings, err) &&
              resource_require_deploy(call, row, err) &&
              api_audit(call, "resource.test", row->id, row->name, NULL, NULL, err);

    call->tx = NULL;
    return ok && tx_commit(take(&tx), err);
}

static bool write_slots(struct json_out *out, struct deploy_target *target, struct err *err)
{
    const struct deploy_settings *settings = target->settings;

    json_begin_array(out, "slots");
    for (size_t i = 0; i < settings->n_slots; i++) {
        struct deploy_current now;
        struct err problem = { 0 };
        bool ok = target->ops->current(target, i, &now, &problem);

        if (!ok && problem.kind == ERR_INTERNAL) {
            *err = problem;
            return false;
        }
        json_begin_object(out, NULL);
        json_str(out, "slot", settings->slots[i].name);
        json_bool(out, "ok", ok);
        json_str(out, "serves", ok && now.is_there ? now.name : NULL);
        json_str(out, "serial", ok && now.serial[0] ? now.serial : NULL);
        if (ok && now.has_sha1)
            json_hex(out, "fingerprint_sha1", span_of(now.sha1, sizeof now.sha1));
        else
            json_put_null(out, "fingerprint_sha1");
        json_str(out, "error", ok ? NULL : problem.msg);
        json_end(out);
    }
    json_end(out);
    return true;
}

static bool write_test(struct api_call *call, struct deploy_target *target, struct err *err)
{
    autodone(deploy_inspection) struct deploy_inspection seen = { 0 };
    struct json_out *out = &call->reply;
    struct err problem = { 0 };
    int64_t began_ms = clock_mono_ms();
    bool ok = target->ops->inspect(target, &seen, &problem);

    json_bool(out, "ok", ok);
    json_str(out, "detail", ok ? "" : problem.msg);
    json_str(out, "version", ok && seen.version[0] ? seen.version : NULL);
    json_begin_array(out, "found");
    for (size_t i = 0; i < seen.n_found; i++) {
        json_begin_object(out, NULL);
        json_str(out, "name", seen.found[i].name);
        json_bool(out, "is_slot", seen.found[i].is_slot);
        json_end(out);
    }
    json_end(out);
    json_bool(out, "is_cut", seen.is_cut);
    if (!ok) {
        json_begin_array(out, "slots");
        json_end(out);
    } else if (!write_slots(out, target, err)) {
        return false;
    }
    json_i64(out, "took_ms", clock_mono_ms() - began_ms);
    return true;
}

static bool resources_test(struct api_call *call, struct err *err)
{
    autodone(deploy_settings) struct deploy_settings settings = { 0 };
    autofree(deploy_target) struct deploy_target *target = NULL;

    return load_test(call, &settings, err) &&
           settings.ops->open(call->services->deploy, &settings, &target, err) &&
           write_test(call, target, err);
}

const struct api_route resource_routes[] = {
    { "GET", "/resources", ROLE_USER, API_READS, resources_list, 0 },
    { "POST", "/resources", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, resources_create, 0 },
    { "GET", "/resources/{id}", ROLE_USER, API_READS, resources_get, 0 },
    { "PATCH", "/resources/{id}", ROLE_ADMIN, API_WRITES, resources_edit, 0 },
    { "DELETE", "/resources/{id}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, resources_delete, 0 },
    { "POST", "/resources/{id}/test", ROLE_USER, API_WRITES | API_NO_TX | API_BODY_NONE,
        resources_test, 0 },
    { 0 },
};
