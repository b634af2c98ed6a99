/* api/job_result: see the header. */
#include "api/job_result.h"

#include "base/err.h"
#include "store/cert_list.h"

#define RESULT_MAX (16U << 20)
#define MEMBERS_MAX 32

/* The members of a result, and the records that are not to be seen in it. */
struct filtering {
    const struct json *result;
    const char *names[MEMBERS_MAX];
    size_t n_names;
    struct id_list hidden;
};

static void filtering_done(struct filtering *filtering)
{
    id_list_done(&filtering->hidden);
}
DEFINE_AUTODONE(filtering);

/* Which record an item is about: {"certificate": {"id": …}}, or {"id": …, "name": …}; else 0. */
static int64_t record_of(const struct json *item)
{
    const struct json *certificate = json_member(item, "certificate");

    if (certificate)
        return json_as_i64(json_member(certificate, "id"), 0);
    return json_member(item, "name") ? json_as_i64(json_member(item, "id"), 0) : 0;
}

static bool find_hidden(struct api_call *call, struct filtering *filtering, struct err *err)
{
    const struct store_viewer viewer = api_viewer(call);
    autodone(id_list) struct id_list ids = { 0 };

    for (size_t m = 0; m < filtering->n_names; m++) {
        const struct json *list = json_member(filtering->result, filtering->names[m]);

        for (size_t i = 0; i < json_list_size(list); i++) {
            int64_t id = record_of(json_list_item(list, i));

            if (id)
                id_list_add(&ids, id);
        }
    }
    return store_cert_ids_hidden(call->tx, &viewer, ids.items, ids.n, &filtering->hidden, err);
}

static void write_list(struct json_out *out, const char *name, const struct json *list,
    const struct id_list *hidden)
{
    json_begin_array(out, name);
    for (size_t i = 0; i < json_list_size(list); i++) {
        const struct json *item = json_list_item(list, i);

        if (!id_list_has(hidden, record_of(item)))
            json_value(out, NULL, item);
    }
    json_end(out);
}

bool job_result_write(struct api_call *call, const char *key, const char *result, struct err *err)
{
    autofree(json) struct json *parsed = NULL;
    autodone(filtering) struct filtering filtering = { 0 };
    struct json_problems ignored = { 0 };
    struct json_in in;

    if (!result || permission_sees_all(&call->who)) {
        json_raw(&call->reply, key, span_text(result));
        return true;
    }
    if (!json_parse_within(span_text(result), RESULT_MAX, JSON_MAX_DEPTH, &parsed, err))
        return err_wrap(err, "could not read the result of a job");
    json_in_init(&in, parsed, &ignored);
    filtering.result = parsed;
    filtering.n_names = json_in_names(&in, filtering.names, MEMBERS_MAX);
    if (!find_hidden(call, &filtering, err))
        return false;
    json_begin_object(&call->reply, key);
    for (size_t m = 0; m < filtering.n_names; m++) {
        const struct json *value = json_member(parsed, filtering.names[m]);

        if (json_list_size(value) > 0)
            write_list(&call->reply, filtering.names[m], value, &filtering.hidden);
        else
            json_value(&call->reply, filtering.names[m], value);
    }
    json_end(&call->reply);
    return true;
}
