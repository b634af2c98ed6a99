/*
 * cli/cert_import: see the header.
 *
 * A password is asked for only when the server has said that one is needed: most files are opened
 * without, or it came in a file.
 */
#include "cli/cert_import.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/rand.h"
#include "cli/ask.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "codec/hex.h"

#define FILE_MAX_BYTES (4u << 20)
#define BODY_MAX_BYTES (16u << 20)

struct import_options {
    const char *key;
    const char *chain;
    const char *password_file;
    const char *key_password_file;
    /* Of a new record: what is separated by commas is sent as a field each. */
    const char *name;
    const char *description;
    const char *business_group;
    const char *owner;
    const char *assignee;
    const char *tags;
    const char *share_users;
    const char *share_groups;
    bool confirm;
};

static const struct verb_option options[] = {
    { "key", required_argument, offsetof(struct import_options, key), NULL },
    { "chain", required_argument, offsetof(struct import_options, chain), NULL },
    { "password-file", required_argument, offsetof(struct import_options, password_file), NULL },
    { "key-password-file", required_argument, offsetof(struct import_options, key_password_file),
        NULL },
    { "name", required_argument, offsetof(struct import_options, name), NULL },
    { "description", required_argument, offsetof(struct import_options, description), NULL },
    { "business-group", required_argument, offsetof(struct import_options, business_group), NULL },
    { "owner", required_argument, offsetof(struct import_options, owner), NULL },
    { "assignee", required_argument, offsetof(struct import_options, assignee), NULL },
    { "tags", required_argument, offsetof(struct import_options, tags), NULL },
    { "share-users", required_argument, offsetof(struct import_options, share_users), NULL },
    { "share-groups", required_argument, offsetof(struct import_options, share_groups), NULL },
    { "confirm", no_argument, offsetof(struct import_options, confirm), NULL },
    { 0 },
};

/* What is sent, and with which passwords. */
struct upload {
    const struct verb_call *call;
    const struct import_options *o;
    struct buf password;
    struct buf key_password;
};

static void upload_done(struct upload *upload)
{
    buf_done(&upload->password);
    buf_done(&upload->key_password);
}
DEFINE_AUTODONE(upload);

static bool is_verb(const struct verb_call *call, const char *verb)
{
    return strcmp(call->verb, verb) == 0;
}

/* ---- the form ---- */

static void add_part(struct buf *body, const char *boundary, const char *name, bool is_file,
    struct span content)
{
    buf_addf(body, "--%s\r\nContent-Disposition: form-data; name=\"%s\"%s\r\n\r\n", boundary, name,
        is_file ? "; filename=\"upload\"" : "");
    buf_add_span(body, content);
    buf_add_text(body, "\r\n");
}

static bool add_file(struct buf *body, const char *boundary, const char *name, const char *path,
    struct err *err)
{
    autodone(buf) struct buf content = BUF_INIT_SECRET(FILE_MAX_BYTES);

    if (!path)
        return true;
    if (!fs_read(path, &content, err))
        return err_wrap(err, "could not read \"%s\"", path);
    add_part(body, boundary, name, true, buf_span(&content));
    return true;
}

static void add_list(struct buf *body, const char *boundary, const char *name, const char *list)
{
    struct span rest = list ? span_text(list) : (struct span){ 0 };
    struct span one;

    while (span_split(&rest, ',', &one))
        add_part(body, boundary, name, false, span_trim(one));
}

static void add_fields(struct buf *body, const char *boundary, const struct import_options *o)
{
    const char *const texts[][2] = { { "name", o->name }, { "description", o->description },
        { "business_group", o->business_group }, { "owner", o->owner },
        { "assignee", o->assignee } };

    for (size_t i = 0; i < countof(texts); i++)
        if (texts[i][1])
            add_part(body, boundary, texts[i][0], false, span_text(texts[i][1]));
    add_list(body, boundary, "tags", o->tags);
    add_list(body, boundary, "share_users", o->share_users);
    add_list(body, boundary, "share_groups", o->share_groups);
    if (o->confirm)
        add_part(body, boundary, "confirm", false, SPAN_LITERAL("true"));
}

static char *path_of(const struct verb_call *call)
{
    if (is_verb(call, "use"))
        return xasprintf("/csrs/%s/certificate", call->words[0]);
    return is_verb(call, "replace") ? xasprintf("/certificates/%s/replace", call->words[0])
                                    : xstrdup("/certificates/import");
}

