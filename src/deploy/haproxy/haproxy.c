/*
 * deploy/haproxy: see the header.
 *
 * What is surprising: HAProxy has one transaction for all certificates. A "set ssl cert" for
 * another one while it is open changes (2.6) the certificate that it was opened for, and says so
 * only in its answer. So each answer is held against what was meant, a transaction left open for
 * one of our slots is taken back, and somebody else's is waited for.
 */
#include "deploy/haproxy/haproxy.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/secret.h"
#include "deploy/file.h"
#include "deploy/haproxy/answer.h"
#include "deploy/haproxy/runtime.h"
#include "deploy/pem.h"

#define TIMEOUT_MS 5000
#define BUFSIZE 16000 /* HAProxy's tune.bufsize is 16384 unless set: a payload fits into one */

enum { SOCKET, ADDRESS };
enum slot_setting { CERTIFICATE, FILE_PATH, CRT_LIST };

static const struct deploy_setting settings[] = {
    [SOCKET] = { "socket", DEPLOY_PATH, false,
        "HAProxy's stats socket, with level admin; below a directory of deploy.directories" },
    [ADDRESS] = { "address", DEPLOY_HOSTPORT, false,
        "ADDRESS:PORT of the stats socket instead, which deploy.allow must allow" },
    { 0 },
};

static const struct deploy_setting slot_settings[] = {
    [CERTIFICATE] = { "certificate", DEPLOY_TEXT, true,
        "the file name by which HAProxy knows the certificate, as show ssl cert lists it" },
    [FILE_PATH] = { "file", DEPLOY_PATH, false,
        "the file on this host that HAProxy reads as it starts; below a directory of "
        "deploy.directories" },
    [CRT_LIST] = { "crt_list", DEPLOY_TEXT, false,
        "the crt-list, or directory of a bind line, that a certificate HAProxy has not got yet is "
        "added to" },
    { 0 },
};

static struct runtime_where where(const struct deploy_target *target)
{
    return (struct runtime_where){ .host = target->host,
        .socket = target->settings->values[SOCKET],
        .address = target->settings->values[ADDRESS],
        .timeout_ms = TIMEOUT_MS };
}

/* A command is one line of words: what would end either cannot be part of a name. */
static bool is_word(const char *text)
{
    for (const char *p = text; *p; p++)
        if (strchr(" \t\\;'\"<", *p))
            return false;
    return text[0] != '*' && text[0] != '@' && text[0] != '#';
}

static void complain(struct json_problems *problems, size_t slot, enum slot_setting name,
    const char *message)
{
    char field[80];

    (void)snprintf(field, sizeof field, "slots[%zu].%s", slot, slot_settings[name].name);
    json_problems_add(problems, field, message);
}

static void check_slot(const struct deploy_host *host, const struct deploy_settings *s, size_t i,
    struct json_problems *problems)
{
    const struct deploy_slot *slot = &s->slots[i];
    struct err err = { 0 };

    if (!is_word(slot->values[CERTIFICATE]))
        complain(problems, i, CERTIFICATE,
            "blanks, quotes, \"\\\", \";\" and \"<\" cannot be in it");
    if (!is_word(slot->values[CRT_LIST]))
        complain(problems, i, CRT_LIST, "blanks, quotes, \"\\\", \";\" and \"<\" cannot be in it");
    if (slot->values[FILE_PATH][0] && !deploy_host_permit_path(host, slot->values[FILE_PATH], &err))
        complain(problems, i, FILE_PATH, err.msg);
    for (size_t k = 0; k < i; k++)
        if (strcmp(s->slots[k].values[CERTIFICATE], slot->values[CERTIFICATE]) == 0)
            complain(problems, i, CERTIFICATE, "another slot is this certificate already");
}

static void haproxy_check(const struct deploy_host *host, const struct deploy_settings *s,
    struct json_problems *problems)
{
    const char *socket = s->values[SOCKET];
    struct err err = { 0 };

