/*
 * notify/webhook: calls to URLs that an admin has entered. Whose words they lead to is somebody
 * else's: the very address is permitted before it is connected to, and redirects are not followed.
 */
#include "notify/notify.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/secret.h"
#include "conf/conf.h"
#include "net/addr.h"
#include "net/http_client.h"
#include "notify/digest.h"
#include "notify/webhook/payload.h"

#define RETRY_AFTER_MAX INT64_C(86400)
#define SAID_MAX 200
#define ANSWER_MAX 65536

struct webhook {
    struct channel channel;
    struct http_client *client;
    struct addr_ranges *allow;
    const struct secret *secret;
};

static bool approve(void *arg, const struct sockaddr *address, socklen_t size, struct err *err)
{
    const struct webhook *webhook = arg;
    struct net_addr addr;

    if (!addr_from_sockaddr(address, size, &addr))
        return fail(err, ERR_DENIED, "the address is neither IPv4 nor IPv6");
    return addr_permit(&addr, webhook->allow, err);
}

static void webhook_close(struct channel *channel)
{
    struct webhook *webhook = (struct webhook *)channel;

    http_client_free(webhook->client);
    addr_ranges_free(webhook->allow);
    free(webhook);
}

static bool webhook_open(const struct channel_conf *conf, struct channel **ret, struct err *err)
{
    struct webhook *webhook = xcalloc(1, sizeof *webhook);
    const char *ca_file = conf_text(conf->conf, CONF_WEBHOOK_CA_FILE);
    struct http_client_conf client = { .total_timeout_ms =
                                           conf_i64(conf->conf, CONF_WEBHOOK_TIMEOUT),
        .ca_file = ca_file[0] ? ca_file : NULL,
        .approve = approve,
        .approve_arg = webhook };

    client.connect_timeout_ms = client.total_timeout_ms;
    webhook->channel.ops = &webhook_channel;
    webhook->secret = conf->secret;
    if (!addr_ranges_parse(conf_text(conf->conf, CONF_WEBHOOK_ALLOW), &webhook->allow, err) ||
        !http_client_new(&client, &webhook->client, err)) {
        webhook_close(&webhook->channel);
        return false;
    }
    *ret = &webhook->channel;
    return true;
}

static bool webhook_compose(const struct notice *notice, struct buf *subject, struct buf *body,
    struct err *err)
{
    digest_subject(notice, subject);
    return buf_check(subject, "the title of a call", err) && payload_write(notice, body, err) &&
           buf_check(body, "a call", err);
}

struct said {
    struct buf text;
    size_t n_read;
};

static void said_done(struct said *said)
{
    buf_done(&said->text);
}
DEFINE_AUTODONE(said);

/* Only the beginning is kept, for people; there is no more to be learned from it. */
static bool take_answer(void *arg, struct span bytes, struct err *err)
{
    struct said *said = arg;

    buf_add_span(&said->text, span_slice(bytes, 0, SAID_MAX - said->text.size));
    said->n_read += bytes.size;
    return said->n_read <= ANSWER_MAX ||
           fail(err, ERR_UPSTREAM, "the answer is larger than %d bytes", ANSWER_MAX);
}

/* RFC 9110, 10.2.3, in seconds; as a date nobody sends it. */
static int64_t retry_after(const struct http_answer *answer)
{
    struct span value;
    int64_t seconds = 0;
    struct err ignored = { 0 };

    if (!http_answer_field(answer, "Retry-After", &value) ||
        !parse_i64(value, 0, INT64_MAX, &seconds, &ignored))
        return 0;
    return seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX;
}

static bool judge(const struct http_answer *answer, const struct buf *said, struct verdict *verdict,
    struct err *err)
{
    int status = answer->status;
    autodone(buf) struct buf clean = BUF_INIT(4096);

