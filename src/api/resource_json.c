/* api/resource_json: see the header. */
#include "api/resource_json.h"

#include <string.h>

#include "api/page.h"
#include "base/alloc.h"
#include "base/err.h"
#include "monitor/add.h"
#include "store/resource.h"

#define ENDPOINTS_MAX 500
#define DEPLOYERS_MAX 200
#define ROUNDS_MAX 10
#define PROOF_SECONDS_MAX 3600

bool resource_may_deploy(struct api_call *call, const struct resource_row *row, bool *ret,
    struct err *err)
{
    bool is_named = false;

    *ret = false;
    if (!deploy_ops_find(row->type))
        return true;
    if (!store_resource_is_user(call->tx, row->id, call->who.account_id, &is_named, err))
        return false;
    *ret = permission_may_deploy(&call->who, is_named);
    return true;
}

bool resource_require_deploy(struct api_call *call, const struct resource_row *row, struct err *err)
{
    bool may = false;

    if (!resource_may_deploy(call, row, &may, err))
        return false;
    return may || fail(err, ERR_DENIED, "you may not deploy to the resource \"%s\"", row->name);
}

bool resource_settings(const struct resource_row *row, struct deploy_settings *ret, struct err *err)
{
    const struct deploy_ops *ops = deploy_ops_find(row->type);

    if (!ops)
        return fail(err, ERR_CONFLICT, "nothing is deployed to a resource of type \"%s\"",
            row->type);
    deploy_settings_init(ret, ops);
    return deploy_settings_parse(ret, row->settings, err);
}

static bool write_endpoints(struct api_call *call, const struct resource_row *row, struct err *err)
{
    autodone(resource_endpoint_rows) struct resource_endpoint_rows rows = { 0 };
    struct json_out *out = &call->reply;

    if (!store_resource_endpoints(call->tx, row->id, NULL, &rows, err))
        return false;
    json_begin_array(out, "endpoints");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(out, NULL);
        json_str(out, "host", rows.items[i].host);
        json_i64(out, "port", rows.items[i].port);
        json_str(out, "sni", rows.items[i].sni);
        json_str(out, "protocol", rows.items[i].protocol);
        json_str(out, "slot", rows.items[i].slot[0] ? rows.items[i].slot : NULL);
        json_end(out);
    }
    json_end(out);
    return true;
}

static void write_names(struct json_out *out, const char *key,
    const struct resource_user_rows *rows, bool groups)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < rows->n; i++)
        if ((rows->items[i].group_id != 0) == groups)
            json_str(out, NULL, rows->items[i].name);
    json_end(out);
}

static bool write_deployers(struct api_call *call, const struct resource_row *row, struct err *err)
{
    autodone(resource_user_rows) struct resource_user_rows rows = { 0 };

    if (!store_resource_users(call->tx, row->id, &rows, err))
        return false;
    json_begin_object(&call->reply, "deployers");
    write_names(&call->reply, "users", &rows, false);
    write_names(&call->reply, "groups", &rows, true);
    json_end(&call->reply);
    return true;
}

/* Paths and addresses of the host are nothing for everybody; the names of its places are. */
static bool write_inside(struct api_call *call, const struct resource_row *row, bool may_deploy,
    struct err *err)
{
    autodone(deploy_settings) struct deploy_settings settings = { 0 };
    struct json_out *out = &call->reply;
    bool is_deployed_to = deploy_ops_find(row->type) != NULL;

    if (is_deployed_to && !resource_settings(row, &settings, err))
        return false;
    json_begin_array(out, "places");
    for (size_t i = 0; i < settings.n_slots; i++)
        json_str(out, NULL, settings.slots[i].name);
    json_end(out);
    if (!is_deployed_to || (!may_deploy && !permission_sees_all(&call->who))) {
        static const char *const hidden[] = { "settings", "slots", "endpoints", "deployers",
            "proof" };

        for (size_t i = 0; i < countof(hidden); i++)
            json_put_null(out, hidden[i]);
        return true;
    }
    deploy_settings_write(&settings, out);
    json_begin_object(out, "proof");
    json_i64(out, "rounds", row->proof_rounds);
    json_i64(out, "timeout_seconds", row->proof_seconds);
    json_end(out);
    return write_endpoints(call, row, err) && write_deployers(call, row, err);
}