    if (!socket[0] == !s->values[ADDRESS][0])
        json_problems_add(problems, "settings.socket", "either socket or address is needed");
    else if (socket[0] && !deploy_host_permit_path(host, socket, &err))
        json_problems_add(problems, "settings.socket", err.msg);
    if (s->n_slots == 0)
        json_problems_add(problems, "slots", "at least one is needed");
    for (size_t i = 0; i < s->n_slots; i++)
        check_slot(host, s, i, problems);
}

static bool haproxy_open(const struct deploy_host *host, const struct deploy_settings *s,
    struct deploy_target **ret, struct err *err)
{
    struct deploy_target *target = xcalloc(1, sizeof *target);

    (void)err;
    *target = (struct deploy_target){ .ops = &deploy_haproxy, .host = host, .settings = s };
    *ret = target;
    return true;
}

static void haproxy_close(struct deploy_target *target)
{
    free(target);
}

/* "COMMAND NAME". */
static bool ask(const struct deploy_target *target, const char *command, const char *name,
    struct buf *answer, struct err *err)
{
    const struct runtime_where at = where(target);
    const struct span parts[] = { span_text(command), SPAN_LITERAL(" "), span_text(name),
        SPAN_LITERAL("\n") };

    return runtime_call(&at, parts, countof(parts), answer, err);
}

/* What it has, transactions included. */
static bool list(const struct deploy_target *target, struct buf *answer, struct err *err)
{
    const struct runtime_where at = where(target);
    const struct span command = SPAN_LITERAL("show ssl cert\n");

    if (!runtime_call(&at, &command, 1, answer, err))
        return false;
    if (answer_has_line(buf_span(answer), "# filename") || span_trim(buf_span(answer)).size == 0)
        return true;
    char said[ANSWER_SAID_MAX];

    answer_said(buf_span(answer), SPAN_EMPTY, said);
    return fail(err, ERR_UPSTREAM, "HAProxy does not list its certificates; it says: %s", said);
}

static bool refuse(const char *what, const char *name, const struct buf *answer, struct span sent,
    struct err *err)
{
    char said[ANSWER_SAID_MAX];

    answer_said(buf_span(answer), sent, said);
    return fail(err, ERR_UPSTREAM, "HAProxy refused to %s \"%s\"; it says: %s", what, name, said);
}

static bool look_at(const struct deploy_target *target, const char *name,
    struct deploy_current *ret, struct err *err)
{
    autodone(buf) struct buf answer = BUF_INIT(RUNTIME_ANSWER_MAX);

    if (!ask(target, "show ssl cert", name, &answer, err))
        return false;
    return answer_read_cert(buf_span(&answer), ret) ||
           refuse("show", name, &answer, SPAN_EMPTY, err);
}

static bool is_listed(struct span text, const char *name)
{
    struct answer_name one;

    while (answer_next_name(&text, &one))
        if (!one.is_open && span_is(one.name, name))
            return true;
    return false;
}

static bool haproxy_current(struct deploy_target *target, size_t slot, struct deploy_current *ret,
    struct err *err)
{
    const struct deploy_slot *at = &target->settings->slots[slot];
    autodone(buf) struct buf answer = BUF_INIT(RUNTIME_ANSWER_MAX);

    *ret = (struct deploy_current){ 0 };
    if (!list(target, &answer, err))
        return false;
    if (is_listed(buf_span(&answer), at->values[CERTIFICATE]))
        return look_at(target, at->values[CERTIFICATE], ret, err);
    return at->values[CRT_LIST][0] ||
           fail(err, ERR_UPSTREAM, "HAProxy has no certificate \"%s\"", at->values[CERTIFICATE]);
}

static bool is_ours(const struct deploy_settings *s, struct span name)
{
    for (size_t i = 0; i < s->n_slots; i++)
        if (span_is(name, s->slots[i].values[CERTIFICATE]))
            return true;
    return false;
}

