/* cli/ticket_do: the words of "certdesk ticket" and "certdesk cert" that change a ticket. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/rand.h"
#include "cli/ask.h"
#include "cli/items.h"
#include "cli/members.h"
#include "cli/output.h"
#include "cli/ticket.h"
#include "codec/hex.h"

#define CSR_MAX (256U << 10)
#define FILE_MAX (1U << 20)

/* What was said, and what became of it. */
static void show_result(const struct verb_call *call, const struct json *ticket)
{
    autofree(str) char *message = output_text(ticket, "message");
    autofree(str) char *status = output_text(ticket, "status");
    const struct json *const error = json_member(json_member(ticket, "order"), "error");

    if (call->json) {
        output_json(ticket);
        return;
    }
    if (message[0])
        printf("%s (%s)\n", message, status);
    if (json_as_text(error))
        printf("%s\n", json_as_text(error));
}

static bool write_request(struct json_out *out, const struct ticket_options *o,
    const char *const *names, size_t n, struct err *err)
{
    autodone(buf) struct buf csr = BUF_INIT(CSR_MAX);

    if (o->profile)
        json_str(out, "profile", o->profile);
    if (o->csr) {
        if (!ask_content(o->csr, &csr, err))
            return false;
        json_str(out, "csr", buf_text(&csr));
    }
    if (n > 0) {
        items_write_subject(out, o->subject.items, o->subject.n, names[0]);
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

static bool post(const struct verb_call *call, const char *path, struct json_out *out,
    struct buf *body, struct err *err)
{
    autofree(json) struct json *ticket = NULL;

    json_end(out);
    if (!json_out_check(out, err))
        return false;
    remote_set_once(call->remote);
    if (!remote_call(call->remote, "POST", path, buf_text(body), &ticket, err))
        return false;
    show_result(call, ticket);
    return true;
}

/* Ends the body and sends it: the ticket named by the first word changes. */
static bool patch(const struct verb_call *call, struct json_out *out, const struct buf *body,
    struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", call->words[0], "");
    autofree(json) struct json *ticket = NULL;

    json_end(out);
    if (!json_out_check(out, err) ||
        !remote_call(call->remote, "PATCH", path, buf_text(body), &ticket, err))
        return false;
    if (call->json)
        output_json(ticket);
    else
        printf("%s has been updated\n", json_as_text(json_member(ticket, "key")));
    return true;
}

bool ticket_acknowledge(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_bool(&out, "acknowledged", true);
    return patch(call, &out, &body, err);
}

bool ticket_snooze(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    return members_write_one(&out, "snoozed_until", MEMBER_INSTANT, call->words[1], err) &&
           patch(call, &out, &body, err);
}

bool ticket_edit(const struct verb_call *call, struct err *err)
{
    const struct ticket_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (o->summary)
        json_str(&out, "summary", o->summary);
    if (o->description)
        json_str(&out, "description", o->description);
    if (o->priority)
        json_str(&out, "priority", o->priority);
    return members_write_one(&out, "assignee", MEMBER_TEXT_OR_NULL, o->assignee, err) &&
           members_write_one(&out, "labels", MEMBER_TEXTS, o->labels, err) &&
           members_write_one(&out, "due_at", MEMBER_INSTANT, o->due, err) &&
           patch(call, &out, &body, err);
}

bool ticket_create(const struct verb_call *call, struct err *err)
{
    const struct ticket_options *const o = call->asked;
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
    if (!members_write_one(&out, "due_at", MEMBER_INSTANT, o->due, err))
        return false;
    return write_request(&out, o, call->words, call->n_words, err) &&
           post(call, "/tickets", &out, &body, err);
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
        if (!ask_content(o->csr, &csr, err))
            return false;
        json_str(out, "csr", buf_text(&csr));
    }
    return true;
}

bool ticket_move(const struct verb_call *call, struct err *err)
{
    const struct ticket_options *const o = call->asked;
    autofree(str) char *path = items_path("/tickets/", call->words[0], "/transitions");
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str(&out, "transition", call->verb);
    return write_words(&out, o, err) && post(call, path, &out, &body, err);
}

/*
 * What is agreed to is what was looked at: as `etag` says, or as it is now, which is shown. Should
 * somebody have changed it by the time the answer arrives, the server refuses.
 */
static bool fix_version(const struct verb_call *call, const char *etag, struct err *err)
{
    static const char *const members[] = { "key", "summary", "profile", "reporter", "etag" };
    autofree(str) char *path = items_path("/tickets/", call->words[0], "");
    autofree(json) struct json *ticket = NULL;

    if (etag) { /* quotes are easily lost in a shell */
        autofree(str) char *quoted = etag[0] == '"' ? xstrdup(etag) : xasprintf("\"%s\"", etag);

        remote_set_match(call->remote, quoted);
        return true;
    }
    if (!remote_call(call->remote, "GET", path, NULL, &ticket, err))
        return false;
    remote_set_match(call->remote, json_as_text(json_member(ticket, "etag")));
    for (size_t i = 0; !call->json && i < countof(members); i++)
        output_member(ticket, members[i], members[i]);
    return true;
}

bool ticket_approve(const struct verb_call *call, struct err *err)
{
    const struct ticket_options *const o = call->asked;
    autofree(str) char *path = items_path("/tickets/", call->words[0], "/approval");
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_bool(&out, "approved", strcmp(call->verb, "approve") == 0);
    if (o->comment)
        json_str(&out, "comment", o->comment);
    return fix_version(call, o->etag, err) && post(call, path, &out, &body, err);
}

bool ticket_csr(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", call->words[0], "/csr");
    const struct ticket_options o = { .csr = call->words[1] };
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    struct json_out out;

    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    return write_words(&out, &o, err) && post(call, path, &out, &body, err);
}

bool ticket_files(const struct verb_call *call, struct err *err)
{
    static const struct items_column columns[] = { { "ID", "id" }, { "NAME", "name" },
        { "BYTES", "size" }, { "BY", "author" }, { "AT", "created_at" }, { 0 } };
    autofree(str) char *path = items_path("/tickets/", call->words[0], "/attachments");
    const char *const id = call->n_words > 1 ? call->words[1] : NULL;
    autofree(str) char *one = NULL;
    int64_t ignored;

    if (!id)
        return items_print(call->remote, path, columns, call->json, err);
    if (!parse_i64(span_text(id), 1, INT64_MAX, &ignored, err))
        return fail(err, ERR_INVALID, "\"%s\" is no attachment's id", id);
    one = xasprintf("%s/%s", path, id);
    return remote_download(call->remote, "GET", one, STDOUT_FILENO, err);
}

/* What has a number of its own on the ticket: "#7" or "7". */
static bool remove_part(const struct verb_call *call, const char *what, struct err *err)
{
    const char *const number = call->words[1];
    const struct span id = span_text(number[0] == '#' ? number + 1 : number);
    autofree(str) char *base = items_path("/tickets/", call->words[0], "");
    int64_t n;

    if (!parse_i64(id, 1, INT64_MAX, &n, err))
        return fail(err, ERR_INVALID, "\"%s\" is no %s's id", number, what);
    autofree(str) char *path = xasprintf("%s/%ss/%" PRId64, base, what, n);

    return remote_do(call->remote, "DELETE", path, NULL, err);
}

bool ticket_detach(const struct verb_call *call, struct err *err)
{
    return remove_part(call, "attachment", err);
}

bool ticket_uncomment(const struct verb_call *call, struct err *err)
{
    return remove_part(call, "comment", err);
}

bool ticket_attach(const struct verb_call *call, struct err *err)
{
    autofree(str) char *path = items_path("/tickets/", call->words[0], "/attachments");
    autodone(buf) struct buf content = BUF_INIT(FILE_MAX);
    autodone(buf) struct buf body = BUF_INIT(FILE_MAX + 4096);
    autofree(json) struct json *made = NULL;
    const char *const file = call->words[1];
    const char *const slash = strrchr(file, '/');
    const char *const name = slash ? slash + 1 : file;
    uint8_t random[16];
    char boundary[2 * sizeof random + 1];

    if (strpbrk(name, "\"\r\n"))
        return fail(err, ERR_INVALID, "a file cannot be attached under the name \"%s\"", name);
    if (!ask_content(file, &content, err))
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
           remote_send(call->remote, "POST", path, type, buf_span(&body), &made, err);
}

bool ticket_watch(const struct verb_call *call, struct err *err)
{
    const struct ticket_options *const o = call->asked;
    autofree(str) char *base = items_path("/tickets/", call->words[0], "/watchers/");
    autofree(json) struct json *me = NULL;
    autofree(str) char *path = NULL;

    if (!o->user && !remote_call(call->remote, "GET", "/me", NULL, &me, err))
        return false;
    const char *const user = o->user ? o->user : json_as_text(json_member(me, "name"));

    if (!user)
        return fail(err, ERR_UPSTREAM, "the server does not say who you are: use --user");
    path = items_path(base, user, "");
    return remote_do(call->remote, strcmp(call->verb, "watch") == 0 ? "PUT" : "DELETE", path, NULL,
        err);
}

/* By the record: {id} instead of a key. */
bool ticket_record(const struct verb_call *call, struct err *err)
{
    const struct ticket_options *const o = call->asked;
    autodone(buf) struct buf body = BUF_INIT(JSON_MAX_BYTES);
    autofree(str) char *path = xasprintf("/certificates/%s/%s", call->words[0], call->verb);
    struct json_out out;
    int64_t ignored;

    if (!parse_i64(span_text(call->words[0]), 1, INT64_MAX, &ignored, err))
        return fail(err, ERR_INVALID, "\"%s\" is no certificate's id", call->words[0]);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (strcmp(call->verb, "enroll") == 0) {
        write_texts(&out, o);
        return write_request(&out, o, call->words + 1, call->n_words - 1, err) &&
               post(call, path, &out, &body, err);
    }
    return write_words(&out, o, err) && post(call, path, &out, &body, err);
}
