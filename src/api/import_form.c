/* api/import_form: see the header. */
#include "api/import_form.h"

#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "codec/json_in.h"

#define FIELDS_MAX_BYTES (256u << 10)

enum field_kind { FIELD_FILE, FIELD_PASSWORD, FIELD_TEXT, FIELD_LIST, FIELD_JSON, FIELD_FLAG };

static const struct {
    const char *name;
    enum field_kind kind;
    bool is_for[3]; /* by enum import_form_kind */
} fields[] = {
    { "file", FIELD_FILE, { true, true, true } },
    { "key", FIELD_FILE, { true, true, false } },
    { "chain", FIELD_FILE, { true, true, true } },
    { "password", FIELD_PASSWORD, { true, true, false } },
    { "key_password", FIELD_PASSWORD, { true, true, false } },
    { "name", FIELD_TEXT, { true, false, true } },
    { "description", FIELD_TEXT, { true, false, true } },
    { "business_group", FIELD_TEXT, { true, false, true } },
    { "owner", FIELD_TEXT, { true, false, true } },
    { "assignee", FIELD_TEXT, { true, false, true } },
    { "tags", FIELD_LIST, { true, false, true } },
    { "share_users", FIELD_LIST, { true, false, true } },
    { "share_groups", FIELD_LIST, { true, false, true } },
    { "share", FIELD_JSON, { true, false, true } },
    { "confirm", FIELD_FLAG, { false, true, false } },
};

static size_t find_field(const char *name)
{
    size_t i = 0;

    while (i < countof(fields) && strcmp(fields[i].name, name) != 0)
        i++;
    return i;
}

static const struct multipart_part *first(const struct import_form *form, const char *name)
{
    size_t position = 0;

    return multipart_next(&form->parts, name, &position);
}

static struct span content_of(const struct import_form *form, const char *name)
{
    const struct multipart_part *part = first(form, name);

    return part ? part->content : SPAN_EMPTY;
}

static void check_part(struct api_call *call, const struct import_form *form, size_t i,
    enum import_form_kind kind)
{
    const struct multipart_part *part = &form->parts.parts[i];
    size_t field = find_field(part->name);

    if (field == countof(fields) || !fields[field].is_for[kind])
        json_problems_add(call->problems, part->name, "there is no such field");
    else if (fields[field].kind != FIELD_LIST && first(form, part->name) != part)
        json_problems_add(call->problems, part->name, "it is given twice");
    else if (fields[field].kind != FIELD_FILE && part->content.size > 0 &&
             !parse_is_utf8(part->content))
        json_problems_add(call->problems, part->name, "it is not UTF-8");
    else if (fields[field].kind == FIELD_PASSWORD && part->content.size > IMPORT_PASSWORD_MAX)
        json_problems_addf(call->problems, part->name, "it is longer than %d bytes",
            IMPORT_PASSWORD_MAX);
}

/* "a", "b;c" to a, b and c. */
static void write_list(struct json_out *out, const struct import_form *form, const char *field,
    const char *key)
{
    const struct multipart_part *part;
    size_t position = 0;

    json_begin_array(out, key);
    while ((part = multipart_next(&form->parts, field, &position))) {
        struct span rest = part->content, one;

        while (span_split(&rest, ';', &one))
            if (span_trim(one).size > 0)
                json_str_span(out, NULL, span_trim(one));
    }
    json_end(out);
}

/* Either two lists of names, or what POST /certificates takes. */
static void write_share(struct api_call *call, struct json_out *out, const struct import_form *form)
{
    struct span text = content_of(form, "share");
    struct json *share = NULL;
    struct err err = { 0 };

    if (text.size > 0) {
        if (json_parse(text, &share, &err))
            json_value(out, "share", share);
        else
            json_problems_add(call->problems, "share", err.msg);
        json_free(share);
        return;
    }
    if (!first(form, "share_users") && !first(form, "share_groups"))
        return;
    json_begin_object(out, "share");
    write_list(out, form, "share_users", "users");
    write_list(out, form, "share_groups", "groups");
    json_end(out);
}

static void read_flag(struct api_call *call, struct import_form *form)
{
    struct span text = content_of(form, "confirm");
    struct err err = { 0 };

    if (text.size > 0 && !parse_bool(text, &form->confirm, &err))
        json_problems_add(call->problems, "confirm", err.msg);
}

/* The texts, as JSON: so that they are checked, and complained of, as everywhere else. */
static bool read_fields(struct api_call *call, struct import_form *form, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT(FIELDS_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    for (size_t i = 0; i < countof(fields); i++) {
        struct span content = content_of(form, fields[i].name);

        if (fields[i].kind == FIELD_TEXT && content.size > 0)
            json_str_span(&out, fields[i].name, content);
    }
    if (first(form, "tags"))
        write_list(&out, form, "tags", "tags");
    write_share(call, &out, form);
    json_end(&out);
    return json_out_check(&out, err) && json_parse(buf_span(&text), &form->fields, err);
}

static void read_files(struct api_call *call, struct import_form *form)
{
    form->upload.parts[IMPORT_FILE] = content_of(form, "file");
    form->upload.parts[IMPORT_KEY] = content_of(form, "key");
    form->upload.parts[IMPORT_CHAIN] = content_of(form, "chain");
    form->upload.password = content_of(form, "password");
    form->upload.key_password = content_of(form, "key_password");
    if (form->upload.parts[IMPORT_FILE].size == 0)
        json_problems_add(call->problems, "file",
            first(form, "file") ? "it is empty" : "it is missing");
}

static bool complain(const struct api_call *call, struct err *err)
{
    if (call->problems->n == 0)
        return true;
    return fail(err, ERR_INVALID, "%s: %s", call->problems->items[0].field,
        call->problems->items[0].message);
}

/* {certificate, chain, …}: the texts are PEM, and go where the files of a form do. */
static bool read_json(struct api_call *call, struct import_form *form, struct err *err)
{
    if (!json_parse(call->body, &form->fields, err))
        return false;
    const char *cert = json_as_text(json_member(form->fields, "certificate"));
    const char *chain = json_as_text(json_member(form->fields, "chain"));

    if (!cert || !cert[0])
        json_problems_add(call->problems, "certificate", "it is missing");
    form->upload.parts[IMPORT_FILE] = span_text(cert);
    form->upload.parts[IMPORT_CHAIN] = span_text(chain);
    return complain(call, err);
}

bool import_form_read(struct api_call *call, enum import_form_kind kind, struct import_form *ret,
    struct err *err)
{
    char boundary[MULTIPART_BOUNDARY_MAX + 1];

    if (kind == IMPORT_FORM_CSR && call->content_type &&
        span_starts_with(span_text(call->content_type), "application/json"))
        return read_json(call, ret, err);
    if (!multipart_boundary(call->content_type ? call->content_type : "", boundary, err)) {
        call->status = 415;
        return false;
    }
    if (!multipart_parse(call->body, boundary, &ret->parts, err))
        return false;
    for (size_t i = 0; i < ret->parts.n_parts; i++)
        check_part(call, ret, i, kind);
    read_files(call, ret);
    read_flag(call, ret);
    return complain(call, err) && read_fields(call, ret, err) && complain(call, err);
}

void import_form_done(struct import_form *form)
{
    multipart_done(&form->parts);
    json_free(form->fields);
    form->fields = NULL;
}