static void abort_transaction(const struct deploy_target *target, struct span name)
{
    autodone(buf) struct buf answer = BUF_INIT(RUNTIME_ANSWER_MAX);
    autofree(str) char *text = span_dup(name);
    struct err ignored = { 0 };

    (void)!ask(target, "abort ssl cert", text, &answer, &ignored);
}

/* Of our own, what a run that died has left open is taken back; others' work is not disturbed. */
static bool close_open(const struct deploy_target *target, struct span listed, struct err *err)
{
    struct answer_name one;

    while (answer_next_name(&listed, &one)) {
        if (!one.is_open)
            continue;
        if (!is_ours(target->settings, one.name))
            return fail(err, ERR_UNAVAILABLE,
                "somebody else has a transaction open in HAProxy, for \"%.*s\"",
                (int)(one.name.size < 200 ? one.name.size : 200), (const char *)one.name.data);
        abort_transaction(target, one.name);
    }
    return true;
}

static bool make_new(const struct deploy_target *target, const struct deploy_slot *slot,
    struct err *err)
{
    const char *name = slot->values[CERTIFICATE];
    autodone(buf) struct buf answer = BUF_INIT(RUNTIME_ANSWER_MAX);

    if (!slot->values[CRT_LIST][0])
        return fail(err, ERR_UPSTREAM, "HAProxy has no certificate \"%s\"", name);
    if (!ask(target, "new ssl cert", name, &answer, err))
        return false;
    return span_starts_with(span_trim(buf_span(&answer)), "New empty certificate store") ||
           refuse("make", name, &answer, SPAN_EMPTY, err);
}

static bool set(const struct deploy_target *target, const char *name, struct span pem,
    struct err *err)
{
    const struct runtime_where at = where(target);
    /* What is not HAProxy may say back what it was told. */
    autodone(buf) struct buf answer = BUF_INIT_SECRET(RUNTIME_ANSWER_MAX);
    const struct span parts[] = { SPAN_LITERAL("set ssl cert "), span_text(name),
        SPAN_LITERAL(" <<\n"), pem, SPAN_LITERAL("\n") };

    if (!runtime_call(&at, parts, countof(parts), &answer, err))
        return false;
    struct span about = answer_transaction(buf_span(&answer));

    if (span_is(about, name))
        return true;
    /* It went to a transaction that somebody has opened in between. */
    if (about.size) {
        abort_transaction(target, about);
        return fail(err, ERR_UNAVAILABLE, "somebody else has a transaction open in HAProxy");
    }
    if (answer.size == 0 && pem.size > BUFSIZE)
        return fail(err, ERR_UPSTREAM,
            "HAProxy hung up: chain and key are %zu bytes, and it takes no more than its "
            "tune.bufsize, which is 16384 unless it is set",
            pem.size);
    if (answer.size == 0)
        return fail(err, ERR_UNAVAILABLE, "HAProxy hung up");
    return refuse("take", name, &answer, pem, err);
}

/* Of what is about to be committed, is it what was meant? */
static bool verify(const struct deploy_target *target, const char *name,
    const struct deploy_material *material, struct err *err)
{
    autofree(str) char *open = xasprintf("*%s", name);
    struct deploy_current now;

    if (!look_at(target, open, &now, err))
        return false;
    if (now.has_sha1 ? memcmp(now.sha1, material->sha1, sizeof now.sha1) == 0
                     : strcmp(now.serial, material->serial) == 0)
        return true;
    return fail(err, ERR_UNAVAILABLE, "somebody else has changed the transaction in HAProxy");
}

static bool commit(const struct deploy_target *target, const char *name, struct err *err)
{
    autodone(buf) struct buf answer = BUF_INIT(RUNTIME_ANSWER_MAX);

    if (!ask(target, "commit ssl cert", name, &answer, err))
        return false;
    if (answer_has_line(buf_span(&answer), "Success!"))
        return true;
    return answer.size ? refuse("commit", name, &answer, SPAN_EMPTY, err)
                       : fail(err, ERR_UNAVAILABLE, "HAProxy hung up");
}