static bool send_form(const struct upload *upload, struct json **ret, struct err *err)
{
    const struct verb_call *const call = upload->call;
    autodone(buf) struct buf body = BUF_INIT_SECRET(BODY_MAX_BYTES);
    autofree(str) char *path = path_of(call);
    uint8_t bytes[16];
    char boundary[2 * sizeof bytes + 1];

    rand_bytes(bytes, sizeof bytes);
    (void)hex_encode(span_of(bytes, sizeof bytes), boundary, sizeof boundary);
    autofree(str) char *type = xasprintf("multipart/form-data; boundary=%s", boundary);

    if (!add_file(&body, boundary, "file", call->words[call->n_words - 1], err) ||
        !add_file(&body, boundary, "key", upload->o->key, err) ||
        !add_file(&body, boundary, "chain", upload->o->chain, err))
        return false;
    add_fields(&body, boundary, upload->o);
    if (upload->password.size > 0)
        add_part(&body, boundary, "password", false, buf_span(&upload->password));
    if (upload->key_password.size > 0)
        add_part(&body, boundary, "key_password", false, buf_span(&upload->key_password));
    buf_addf(&body, "--%s--\r\n", boundary);
    return buf_check(&body, "what is to be sent", err) &&
           remote_send(call->remote, "POST", path, type, buf_span(&body), ret, err);
}

/* ---- passwords ---- */

static bool read_passwords(struct upload *upload, struct err *err)
{
    const struct import_options *const o = upload->o;

    return (!o->password_file || ask_file(o->password_file, &upload->password, err)) &&
           (!o->key_password_file || ask_file(o->key_password_file, &upload->key_password, err));
}

/* The server says that there must be one, and somebody can be asked. */
static bool ask_for_password(struct upload *upload, const struct err *why)
{
    struct err err = { 0 };

    if (!strstr(why->msg, "password: a password is needed") || upload->password.size > 0 ||
        !ask_can())
        return false;
    return ask_line("password", true, &upload->password, &err) && upload->password.size > 0;
}

static bool bring(struct upload *upload, struct json **ret, struct err *err)
{
    if (send_form(upload, ret, err))
        return true;
    if (!ask_for_password(upload, err))
        return false;
    *err = (struct err){ 0 };
    return send_form(upload, ret, err);
}

/* ---- the answer ---- */

static void show_list(const struct json *answer, const char *member, const char *text)
{
    const struct json *list = json_member(answer, member);

    for (size_t i = 0; i < json_list_size(list); i++) {
        autofree(str) char *message = output_text(json_list_item(list, i), text);

        output_pair(strcmp(member, "also") == 0 ? "also" : "warning", message);
    }
}

static void show_answer(const struct verb_call *call, const struct json *answer)
{
    const struct json *current = json_member(answer, "current");
    autofree(str) char *id = output_text(answer, "id");
    autofree(str) char *name = output_text(answer, "name");
    autofree(str) char *ends = output_text(current, "not_after");
    autofree(str) char *key = output_text(answer, "has_private_key");
    autofree(str) char *duplicate = output_text(answer, "duplicate");

    output_pair("certificate", id);
    output_pair("name", name);
    output_pair("ends", ends);
    output_pair("private key", strcmp(key, "true") == 0 ? "in the vault" : "not here");
    if (strcmp(duplicate, "true") == 0)
        output_pair("note", is_verb(call, "replace") ? "the record had this certificate already"
                                                     : "this record had the certificate already");
    show_list(answer, "warnings", "message");
    show_list(answer, "also", "name");
}

static bool run(const struct verb_call *call, struct err *err)
{
    autodone(upload) struct upload upload = { .call = call,
        .o = call->asked,
        .password = BUF_INIT_SECRET(ASK_LINE_MAX),
        .key_password = BUF_INIT_SECRET(ASK_LINE_MAX) };
    autofree(json) struct json *answer = NULL;
    int64_t id;

    if (call->n_words == 2 && !parse_i64(span_text(call->words[0]), 1, INT64_MAX, &id, err))
        return fail(err, ERR_INVALID, "\"%s\" is no %s's id", call->words[0],
            is_verb(call, "use") ? "request" : "certificate");
    if (!read_passwords(&upload, err) || !bring(&upload, &answer, err))
        return false;
    if (call->json)
        output_json(answer);
    else
        show_answer(call, answer);
    return true;
}

/* Of a record that is there already, nothing but the certificate is replaced. */
static bool is_right(const struct verb_call *call)
{
    const struct import_options *const o = call->asked;

    if (!is_verb(call, "replace"))
        return !o->confirm;
    return !(o->name || o->description || o->business_group || o->owner || o->assignee || o->tags ||
             o->share_users || o->share_groups);
}

static int run_verb(const char *usage, const struct verb *verb, int argc, char **argv)
{
    const struct verbs word = { .usage = usage,
        .verbs = verb,
        .options = options,
        .is_right = is_right };
    struct import_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}

int cert_import_run(int argc, char **argv)
{
    static const struct verb verb[] = { { "import", 1, 1, run }, { 0 } };

    return run_verb("usage: " CERT_IMPORT_USAGE "\n", verb, argc, argv);
}

int cert_replace_run(int argc, char **argv)
{
    static const struct verb verb[] = { { "replace", 2, 2, run }, { 0 } };

    return run_verb("usage: " CERT_REPLACE_USAGE "\n", verb, argc, argv);
}

int csr_use_run(int argc, char **argv)
{
    static const struct verb verb[] = { { "use", 2, 2, run }, { 0 } };

    return run_verb("usage: " CSR_USE_USAGE "\n", verb, argc, argv);
}
