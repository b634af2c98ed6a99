/* notify/webhook/payload: see the header. */
#include "notify/webhook/payload.h"

#include <string.h>

#include "codec/digest.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "notify/digest.h"

#define CHAT_ITEMS_MAX 20 /* a chat is no place for a hundred lines */
#define CHAT_TEXT_MAX 65536

const char *const payload_templates[] = { "generic", "slack", "teams", NULL };

static void write_certificate(struct json_out *out, const struct notice *notice,
    const struct delivery_item_row *item)
{
    autodone(buf) struct buf what = BUF_INIT(4096);
    autodone(buf) struct buf url = BUF_INIT(4096);

    digest_add_what(notice, item, &what);
    digest_add_url(notice, item, &url);
    json_begin_object(out, NULL);
    json_i64(out, "id", item->certificate_id);
    json_str(out, "name", item->certificate);
    json_str(out, "message", buf_text(&what));
    json_time_or_null(out, "expires_at", item->expires_at);
    if (item->expires_at) {
        json_i64(out, "days_left", digest_days_left(notice, item));
        json_i64(out, "period_days", item->period_days);
    }
    json_str(out, "issuer", item->issuer);
    json_str(out, "owner", item->owner);
    json_str(out, "endpoint", item->endpoint[0] ? item->endpoint : NULL);
    json_str(out, "fingerprint_sha256", item->fingerprint[0] ? item->fingerprint : NULL);
    json_str(out, "url", url.size ? buf_text(&url) : NULL);
    json_end(out);
}

static void write_generic(const struct notice *notice, const char *title, struct json_out *out)
{
    json_begin_object(out, NULL);
    json_str(out, "id", notice->delivery->uid);
    json_str(out, "event", notice->delivery->event);
    json_time(out, "created_at", notice->delivery->created_at);
    json_str(out, "text", title);
    json_i64(out, "total", notice->n_total);
    json_begin_array(out, "certificates");
    for (size_t i = 0; i < notice->items->n; i++)
        write_certificate(out, notice, &notice->items->items[i]);
    json_end(out);
    json_end(out);
}

/* Slack's three: https://docs.slack.dev/messaging/formatting-message-text, "Escaping text". */
static void add_slack_text(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '&')
            buf_add_text(out, "&amp;");
        else if (*p == '<')
            buf_add_text(out, "&lt;");
        else if (*p == '>')
            buf_add_text(out, "&gt;");
        else
            buf_add_char(out, (unsigned char)*p < ' ' ? ' ' : *p);
    }
}

static void add_slack_item(const struct notice *notice, const struct delivery_item_row *item,
    struct buf *out)
{
    autodone(buf) struct buf what = BUF_INIT(4096);

    digest_add_what(notice, item, &what);
    buf_add_text(out, "\n\xe2\x80\xa2 ");
    if (notice->public_url[0]) {
        buf_add_char(out, '<');
        digest_add_url(notice, item, out);
        buf_add_char(out, '|');
    }
    add_slack_text(out, item->certificate);
    buf_add_text(out, notice->public_url[0] ? "> " : " ");
    add_slack_text(out, buf_text(&what));
}

static size_t n_shown(const struct notice *notice, int64_t *ret_left_out)
{
    size_t n = notice->items->n < CHAT_ITEMS_MAX ? notice->items->n : CHAT_ITEMS_MAX;

    *ret_left_out = notice->n_total - (int64_t)n;
    return n;
}

static void write_slack(const struct notice *notice, const char *title, struct json_out *out)
{
    autodone(buf) struct buf text = BUF_INIT(CHAT_TEXT_MAX);
    int64_t more;
    size_t n = n_shown(notice, &more);

    buf_add_char(&text, '*');
    add_slack_text(&text, title);
    buf_add_char(&text, '*');
    for (size_t i = 0; i < n; i++)
        add_slack_item(notice, &notice->items->items[i], &text);
    if (more > 0)
        buf_addf(&text, "\nand %" PRId64 " more", more);
    json_begin_object(out, NULL);
    json_str_span(out, "text", buf_span(&text));
    json_end(out);
}

