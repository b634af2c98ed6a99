/*
 * cli/cert_import: see the header.
 *
 * A password is asked for only when the server has said that one is needed: most files are opened
 * without, or it came in a file.
 */
#include "cli/cert_import.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/rand.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "codec/hex.h"

#define FILE_MAX_BYTES (4u << 20)
#define BODY_MAX_BYTES (16u << 20)
#define TEXTS_MAX 8

struct import_options {
    bool is_replace;
    bool is_csr; /* "csr use" */
    bool json;
    bool confirm;
    const char *id;
    const char *file;
    const char *key;
    const char *chain;
    const char *password_file;
    const char *key_password_file;
    const char *texts[2 * TEXTS_MAX]; /* name, value, …: fields as they are */
    size_t n_texts;
    const char *lists[2 * TEXTS_MAX]; /* likewise, of several values each */
    size_t n_lists;
    struct buf password;
    struct buf key_password;
};

static const struct option options[] = {
    { "key", required_argument, NULL, 'k' },
    { "chain", required_argument, NULL, 'c' },
    { "password-file", required_argument, NULL, 'p' },
    { "key-password-file", required_argument, NULL, 'P' },
    { "name", required_argument, NULL, 'n' },
    { "description", required_argument, NULL, 'd' },
    { "business-group", required_argument, NULL, 'b' },
    { "owner", required_argument, NULL, 'w' },
    { "assignee", required_argument, NULL, 'g' },
    { "tags", required_argument, NULL, 'T' },
    { "share-users", required_argument, NULL, 'u' },
    { "share-groups", required_argument, NULL, 'G' },
    { "confirm", no_argument, NULL, 'C' },
    { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static int usage(const struct import_options *o)
{
    fprintf(stderr, "usage: %s\n",
        o->is_csr       ? CSR_USE_USAGE
        : o->is_replace ? CERT_REPLACE_USAGE
                        : CERT_IMPORT_USAGE);
    return CLI_USAGE;
}

/* The form's fields that an option's argument is for as it is. */
static const struct {
    int option;
    const char *field;
    bool is_list;
} fields[] = {
    { 'n', "name", false },
    { 'd', "description", false },
    { 'b', "business_group", false },
    { 'w', "owner", false },
    { 'g', "assignee", false },
    { 'T', "tags", true },
    { 'u', "share_users", true },
    { 'G', "share_groups", true },
};

static bool take_field(struct import_options *o, int option)
{
    for (size_t i = 0; i < countof(fields); i++) {
        if (fields[i].option != option || o->is_replace)
            continue;
        const char **list = fields[i].is_list ? o->lists : o->texts;
        size_t *n = fields[i].is_list ? &o->n_lists : &o->n_texts;

        if (*n == (size_t)2 * TEXTS_MAX)
            return false;
        list[(*n)++] = fields[i].field;
        list[(*n)++] = optarg;
        return true;
    }
    return false;
}

static bool take_option(struct import_options *o, int option)
{
    switch (option) {
    case 'k':
        o->key = optarg;
        return true;
    case 'c':
        o->chain = optarg;
        return true;
    case 'p':
        o->password_file = optarg;
        return true;
    case 'P':
        o->key_password_file = optarg;
        return true;
    case 'C':
        o->confirm = o->is_replace;
        return o->is_replace;
    case 'o':
        o->json = strcmp(optarg, "json") == 0;
        return o->json || strcmp(optarg, "table") == 0;
    default:
        return take_field(o, option);
    }
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

static void add_texts(struct buf *body, const char *boundary, const struct import_options *o)
{
    struct span rest, one;

    for (size_t i = 0; i < o->n_texts; i += 2)
        add_part(body, boundary, o->texts[i], false, span_text(o->texts[i + 1]));
    for (size_t i = 0; i < o->n_lists; i += 2)
        for (rest = span_text(o->lists[i + 1]); span_split(&rest, ',', &one);)
            add_part(body, boundary, o->lists[i], false, span_trim(one));
    if (o->confirm)
        add_part(body, boundary, "confirm", false, SPAN_LITERAL("true"));
    if (o->password.size > 0)
        add_part(body, boundary, "password", false, buf_span(&o->password));
    if (o->key_password.size > 0)
        add_part(body, boundary, "key_password", false, buf_span(&o->key_password));
}

static bool send_form(struct remote *remote, const struct import_options *o, struct json **ret,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT_SECRET(BODY_MAX_BYTES);
    autofree(str) char *path = o->is_csr       ? xasprintf("/csrs/%s/certificate", o->id)
                               : o->is_replace ? xasprintf("/certificates/%s/replace", o->id)
                                               : xstrdup("/certificates/import");
    uint8_t bytes[16];
    char boundary[2 * sizeof bytes + 1];

    rand_bytes(bytes, sizeof bytes);
    (void)hex_encode(span_of(bytes, sizeof bytes), boundary, sizeof boundary);
    autofree(str) char *type = xasprintf("multipart/form-data; boundary=%s", boundary);

    if (!add_file(&body, boundary, "file", o->file, err) ||
        !add_file(&body, boundary, "key", o->key, err) ||
        !add_file(&body, boundary, "chain", o->chain, err))
        return false;
    add_texts(&body, boundary, o);
    buf_addf(&body, "--%s--\r\n", boundary);
    return buf_check(&body, "what is to be sent", err) &&
           remote_send(remote, "POST", path, type, buf_span(&body), ret, err);
}

/* ---- passwords ---- */

static bool read_passwords(struct import_options *o, struct err *err)
{
    return (!o->password_file || ask_file(o->password_file, &o->password, err)) &&
           (!o->key_password_file || ask_file(o->key_password_file, &o->key_password, err));
}

/* The server says that there must be one, and somebody can be asked. */
static bool ask_for_password(struct import_options *o, const struct err *why)
{
    struct err err = { 0 };

    if (!strstr(why->msg, "password: a password is needed") || o->password.size > 0 || !ask_can())
        return false;
    return ask_line("password", true, &o->password, &err) && o->password.size > 0;
}

static bool bring(struct remote *remote, struct import_options *o, struct json **ret,
    struct err *err)
{
    if (send_form(remote, o, ret, err))
        return true;
    if (!ask_for_password(o, err))
        return false;
    *err = (struct err){ 0 };
    return send_form(remote, o, ret, err);
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

static void show_answer(const struct import_options *o, const struct json *answer)
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
        output_pair("note", o->is_replace ? "the record had this certificate already"
                                          : "this record had the certificate already");
    show_list(answer, "warnings", "message");
    show_list(answer, "also", "name");
}

static bool run(struct import_options *o, struct err *err)
{
    autofree(remote) struct remote *remote = NULL;
    autofree(json) struct json *answer = NULL;
    int64_t id;

    if ((o->is_replace || o->is_csr) && !parse_i64(span_text(o->id), 1, INT64_MAX, &id, err))
        return fail(err, ERR_INVALID, "\"%s\" is no %s's id", o->id,
            o->is_csr ? "request" : "certificate");
    if (!read_passwords(o, err) || !remote_open(&remote, err) || !bring(remote, o, &answer, err))
        return false;
    if (o->json)
        output_json(answer);
    else
        show_answer(o, answer);
    return true;
}

int cert_import_run(int argc, char **argv)
{
    struct import_options o = { .is_replace = strcmp(argv[0], "replace") == 0,
        .is_csr = strcmp(argv[0], "use") == 0,
        .password = BUF_INIT_SECRET(ASK_LINE_MAX),
        .key_password = BUF_INIT_SECRET(ASK_LINE_MAX) };
    struct err err = { 0 };
    int option;

    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage(&o);
    if (argc - optind != (o.is_replace || o.is_csr ? 2 : 1))
        return usage(&o);
    o.id = argv[optind];
    o.file = argv[argc - 1];
    bool works = run(&o, &err);

    buf_done(&o.password);
    buf_done(&o.key_password);
    return works ? CLI_OK : output_fail(&err);
}
