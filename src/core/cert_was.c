/* core/cert_was: see the header. */
#include "core/cert_was.h"

#include "codec/json.h"
#include "codec/json_in.h"
#include "core/rows_cert.h"

/* Members of a record as the API has them; each is text, a list in a text, or JSON already. */
enum form { TEXT, TAGS, RAW };

struct was {
    const char *name;
    enum form form;
    const char *value; /* NULL: none */
};

#define N_WAS 9

static void look_up(const struct cert_row *cert, struct was list[static N_WAS])
{
    const struct was found[N_WAS] = {
        { "name", TEXT, cert->name },
        { "description", TEXT, cert->description },
        { "business_group", TEXT, cert->business_group },
        { "owner", TEXT, cert->owner },
        { "assignee", TEXT, cert->assignee },
        { "tags", TAGS, cert->tags },
        { "required_names", RAW, cert->required_names },
        { "notification_periods", RAW, cert->notify_periods },
        { "fields", RAW, cert->fields },
    };

    for (size_t i = 0; i < N_WAS; i++)
        list[i] = found[i];
}

static void write_one(const struct was *was, struct json_out *out)
{
    if (was->form == TEXT)
        json_str(out, was->name, was->value);
    else if (was->form == TAGS)
        json_split(out, was->name, was->value ? was->value : "", ';');
    else
        json_raw(out, was->name, span_text(was->value));
}

static void write_was(const struct cert_row *cert, const struct json *change, struct buf *out)
{
    struct was list[N_WAS];
    struct json_out json;
    size_t n = 0;

    look_up(cert, list);
    json_out_init(&json, out);
    for (size_t i = 0; i < N_WAS; i++) {
        if (change && !json_member(change, list[i].name))
            continue;
        if (n++ == 0)
            json_begin_object(&json, NULL);
        write_one(&list[i], &json);
    }
    if (n > 0)
        json_end(&json);
}

void cert_was(const struct cert_row *cert, const struct json *change, struct buf *out)
{
    write_was(cert, change, out);
}

void cert_was_all(const struct cert_row *cert, struct buf *out)
{
    write_was(cert, NULL, out);
}
