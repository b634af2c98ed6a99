/* cli: certdesk field list, add, edit, remove: fields of one's own on certificates. */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/verbs.h"

#define BODY_MAX 262144

struct field_options {
    const char *label;
    const char *type;
    const char *choices; /* separated by commas */
    const char *required;
    bool discards;
};

static const struct verb_option options[] = {
    { "label", required_argument, offsetof(struct field_options, label), NULL },
    { "type", required_argument, offsetof(struct field_options, type), NULL },
    { "choices", required_argument, offsetof(struct field_options, choices), NULL },
    { "required", required_argument, offsetof(struct field_options, required), NULL },
    { "discard", no_argument, offsetof(struct field_options, discards), NULL },
    { 0 },
};

static bool list(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "NAME", "name" }, { "TYPE", "type" },
        { "REQUIRED", "required" }, { "CERTIFICATES", "certificates" }, { "LABEL", "label" },
        { 0 } };

    return items_print(call->remote, "/custom-fields", columns, call->json, err);
}

static bool send(const struct verb_call *call, const char *method, const char *path,
    const char *name, struct err *err)
{
    const struct field_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(BODY_MAX);
    struct json_out out;
    bool is_required = false;

    if (o->required && !parse_bool(span_text(o->required), &is_required, err))
        return err_wrap(err, "--required");
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (name)
        json_str(&out, "name", name);
    if (o->label)
        json_str(&out, "label", o->label);
    if (o->type)
        json_str(&out, "type", o->type);
    if (o->choices)
        json_split(&out, "choices", o->choices, ',');
    if (o->required)
        json_bool(&out, "required", is_required);
    json_end(&out);
    return json_out_check(&out, err) && remote_do(call->remote, method, path, buf_text(&body), err);
}

static bool add(const struct verb_call *call, struct err *err)
{
    return send(call, "POST", "/custom-fields", call->words[0], err);
}

static bool edit(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/custom-fields/", call->words[0], "");

    return send(call, "PATCH", path, NULL, err);
}

static bool remove_field(const struct verb_call *call, struct err *err)
{
    const struct field_options *const o = call->asked;
    autofree(str) char *path =
        items_path("/custom-fields/", call->words[0], o->discards ? "?discard=true" : "");

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

static bool is_right(const struct verb_call *call)
{
    const struct field_options *const o = call->asked;

    return (!o->type || strcmp(call->verb, "add") == 0) &&
           (!o->discards || strcmp(call->verb, "remove") == 0);
}

int cli_field(int argc, char **argv)
{
    static const struct verb verbs[] = { { "list", 0, 0, list }, { "add", 1, 1, add },
        { "edit", 1, 1, edit }, { "remove", 1, 1, remove_field }, { 0 } };
    static const struct verbs word = {
        .usage =
            "usage: certdesk field list [-o table|json]\n"
            "       certdesk field add NAME [--label TEXT] [--type text|number|date|choice]\n"
            "                           [--choices A,B…] [--required yes|no]\n"
            "       certdesk field edit NAME [--label TEXT] [--choices A,B…] [--required yes|no]\n"
            "       certdesk field remove NAME [--discard]\n",
        .verbs = verbs,
        .options = options,
        .is_right = is_right
    };
    struct field_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}
