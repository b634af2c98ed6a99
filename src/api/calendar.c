/*
 * api/calendar: the ends of certificates as a calendar (RFC 5545) that any calendar program can
 * subscribe to, under an address that holds a token of its own. The token shows the calendar and
 * nothing else, is shown once, kept as its hash, and can be revoked.
 */
#include <stdio.h>
#include <string.h>

#include "api/query.h"
#include "api/tables.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/rand.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "codec/hex.h"
#include "codec/icalendar.h"
#include "conf/conf.h"
#include "core/rows_account.h"
#include "db/db.h"
#include "notify/notifier.h"
#include "store/account.h"
#include "store/calendar_feed.h"

#define FEEDS_MAX 20
#define TOKEN_TEXT_SIZE 45 /* "cdc_", 40 hexadecimal digits, and a NUL */
#define ENTRIES_MAX 5000
#define PAST_SECONDS (30 * SECONDS_PER_DAY)

static bool calendar_list(struct api_call *call, struct err *err)
{
    struct calendar_feed_row feeds[FEEDS_MAX];
    size_t n = 0;

    if (!store_calendar_feeds(call->tx, call->who.account_id, feeds, FEEDS_MAX, &n, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(&call->reply, NULL);
        json_i64(&call->reply, "id", feeds[i].id);
        json_time(&call->reply, "created_at", feeds[i].created_at);
        json_time_or_null(&call->reply, "last_used_at", feeds[i].used_at);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static void make_token(char field[static TOKEN_TEXT_SIZE], uint8_t hash[static SHA256_SIZE])
{
    uint8_t bytes[20];

    rand_bytes(bytes, sizeof bytes);
    (void)snprintf(field, TOKEN_TEXT_SIZE, "cdc_");
    hex_encode(span_of(bytes, sizeof bytes), field + 4, TOKEN_TEXT_SIZE - 4);
    digest_sha256(span_text(field), hash);
    secret_wipe(bytes, sizeof bytes);
}

static bool calendar_create(struct api_call *call, struct err *err)
{
    struct calendar_feed_row feeds[FEEDS_MAX];
    autofree(conf) struct conf *conf = notifier_conf(call->services->notifier);
    autofree(str) char *base = notifier_public_url(conf);
    uint8_t hash[SHA256_SIZE];
    char token[TOKEN_TEXT_SIZE];
    size_t n = 0;
    int64_t id;

    if (!store_calendar_feeds(call->tx, call->who.account_id, feeds, FEEDS_MAX, &n, err))
        return false;
    if (n == FEEDS_MAX)
        return fail(err, ERR_LIMIT, "there are at most %d calendar feeds: revoke one", FEEDS_MAX);
    make_token(token, hash);
    if (!store_calendar_feed_add(call->tx, call->who.account_id, hash, call->now, &id, err) ||
        !api_audit(call, "calendar.create", id, call->who.name, NULL, NULL, err))
        return false;
    autofree(str) char *url = xasprintf("%s/api/v1/calendar.ics?token=%s", base, token);

    json_i64(&call->reply, "id", id);
    json_str(&call->reply, "url", url);
    call->status = 201;
    secret_wipe(url, strlen(url));
    secret_wipe(token, sizeof token);
    return true;
}

static bool calendar_delete(struct api_call *call, struct err *err)
{
    call->status = 204;
    return store_calendar_feed_delete(call->tx, call->who.account_id, call->path_id, err) &&
           api_audit(call, "calendar.delete", call->path_id, call->who.name, NULL, NULL, err);
}

struct drawing {
    struct buf *out;
    const char *public_url;
};

static void draw_entry(void *context, const struct calendar_entry *entry)
{
    const struct drawing *drawing = context;
    struct buf *out = drawing->out;
    autofree(str) char *uid = xasprintf("certificate-%" PRId64 "@certdesk", entry->certificate_id);
    autofree(str) char *title = xasprintf("%s expires", entry->name);
    char at[CLOCK_RFC3339_SIZE];
    autofree(str) char *text = xasprintf("Certificate %s ends at %s.\nIssued by %s.\nOwner: %s.",
        entry->name, clock_rfc3339(entry->expires_at, at), entry->issuer, entry->owner);

    icalendar_begin(out, "VEVENT");
    icalendar_add_raw(out, "UID", uid);
    /* Of a published calendar this is when the entry was last changed (RFC 5545, 3.8.7.2). */
    icalendar_add_time(out, "DTSTAMP", entry->updated_at);
    icalendar_add_date(out, "DTSTART", entry->expires_at);
    icalendar_add_text(out, "SUMMARY", title);
    icalendar_add_text(out, "DESCRIPTION", text);
    if (drawing->public_url[0]) {
        autofree(str) char *url =
            xasprintf("%s/certificates/%" PRId64, drawing->public_url, entry->certificate_id);

        icalendar_add_raw(out, "URL", url);
    }
    icalendar_add_raw(out, "TRANSP", "TRANSPARENT");
    icalendar_end(out, "VEVENT");
}

static bool draw(struct api_call *call, struct tx *tx, int64_t account_id, struct err *err)
{
    autofree(conf) struct conf *conf = notifier_conf(call->services->notifier);
    autofree(str) char *public_url = notifier_public_url(conf);
    autofree(account_row) struct account_row *account = NULL;
    struct drawing drawing = { call->body_out, public_url };
    struct store_viewer viewer = { .account_id = account_id };

    if (!store_account_get(tx, account_id, &account, err))
        return false;
    viewer.sees_all = strcmp(account->role, "user") != 0;
    icalendar_begin(call->body_out, "VCALENDAR");
    icalendar_add_raw(call->body_out, "VERSION", "2.0");
    icalendar_add_raw(call->body_out, "PRODID", "-//certdesk//certificates//EN");
    icalendar_add_raw(call->body_out, "METHOD", "PUBLISH");
    icalendar_add_raw(call->body_out, "X-WR-CALNAME", "Certificates");
    icalendar_add_raw(call->body_out, "REFRESH-INTERVAL;VALUE=DURATION", "PT6H");
    if (!store_calendar_entries(tx, &viewer, call->now - PAST_SECONDS, ENTRIES_MAX, draw_entry,
            &drawing, err))
        return false;
    icalendar_end(call->body_out, "VCALENDAR");
    return buf_check(call->body_out, "the calendar", err);
}

/* Not more than once an hour: a subscription is asked for often. */
static bool note_use(struct api_call *call, int64_t id, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(call->db, TX_WRITE, &tx, err) &&
           store_calendar_feed_touch(tx, id, call->now, err) && tx_commit(take(&tx), err);
}

static bool find_feed(struct api_call *call, struct tx *tx, int64_t *ret_id, int64_t *ret_account,
    struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    const char *token = query_text(query, "token", 200);
    uint8_t hash[SHA256_SIZE];

    if (!query_end(query, err))
        return false;
    digest_sha256(span_text(token), hash);
    if (!store_calendar_feed_find(tx, hash, call->now, ret_id, ret_account, err))
        return false;
    if (!*ret_account)
        return fail(err, ERR_NOT_FOUND, "there is no such calendar");
    return true;
}

/* The content's own hash: the calendar is the same until a certificate changes. */
static void tag(struct api_call *call)
{
    uint8_t hash[SHA256_SIZE];
    uint64_t number = 0;

    digest_sha256(buf_span(call->body_out), hash);
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | hash[i];
    call->etag = (int64_t)(number >> 2) + 1;
    if (call->etag == call->if_none_match) {
        call->status = 304;
        buf_clear(call->body_out);
    }
}

static bool calendar_show(struct api_call *call, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t id = 0;
    int64_t account_id = 0;

    if (!tx_begin(call->db, TX_READ, &tx, err) || !find_feed(call, tx, &id, &account_id, err) ||
        !draw(call, tx, account_id, err))
        return false;
    tx_free(take(&tx));
    call->media_type = "text/calendar; charset=utf-8";
    (void)snprintf(call->filename, sizeof call->filename, "certificates.ics");
    tag(call);
    return !id || note_use(call, id, err);
}

const struct api_route calendar_routes[] = {
    { "GET", "/calendar", ROLE_USER, API_READS, calendar_list, 0 },
    { "POST", "/calendar", ROLE_USER, API_WRITES, calendar_create, 0 },
    { "DELETE", "/calendar/{id}", ROLE_USER, API_WRITES | API_BODY_NONE, calendar_delete, 0 },
    { "GET", "/calendar.ics", ROLE_PUBLIC, API_NO_TX | API_REPLY_RAW, calendar_show, 0 },
    { 0 },
};