    buf_add_clean(&clean, buf_span(said));
    (void)snprintf(verdict->said, sizeof verdict->said, "HTTP %d%s%.200s", status,
        clean.size > 0 ? ": " : "", buf_text(&clean));
    if (status >= 200 && status < 300)
        return true;
    if (status >= 300 && status < 400) {
        verdict->is_about_message = true;
        return fail(err, ERR_UPSTREAM, "it answered %s, and redirects are not followed",
            verdict->said);
    }
    if (status == 408 || status == 425 || status == 429 || status >= 500) {
        verdict->retry_after = retry_after(answer);
        return fail(err, ERR_UNAVAILABLE, "it answered %s", verdict->said);
    }
    verdict->is_about_message = true;
    return fail(err, ERR_UPSTREAM, "it answered %s", verdict->said);
}

/* What a call carries besides its body, by the kind of who is called. */
struct fields {
    struct buf texts[4];
    const char *list[6];
};

static void fields_done(struct fields *fields)
{
    for (size_t i = 0; i < countof(fields->texts); i++)
        buf_done(&fields->texts[i]);
}
DEFINE_AUTODONE(fields);

static void name_fields(const struct webhook *webhook, const struct notice *notice,
    struct fields *fields)
{
    const struct delivery_row *delivery = notice->delivery;
    struct span body = span_text(delivery->body);
    struct span secret = secret_span(webhook->secret);
    bool is_jira = strcmp(notice->webhook->template, "jira") == 0;

    for (size_t i = 0; i < countof(fields->texts); i++) {
        buf_init(&fields->texts[i], 512);
        fields->list[i + 1] = NULL;
    }
    fields->list[0] = is_jira ? "Content-Type: application/json; charset=utf-8"
                              : "Content-Type: application/json";
    if (is_jira) {
        buf_addf(&fields->texts[0], "X-Atlassian-Webhook-Identifier: %s", delivery->uid);
        buf_add_text(&fields->texts[1], "X-Hub-Signature: ");
        payload_sign_hub(secret, body, &fields->texts[1]);
        buf_add_text(&fields->texts[2], "X-Atlassian-Webhook-Flow: Primary");
        if (delivery->attempts > 1)
            buf_addf(&fields->texts[3], "X-Atlassian-Webhook-Retry: %" PRId64,
                delivery->attempts - 1);
    } else {
        buf_addf(&fields->texts[0], "X-Certdesk-Event: %s", delivery->event);
        buf_addf(&fields->texts[1], "X-Certdesk-Delivery: %s", delivery->uid);
        buf_add_text(&fields->texts[2], "X-Certdesk-Signature: ");
        /* The receiver compares the time with its own clock: it is that of this attempt. */
        payload_sign(secret, notice->now, body, &fields->texts[2]);
    }
    for (size_t i = 0; i < countof(fields->texts) && fields->texts[i].size > 0; i++)
        fields->list[i + 1] = buf_text(&fields->texts[i]);
}

static bool webhook_send(struct channel *channel, const struct notice *notice,
    const struct handover *handover, struct verdict *verdict, struct err *err)
{
    struct webhook *webhook = (struct webhook *)channel;
    const struct delivery_row *delivery = notice->delivery;
    struct span body = span_text(delivery->body);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(1);
    autodone(said) struct said said = { .text = BUF_INIT(SAID_MAX) };
    autodone(fields) struct fields fields = { 0 };

    name_fields(webhook, notice, &fields);
    struct http_call call = { .method = "POST",
        .url = notice->webhook->url,
        .headers = fields.list,
        .body = body,
        .has_body = true,
        .sink = take_answer,
        .sink_arg = &said,
        .sinks_errors = true,
        .about_to = handover->run,
        .about_to_arg = handover->arg };

    /* A status, and then a body without an end, is an answer. */
    if (!http_client_call(webhook->client, &call, &answer, err) && answer.status < 200) {
        verdict->is_about_message = err->kind != ERR_UNAVAILABLE && err->kind != ERR_UPSTREAM;
        /* Not trusted, no HTTP: an admin at one of the ends can mend that. */
        if (err->kind == ERR_UPSTREAM)
            err->kind = ERR_UNAVAILABLE;
        return false;
    }
    err_clear(err);
    return judge(&answer, &said.text, verdict, err);
}

const struct channel_ops webhook_channel = {
    .name = CHANNEL_WEBHOOK,
    .max_attempts = 15, /* with the back-off of jobs: about six hours */
    .open = webhook_open,
    .close = webhook_close,
    .compose = webhook_compose,
    .send = webhook_send,
};
