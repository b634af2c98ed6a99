/* cli/ticket_do: the words of "certdesk ticket" and "certdesk cert" that change a ticket. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/rand.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/ticket.h"
#include "codec/hex.h"
#include "codec/url.h"

#define CSR_MAX (256U << 10)
#define FILE_MAX (1U << 20)

static bool read_file(const char *path, struct buf *content, struct err *err)
{
    char chunk[4096];
    size_t n;

    if (strcmp(path, "-") != 0)
        return fs_read(path, content, err) || err_wrap(err, "could not read \"%s\"", path);
    while ((n = fread(chunk, 1, sizeof chunk, stdin)) > 0)
        buf_add(content, chunk, n);
    return buf_check(content, "standard input", err);
}

/* What was said, and what became of it. */
static void show_result(const struct ticket_options *o, const struct json *ticket)
{
    autofree(str) char *message = output_text(ticket, "message");
    autofree(str) char *status = output_text(ticket, "status");
    const struct json *const error = json_member(json_member(ticket, "order"), "error");

    if (o->json) {
        output_json(ticket);
        return;
    }
    if (message[0])
        printf("%s (%s)\n", message, status);
    if (json_as_text(error))
        printf("%s\n", json_as_text(error));
}

static bool write_request(struct json_out *out, const struct ticket_options *o, char **names,
    size_t n, struct err *err)
{
    autodone(buf) struct buf csr = BUF_INIT(CSR_MAX);

    if (o->profile)
        json_str(out, "profile", o->profile);
    if (o->csr) {
        if (!read_file(o->csr, &csr, err))
            return false;
        json_str(out, "csr", buf_text(&csr));
    }
    if (n > 0) {
        items_write_subject(out, o->subject, o->n_subject, names[0]);
        items_write_words(out, "sans", names, n);
    }
    if (o->key)
        items_write_key(out, o->key);
    return true;
}

static void write_texts(struct json_out *out, const struct ticket_options *o)
{
    const struct {
        const char *key;
        const char *text;
    } texts[] = { { "summary", o->summary }, { "project", o->project }, { "domain", o->domain },
        { "certificate_id", o->revoke }, { "reason", o->revoke ? o->reason : NULL } };

    for (size_t i = 0; i < countof(texts); i++)
        if (texts[i].text)
            json_str(out, texts[i].key, texts[i].text);
}

static bool post(struct remote *remote, const struct ticket_options *o, const char *path,
    struct json_out *out, struct buf *body, struct err *err)
{
    autofree(json) struct json *ticket = NULL;

    json_end(out);
    if (!json_out_check(out, err))
        return false;
    remote_set_once(remote);
    if (!remote_call(remote, "POST", path, buf_text(body), &ticket, err))
        return false;
    show_result(o, ticket);
    return true;
}

bool ticket_create(struct remote *remote, const struct ticket_options *o, char **words, size_t n,
    struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;
    int64_t record = 0;

    if (o->certificate && !parse_i64(span_text(o->certificate), 1, INT64_MAX, &record, err))
        return err_wrap(err, "--certificate");
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "type", o->revoke ? "revoke_certificate" : "certificate");
    write_texts(&out, o);
    if (record)
        json_i64(&out, "certificate", record);
    return write_request(&out, o, words, n, err) && post(remote, o, "/tickets", &out, &body, err);
}

/* The words of a transition's dialog. */
static bool write_words(struct json_out *out, const struct ticket_options *o, struct err *err)
{
    autodone(buf) struct buf csr = BUF_INIT(CSR_MAX);

    if (o->comment)
        json_str(out, "comment", o->comment);
    if (o->reason)
        json_str(out, "reason", o->reason);
    if (o->is_forced)
        json_bool(out, "force", true);
    if (o->csr) {
        if (!read_file(o->csr, &csr, err))
            return false;
        json_str(out, "csr", buf_text(&csr));
    }
    return true;
}

bool ticket_move(struct remote *remote, const struct ticket_options *o, const char *verb,
    const char *key, struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", key, "/transitions");
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "transition", verb);
    return write_words(&out, o, err) && post(remote, o, path, &out, &body, err);
}