bool resource_json_write(struct api_call *call, const struct resource_row *row, struct err *err)
{
    struct json_out *out = &call->reply;
    bool may_deploy = false;

    if (!resource_may_deploy(call, row, &may_deploy, err))
        return false;
    json_i64(out, "id", row->id);
    json_str(out, "name", row->name);
    json_str(out, "type", row->type);
    json_str(out, "description", row->description);
    json_i64(out, "associations", row->n_associations);
    if (!write_inside(call, row, may_deploy, err))
        return false;
    json_begin_array(out, "may");
    if (permission_has_role(&call->who, ROLE_ADMIN, true))
        json_str(out, NULL, "edit");
    if (may_deploy)
        json_str(out, NULL, "deploy");
    json_end(out);
    json_time(out, "created_at", row->created_at);
    page_write_etag(out, row->row_version);
    return true;
}

static void read_endpoint(struct json_in *in, const struct deploy_settings *settings,
    struct resource_endpoint_row *ret)
{
    const char *host = json_in_text(in, "host", 1, 300);
    int64_t port = json_in_i64_opt(in, "port", 1, 65535, 0);
    const char *sni = json_in_text_opt(in, "sni", 0, 253, NULL);
    const char *protocol = json_in_text_opt(in, "protocol", 1, 20, NULL);
    const char *slot = json_in_text_opt(in, "slot", 0, DEPLOY_SLOT_NAME_MAX, "");
    struct watch_place place = { .protocol = "" };
    const char *field = "host";
    struct err problem = { 0 };

    if (host[0] && !watch_place_parse(host, port, sni, protocol, &place, &field, &problem))
        json_in_complain(in, field, "%s", problem.msg);
    if (slot[0] && deploy_settings_slot(settings, slot) == SIZE_MAX)
        json_in_complain(in, "slot", "there is no slot \"%s\"", slot);
    ret->slot = xstrdup(slot);
    ret->host = xstrdup(place.host);
    ret->port = place.port;
    ret->sni = xstrdup(place.sni);
    ret->protocol = xstrdup(place.protocol);
}

static void read_endpoints(struct json_in *in, struct resource_edit *edit)
{
    size_t n = json_in_array(in, "endpoints", ENDPOINTS_MAX);

    resource_endpoint_rows_done(&edit->endpoints);
    for (size_t i = 0; i < n; i++) {
        struct json_in item;

        if (!json_in_item_object(in, "endpoints", i, &item))
            continue;
        read_endpoint(&item, &edit->settings, resource_endpoint_rows_add(&edit->endpoints));
        json_in_leave(&item);
    }
}

/* What nobody can see is not proved: each slot is served somewhere. */
static void check_endpoints_of_slots(struct json_in *in, const struct resource_edit *edit)
{
    for (size_t s = 0; s < edit->settings.n_slots; s++) {
        const char *name = edit->settings.slots[s].name;
        bool is_proved = false;

        for (size_t i = 0; i < edit->endpoints.n; i++)
            is_proved |= !edit->endpoints.items[i].slot[0] ||
                         strcmp(edit->endpoints.items[i].slot, name) == 0;
        if (!is_proved)
            json_in_complain(in, "endpoints",
                "none shows what is served from the slot \"%s\": name at least one", name);
    }
    for (size_t i = 0; i < edit->endpoints.n; i++)
        if (edit->endpoints.items[i].slot[0] &&
            deploy_settings_slot(&edit->settings, edit->endpoints.items[i].slot) == SIZE_MAX)
            json_in_complain(in, "endpoints", "there is no slot \"%s\"",
                edit->endpoints.items[i].slot);
}

static void add_deployer(void *arg, int64_t account_id, int64_t group_id)
{
    struct resource_user_row *user = resource_user_rows_add(arg);

    user->account_id = account_id;
    user->group_id = group_id;
}

static bool read_deployers(struct api_call *call, struct json_in *in, struct resource_edit *edit,
    struct err *err)
{
    struct json_in own;

    if (!json_in_object_opt(in, "deployers", &own))
        return true;
    resource_user_rows_done(&edit->users);
    bool ok =
        api_each_name(call, &own, "deployers", DEPLOYERS_MAX, add_deployer, &edit->users, err);