static bool add_to_list(const struct deploy_target *target, const struct deploy_slot *slot,
    struct err *err)
{
    autodone(buf) struct buf answer = BUF_INIT(RUNTIME_ANSWER_MAX);
    autofree(str) char *words =
        xasprintf("%s %s", slot->values[CRT_LIST], slot->values[CERTIFICATE]);

    if (!ask(target, "add ssl crt-list", words, &answer, err))
        return false;
    return answer_has_line(buf_span(&answer), "Success!") ||
           refuse("add to its list", slot->values[CERTIFICATE], &answer, SPAN_EMPTY, err);
}

/* In memory. Until the commit nothing is changed. */
static bool exchange(const struct deploy_target *target, const struct deploy_slot *slot,
    const struct deploy_material *material, struct span pem, struct err *err)
{
    const char *name = slot->values[CERTIFICATE];
    autodone(buf) struct buf listed = BUF_INIT(RUNTIME_ANSWER_MAX);

    if (!list(target, &listed, err) || !close_open(target, buf_span(&listed), err))
        return false;
    bool is_new = !is_listed(buf_span(&listed), name);

    if (is_new && !make_new(target, slot, err))
        return false;
    if (!set(target, name, pem, err) || !verify(target, name, material, err) ||
        !commit(target, name, err)) {
        abort_transaction(target, span_text(name));
        return false;
    }
    return !is_new || add_to_list(target, slot, err);
}

/* The file is written first, as far as it can fail, and put in place last. */
static bool haproxy_put(struct deploy_target *target, size_t slot,
    const struct deploy_material *material, struct err *err)
{
    const struct deploy_slot *at = &target->settings->slots[slot];
    const char *path = at->values[FILE_PATH];
    autofree(secret) struct secret *pem = deploy_pem(material);
    autodone(staged_file) struct staged_file file = { 0 };

    if (path[0] && (!deploy_host_permit_path(target->host, path, err) ||
                       !staged_file_write(&file, path, secret_span(pem), err)))
        return false;
    return exchange(target, at, material, secret_span(pem), err) &&
           (!path[0] || staged_file_install(&file, err));
}

static bool haproxy_inspect(struct deploy_target *target, struct deploy_inspection *ret,
    struct err *err)
{
    autodone(buf) struct buf listed = BUF_INIT(RUNTIME_ANSWER_MAX);
    autodone(buf) struct buf version = BUF_INIT(RUNTIME_ANSWER_MAX);
    struct runtime_where at = where(target);
    const struct span command = SPAN_LITERAL("show version\n");
    struct answer_name one;

    if (!runtime_call(&at, &command, 1, &version, err) || !list(target, &listed, err))
        return false;
    answer_said(buf_span(&version), SPAN_EMPTY, ret->version);
    struct span rest = buf_span(&listed);

    ret->found = xcalloc(DEPLOY_FOUND_MAX, sizeof *ret->found);
    while (answer_next_name(&rest, &one)) {
        if (one.is_open)
            continue;
        if (ret->n_found == DEPLOY_FOUND_MAX) {
            ret->is_cut = true;
            break;
        }
        struct deploy_found *found = &ret->found[ret->n_found++];
        autodone(buf) struct buf name = BUF_INIT(4096);

        buf_add_clean(&name, span_slice(one.name, 0, 1000));
        span_copy_text(buf_span(&name), found->name, sizeof found->name);
        found->is_slot = is_ours(target->settings, one.name);
    }
    return true;
}

const struct deploy_ops deploy_haproxy = {
    .type = "haproxy",
    .summary = "HAProxy, by its Runtime API: without a reload, and with its file",
    .settings = settings,
    .slot_settings = slot_settings,
    .check = haproxy_check,
    .open = haproxy_open,
    .close = haproxy_close,
    .current = haproxy_current,
    .put = haproxy_put,
    .inspect = haproxy_inspect,
};