bool ticket_approve(struct remote *remote, const struct ticket_options *o, bool is_approved,
    const char *key, struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", key, "/approval");
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_bool(&out, "approved", is_approved);
    if (o->comment)
        json_str(&out, "comment", o->comment);
    return post(remote, o, path, &out, &body, err);
}

bool ticket_csr(struct remote *remote, const char *key, const char *file, struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", key, "/csr");
    const struct ticket_options o = { .csr = file };
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    return write_words(&out, &o, err) && post(remote, &o, path, &out, &body, err);
}

bool ticket_files(struct remote *remote, const struct ticket_options *o, const char *key,
    const char *id, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "BYTES", "size" }, { "BY", "author" }, { "AT", "created_at" }, { 0 } };
    autofree(str) char *path = items_path("/tickets/", key, "/attachments");
    autofree(str) char *one = NULL;
    int64_t ignored;

    if (!id)
        return items_print(remote, path, columns, o->json, err);
    if (!parse_i64(span_text(id), 1, INT64_MAX, &ignored, err))
        return fail(err, ERR_INVALID, "\"%s\" is no attachment's id", id);
    one = xasprintf("%s/%s", path, id);
    return remote_download(remote, "GET", one, STDOUT_FILENO, err);
}

bool ticket_attach(struct remote *remote, const char *key, const char *file, struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", key, "/attachments");
    autodone(buf) struct buf content = BUF_INIT(FILE_MAX);
    autodone(buf) struct buf body = BUF_INIT(FILE_MAX + 4096);
    autofree(json) struct json *made = NULL;
    const char *const slash = strrchr(file, '/');
    const char *const name = slash ? slash + 1 : file;
    uint8_t random[16];
    char boundary[2 * sizeof random + 1];

    if (strpbrk(name, "\"\r\n"))
        return fail(err, ERR_INVALID, "a file cannot be attached under the name \"%s\"", name);
    if (!read_file(file, &content, err))
        return false;
    rand_bytes(random, sizeof random);
    hex_encode(span_of(random, sizeof random), boundary, sizeof boundary);
    autofree(str) char *type = xasprintf("multipart/form-data; boundary=%s", boundary);

    buf_addf(&body,
        "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\n\r\n", boundary,
        name);
    buf_add_span(&body, buf_span(&content));
    buf_addf(&body, "\r\n--%s--\r\n", boundary);
    return buf_check(&body, "the file", err) &&
           remote_send(remote, "POST", path, type, buf_span(&body), &made, err);
}

bool ticket_watch(struct remote *remote, const struct ticket_options *o, bool watches,
    const char *key, struct err *err)
{
    autofree(str) char *base = items_path("/tickets/", key, "/watchers/");
    autofree(json) struct json *me = NULL;
    autofree(json) struct json *ignored = NULL;
    autofree(str) char *path = NULL;

    if (!o->user && !remote_call(remote, "GET", "/me", NULL, &me, err))
        return false;
    const char *const user = o->user ? o->user : json_as_text(json_member(me, "name"));

    if (!user)
        return fail(err, ERR_UPSTREAM, "the server does not say who you are: use --user");
    path = items_path(base, user, "");
    return remote_call(remote, watches ? "PUT" : "DELETE", path, NULL, &ignored, err);
}

/* By the record: {id} instead of a key. */
bool ticket_record(struct remote *remote, const struct ticket_options *o, const char *verb,
    char **words, size_t n, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    autofree(str) char *path = xasprintf("/certificates/%s/%s", words[0], verb);
    struct json_out out;
    int64_t ignored;

    if (!parse_i64(span_text(words[0]), 1, INT64_MAX, &ignored, err))
        return fail(err, ERR_INVALID, "\"%s\" is no certificate's id", words[0]);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (strcmp(verb, "enroll") == 0) {
        write_texts(&out, o);
        return write_request(&out, o, words + 1, n - 1, err) &&
               post(remote, o, path, &out, &body, err);
    }
    return write_words(&out, o, err) && post(remote, o, path, &out, &body, err);
}