    json_in_leave(&own);
    return ok;
}

static void read_proof(struct json_in *in, struct resource_row *row)
{
    struct json_in own;

    if (!json_in_object_opt(in, "proof", &own))
        return;
    row->proof_rounds = json_in_i64_opt(&own, "rounds", 1, ROUNDS_MAX, row->proof_rounds);
    row->proof_seconds =
        json_in_i64_opt(&own, "timeout_seconds", 1, PROOF_SECONDS_MAX, row->proof_seconds);
    json_in_leave(&own);
}

/* A place that a certificate is in cannot go. */
static bool check_places(struct api_call *call, struct json_in *in, const struct resource_row *row,
    const struct resource_edit *edit, struct err *err)
{
    const struct store_viewer everybody = { .sees_all = true };
    autodone(association_rows) struct association_rows rows = { 0 };

    if (row->id && !store_associations(call->tx, &everybody, row->id, 0, &rows, err))
        return false;
    for (size_t i = 0; i < rows.n; i++)
        if (deploy_settings_slot(&edit->settings, rows.items[i].slot) == SIZE_MAX)
            json_in_complain(in, "slots", "a certificate is in the place \"%s\"",
                rows.items[i].slot);
    return true;
}

static bool read_inside(struct api_call *call, struct json_in *in, struct resource_row *row,
    struct resource_edit *edit, struct err *err)
{
    const struct deploy_ops *ops = deploy_ops_find(row->type);
    struct json_out out;

    if (!ops)
        return true;
    if (row->id && (!resource_settings(row, &edit->settings, err) ||
                       !store_resource_endpoints(call->tx, row->id, NULL, &edit->endpoints, err) ||
                       !store_resource_users(call->tx, row->id, &edit->users, err)))
        return false;
    if (!row->id)
        deploy_settings_init(&edit->settings, ops);
    size_t before = call->problems->n;

    deploy_settings_read(&edit->settings, in);
    if (json_in_has(in, "endpoints"))
        read_endpoints(in, edit);
    read_proof(in, row);
    if (!read_deployers(call, in, edit, err) || !check_places(call, in, row, edit, err))
        return false;
    if (call->problems->n == before) {
        ops->check(call->services->deploy, &edit->settings, call->problems);
        check_endpoints_of_slots(in, edit);
    }
    edit->text.max = DEPLOY_JSON_MAX;
    json_out_init(&out, &edit->text);
    json_begin_object(&out, NULL);
    deploy_settings_write(&edit->settings, &out);
    json_end(&out);
    if (!buf_ok(&edit->text))
        json_in_complain(in, "slots", "larger than %u bytes in all", DEPLOY_JSON_MAX);
    return true;
}

void resource_edit_done(struct resource_edit *edit)
{
    deploy_settings_done(&edit->settings);
    resource_endpoint_rows_done(&edit->endpoints);
    resource_user_rows_done(&edit->users);
    buf_done(&edit->text);
}

static const char *read_type(struct json_in *in)
{
    const char *type = json_in_text_opt(in, "type", 1, 40, RESOURCE_MANUAL);

    if (strcmp(type, RESOURCE_MANUAL) != 0 && !deploy_ops_find(type)) {
        json_in_complain(in, "type", "there is no type \"%s\"", type);
        return RESOURCE_MANUAL;
    }
    return type;
}

bool resource_json_read(struct api_call *call, struct resource_row *row, struct resource_edit *edit,
    struct err *err)
{
    struct json_in in;

    api_body(call, &in);
    str_set(&row->name, row->id ? json_in_text_opt(&in, "name", 1, 200, row->name)
                                : json_in_text(&in, "name", 1, 200));
    str_set(&row->description,
        json_in_text_opt(&in, "description", 0, 2000, row->id ? row->description : ""));
    if (!row->id) {
        str_set(&row->type, read_type(&in));
        str_set(&row->settings, "{}");
        row->proof_rounds = 2;
        row->proof_seconds = 300;
    }
    if (!read_inside(call, &in, row, edit, err) || !json_in_end(&in, err))
        return false;
    if (edit->text.size)
        str_set(&row->settings, buf_text(&edit->text));
    return true;
}