/* Adaptive Cards show a part of Markdown: whatever could be some is escaped. */
static void add_markdown(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (strchr("\\`*_{}[]()#+-!|<>~", *p))
            buf_add_char(out, '\\');
        buf_add_char(out, (unsigned char)*p < ' ' ? ' ' : *p);
    }
}

static void write_block(struct json_out *out, struct span text, bool is_title)
{
    json_begin_object(out, NULL);
    json_str(out, "type", "TextBlock");
    json_str_span(out, "text", text);
    json_bool(out, "wrap", true);
    if (is_title) {
        json_str(out, "size", "Medium");
        json_str(out, "weight", "Bolder");
    }
    json_end(out);
}

static void write_teams_item(const struct notice *notice, const struct delivery_item_row *item,
    struct json_out *out)
{
    autodone(buf) struct buf what = BUF_INIT(4096);
    autodone(buf) struct buf text = BUF_INIT(CHAT_TEXT_MAX);

    digest_add_what(notice, item, &what);
    if (notice->public_url[0])
        buf_add_char(&text, '[');
    add_markdown(&text, item->certificate);
    if (notice->public_url[0]) {
        buf_add_text(&text, "](");
        digest_add_url(notice, item, &text);
        buf_add_char(&text, ')');
    }
    buf_add_char(&text, ' ');
    add_markdown(&text, buf_text(&what));
    write_block(out, buf_span(&text), false);
}

/* A message with one Adaptive Card, as a Teams workflow for incoming webhooks wants it. */
static void write_teams(const struct notice *notice, const char *title, struct json_out *out)
{
    autodone(buf) struct buf heading = BUF_INIT(4096);
    int64_t more;
    size_t n = n_shown(notice, &more);

    add_markdown(&heading, title);
    json_begin_object(out, NULL);
    json_str(out, "type", "message");
    json_begin_array(out, "attachments");
    json_begin_object(out, NULL);
    json_str(out, "contentType", "application/vnd.microsoft.card.adaptive");
    json_begin_object(out, "content");
    json_str(out, "$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
    json_str(out, "type", "AdaptiveCard");
    json_str(out, "version", "1.4");
    json_begin_array(out, "body");
    write_block(out, buf_span(&heading), true);
    for (size_t i = 0; i < n; i++)
        write_teams_item(notice, &notice->items->items[i], out);
    if (more > 0) {
        autodone(buf) struct buf text = BUF_INIT(64);

        buf_addf(&text, "and %" PRId64 " more", more);
        write_block(out, buf_span(&text), false);
    }
    json_end(out);
    json_end(out);
    json_end(out);
    json_end(out);
    json_end(out);
}

bool payload_write(const struct notice *notice, struct buf *out, struct err *err)
{
    autodone(buf) struct buf title = BUF_INIT(NOTICE_SUBJECT_MAX);
    const char *template = notice->webhook ? notice->webhook->template : "";
    struct json_out json;

    digest_subject(notice, &title);
    json_out_init(&json, out);
    if (strcmp(template, "slack") == 0)
        write_slack(notice, buf_text(&title), &json);
    else if (strcmp(template, "teams") == 0)
        write_teams(notice, buf_text(&title), &json);
    else
        write_generic(notice, buf_text(&title), &json);
    return json_out_check(&json, err);
}

void payload_sign(struct span secret, int64_t at, struct span body, struct buf *out)
{
    autodone(buf) struct buf signed_text = BUF_INIT(2 * NOTICE_BODY_MAX);
    uint8_t mac[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    buf_addf(&signed_text, "%" PRId64 ".", at);
    buf_add_span(&signed_text, body);
    ASSERT(buf_ok(&signed_text));
    digest_hmac_sha256(secret, buf_span(&signed_text), mac);
    buf_addf(out, "t=%" PRId64 ",v1=%s", at, hex_encode(span_of(mac, sizeof mac), hex, sizeof hex));
}

void payload_sign_hub(struct span secret, struct span body, struct buf *out)
{
    uint8_t mac[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    digest_hmac_sha256(secret, body, mac);
    buf_addf(out, "sha256=%s", hex_encode(span_of(mac, sizeof mac), hex, sizeof hex));
}
