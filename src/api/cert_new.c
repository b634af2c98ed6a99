/* api/cert_new: see the header. People's part is in cert_people.c. */
#include "api/cert_new.h"

#include <string.h>

#include "api/cert_fields.h"
#include "api/cert_json.h"
#include "base/alloc.h"
#include "base/err.h"
#include "core/window.h"
#include "net/host.h"
#include "store/business_group.h"
#include "store/cert.h"
#include "store/endpoint.h"

#define NAMES_MAX 1000
#define PLACES_MAX 1000

static bool is_tag(const char *tag)
{
    return tag[0] && !strpbrk(tag, ";, \t\r\n");
}

void cert_new_read_tags(struct json_in *in, struct buf *tags)
{
    size_t n = json_in_array_opt(in, "tags", TAGS_MAX);

    for (size_t i = 0; i < n; i++) {
        const char *tag = json_in_item_text(in, "tags", i, 1, TAG_MAX);

        if (!is_tag(tag))
            json_in_complain(in, "tags", "a tag has no blank, comma or semicolon: \"%s\"", tag);
        buf_add_text(tags, i ? ";" : "");
        for (const char *p = tag; *p; p++)
            buf_add_char(tags, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
    }
}

void cert_new_read_names(struct json_in *in, struct buf *names)
{
    struct json_out out;
    size_t n = json_in_array_opt(in, "required_names", NAMES_MAX);

    if (n == 0)
        return;
    json_out_init(&out, names);
    json_begin_array(&out, NULL);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_in_item_text(in, "required_names", i, 1, 253);
        bool is_wildcard = strncmp(name, "*.", 2) == 0;
        struct host host;
        struct err err = { 0 };

        if (!host_parse(span_text(is_wildcard ? name + 2 : name), &host, &err))
            json_in_complain(in, "required_names", "%s", err.msg);
        else if (is_wildcard)
            json_str(&out, NULL, name);
        else
            json_str(&out, NULL, host.text);
    }
    json_end(&out);
}

void cert_new_read_periods(struct json_in *in, struct buf *periods)
{
    const struct json *value = json_in_value(in, "notification_periods");
    struct window_periods ignored;
    struct err err = { 0 };

    if (!value)
        return;
    json_write(value, periods);
    if (!window_periods_from_json(buf_text(periods), &ignored, &err))
        json_in_complain(in, "notification_periods", "%s", err.msg);
}

static void complain_at(struct json_in *in, const char *field, const struct err *err)
{
    json_in_complain(in, field, "%s", err->msg);
}

/* One of "endpoints", or the whole body of POST …/endpoints. */
static void read_place(struct json_in *in, struct watch_place *place)
{
    const char *host = json_in_text(in, "host", 1, 300);
    int64_t port = json_in_i64_opt(in, "port", 1, 65535, 0);
    bool has_sni = json_in_has(in, "sni") && !json_in_is_null(in, "sni");
    const char *sni = json_in_text_opt(in, "sni", 0, 253, "");
    const char *protocol = json_in_text_opt(in, "protocol", 1, 16, NULL);
    const char *field;
    struct err err = { 0 };

    if (host[0] &&
        !watch_place_parse(host, port, has_sni ? sni : NULL, protocol, place, &field, &err))
        complain_at(in, field, &err);
}

static struct watch_place *read_places(struct json_in *in, size_t *ret_n)
{
    size_t n = json_in_array_opt(in, "endpoints", PLACES_MAX);
    struct watch_place *places = xcalloc(n, sizeof *places);

    for (size_t i = 0; i < n; i++) {
        struct json_in item;

        if (!json_in_item_object(in, "endpoints", i, &item))
            continue;
        read_place(&item, &places[i]);
        json_in_leave(&item);
    }
    *ret_n = n;
    return places;
}

bool cert_new_read_place(struct api_call *call, struct watch_place *ret, struct err *err)
{
    struct json_in in;

    api_body(call, &in);
    read_place(&in, ret);
    return json_in_end(&in, err);
}

/* Which of the places are known already; asked before they are attached. */
static bool note_known(struct api_call *call, const struct watch_place *places, size_t n,
    struct id_list *known, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        autofree(endpoint_row) struct endpoint_row *row = NULL;
        struct endpoint_key key;

        watch_place_key(&places[i], &key);
        if (!store_endpoint_find(call->tx, &key, &row, err))
            return false;
        if (row)
            id_list_add(known, row->id);
    }
    return true;
}

struct reading {
    struct buf tags;
    struct buf names;
    struct buf periods;
    struct watch_place *places;
    struct cert_people_edit people;
    struct cert_fields fields;
};

static void reading_done(struct reading *reading)
{
    buf_done(&reading->tags);
    buf_done(&reading->names);
    buf_done(&reading->periods);
    free(reading->places);
    cert_fields_done(&reading->fields);
}
DEFINE_AUTODONE(reading);

static bool read_record(struct api_call *call, struct json_in *in, struct reading *reading,
    struct watch_new *watch, struct err *err)
{
    watch->cert.name = json_in_text_opt(in, "name", 1, 200, NULL);
    watch->cert.description = json_in_text_opt(in, "description", 0, 10000, "");
    cert_new_read_tags(in, &reading->tags);
    cert_new_read_names(in, &reading->names);
    cert_new_read_periods(in, &reading->periods);
    reading->places = read_places(in, &watch->n_places);
    watch->places = reading->places;
    const char *group = json_in_text_opt(in, "business_group", 0, 200, "");

    if (!cert_fields_read(call, in, true, &reading->fields, err) ||
        !cert_new_read_people(call, in, NULL, &reading->people, err))
        return false;
    if (!watch->cert.name && watch->n_places == 0)
        json_in_complain(in, "name", "a record without endpoints needs a name");
    if (!json_in_end(in, err) ||
        !store_business_group_put(call->tx, group, &watch->cert.business_group_id, err))
        return false;
    if (!watch->cert.name)
        watch->cert.name =
            reading->places[0].sni[0] ? reading->places[0].sni : reading->places[0].host;
    watch->cert.tags = buf_text(&reading->tags);
    watch->cert.required_names = reading->names.size ? buf_text(&reading->names) : NULL;
    watch->cert.notify_periods = reading->periods.size ? buf_text(&reading->periods) : NULL;
    watch->cert.owner_id = reading->people.owner_id;
    watch->cert.assignee_id = reading->people.assignee_id;
    watch->cert.shares = reading->people.shares;
    watch->cert.n_shares = reading->people.n_shares;
    watch->account_id = call->who.account_id;
    return true;
}

bool cert_new_from_json(struct api_call *call, struct json_in *in, struct cert_made *ret,
    struct err *err)
{
    autodone(reading) struct reading reading = { .tags = BUF_INIT(65536),
        .names = BUF_INIT(JSON_MAX_BYTES),
        .periods = BUF_INIT(4096) };
    autodone(buf) struct buf after = BUF_INIT(JSON_MAX_BYTES);
    struct watch_new watch = { 0 };

    if (!read_record(call, in, &reading, &watch, err) ||
        !note_known(call, watch.places, watch.n_places, &ret->endpoints, err) ||
        !watch_add(call->tx, &watch, call->now, &ret->id, &ret->job, err) ||
        !cert_fields_write(call, ret->id, &reading.fields, err)) {
        id_list_done(&ret->endpoints);
        return false;
    }
    json_write(call->json, &after);
    return api_audit(call, "certificate.create", ret->id, watch.cert.name, NULL, buf_text(&after),
        err);
}

static bool write_records_of(struct api_call *call, const struct cert_made *made,
    int64_t endpoint_id, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autofree(endpoint_row) struct endpoint_row *endpoint = NULL;
    autodone(id_list) struct id_list records = { 0 };

    if (!store_endpoint_get(call->tx, &viewer, endpoint_id, &endpoint, err) ||
        !store_endpoint_records(call->tx, &viewer, endpoint_id, &records, err))
        return false;
    for (size_t i = 0; i < records.n; i++) {
        autofree(cert_row) struct cert_row *cert = NULL;

        if (records.items[i] == made->id)
            continue;
        if (!store_cert_get(call->tx, &viewer, records.items[i], &cert, err))
            return false;
        json_begin_object(&call->reply, NULL);
        json_i64(&call->reply, "id", cert->id);
        json_str(&call->reply, "name", cert->name);
        cert_json_endpoint_ref(&call->reply, "endpoint", endpoint);
        json_end(&call->reply);
    }
    return true;
}

bool cert_new_write_attachable(struct api_call *call, struct cert_made *made, struct err *err)
{
    bool works = true;

    json_begin_array(&call->reply, "attachable");
    for (size_t i = 0; works && i < made->endpoints.n; i++)
        works = write_records_of(call, made, made->endpoints.items[i], err);
    json_end(&call->reply);
    id_list_done(&made->endpoints);
    return works;
}
