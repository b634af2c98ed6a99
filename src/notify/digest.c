/* notify/digest: see the header. */
#include "notify/digest.h"

#include <string.h>

#include "base/clock.h"

struct group {
    const char *title;
    int64_t from; /* days left, both ends included */
    int64_t to;
};

static const struct group groups[] = {
    { "Expired", INT64_MIN, -1 },
    { "Within 7 days", 0, 7 },
    { "Within 30 days", 8, 30 },
    { "Later", 31, INT64_MAX },
};

/* What is not about an end has no urgency: one group. */
static const struct group only_group[] = { { "", INT64_MIN, INT64_MAX } };

static bool is_event(const struct notice *notice, const char *event)
{
    return strcmp(notice->delivery->event, event) == 0;
}

int64_t digest_days_left(const struct notice *notice, const struct delivery_item_row *item)
{
    return clock_days_between(notice->delivery->created_at, item->expires_at);
}

static int64_t count_expired(const struct notice *notice)
{
    int64_t n = 0;

    for (size_t i = 0; i < notice->items->n; i++)
        n += digest_days_left(notice, &notice->items->items[i]) < 0;
    return n;
}

static void add_day(struct buf *out, int64_t at)
{
    char text[CLOCK_RFC3339_SIZE];

    buf_addf(out, "%.10s", clock_rfc3339(at, text));
}

static void add_days(struct buf *out, int64_t days)
{
    buf_addf(out, "%" PRId64 " day%s", days, days == 1 ? "" : "s");
}

void digest_add_what(const struct notice *notice, const struct delivery_item_row *item,
    struct buf *out)
{
    int64_t days = digest_days_left(notice, item);

    if (item->expires_at == 0 || item->detail[0]) {
        buf_add_text(out, item->detail);
        return;
    }
    if (days < 0) {
        buf_add_text(out, "has expired ");
        add_days(out, -days);
        buf_add_text(out, " ago, on ");
    } else if (days == 0) {
        buf_add_text(out, "expires within a day, on ");
    } else {
        buf_add_text(out, "expires in ");
        add_days(out, days);
        buf_add_text(out, ", on ");
    }
    add_day(out, item->expires_at);
}

void digest_add_url(const struct notice *notice, const struct delivery_item_row *item,
    struct buf *out)
{
    if (notice->public_url[0] && item->ticket[0])
        buf_addf(out, "%s/tickets/%s", notice->public_url, item->ticket);
    else if (notice->public_url[0])
        buf_addf(out, "%s/certificates/%" PRId64, notice->public_url, item->certificate_id);
}

static void subject_of_many(const struct notice *notice, struct buf *out)
{
    int64_t expired = count_expired(notice);
    int64_t n = notice->n_total;

    if (is_event(notice, EVENT_UNREACHABLE))
        buf_addf(out, "%" PRId64 " certificates cannot be checked", n);
    else if (is_event(notice, EVENT_RECOVERED))
        buf_addf(out, "%" PRId64 " certificates can be checked again", n);
    else if (is_event(notice, EVENT_RENEWED))
        buf_addf(out, "%" PRId64 " certificates have been replaced", n);
    else if (is_event(notice, EVENT_TICKET))
        buf_add_text(out, "News of your tickets");
    else if (expired == 0)
        buf_addf(out, "%" PRId64 " certificates expire", n);
    else if (expired == n)
        buf_addf(out, "%" PRId64 " certificates have expired", n);
    else
        buf_addf(out, "%" PRId64 " certificates expire, %" PRId64 " of them ha%s already", n,
            expired, expired == 1 ? "s" : "ve");
}

void digest_subject(const struct notice *notice, struct buf *out)
{
    if (is_event(notice, EVENT_TEST))
        buf_add_text(out, "A test from certdesk");
    else if (notice->items->n == 0)
        buf_add_text(out, "Nothing left to tell");
    else if (notice->n_total > 1)
        subject_of_many(notice, out);
    else {
        buf_addf(out, "%.200s ", notice->items->items[0].certificate);
        digest_add_what(notice, &notice->items->items[0], out);
    }
}

static const struct group *groups_of(const struct notice *notice, size_t *ret_n)
{
    bool by_urgency = is_event(notice, EVENT_EXPIRY);

    *ret_n = by_urgency ? countof(groups) : countof(only_group);
    return by_urgency ? groups : only_group;
}

static bool is_in(const struct notice *notice, const struct group *group,
    const struct delivery_item_row *item)
{
    int64_t days = digest_days_left(notice, item);

    return days >= group->from && days <= group->to;
}

static size_t count_in(const struct notice *notice, const struct group *group)
{
    size_t n = 0;

    for (size_t i = 0; i < notice->items->n; i++)
        n += is_in(notice, group, &notice->items->items[i]);
    return n;
}

static const char *opening(const struct notice *notice)
{
    if (is_event(notice, EVENT_TEST))
        return "This is a test. Whoever asked for it now knows that mails from certdesk arrive.";
    if (is_event(notice, EVENT_EXPIRY))
        return "These certificates end soon, or have ended. Replace them in time, or tell certdesk"
               " that they are not needed any more.";
    if (is_event(notice, EVENT_UNREACHABLE))
        return "Where these certificates are served, nobody has answered for a while."
               " What was last seen there still counts.";
    if (is_event(notice, EVENT_RECOVERED))
        return "Where these certificates are served, somebody answers again.";
    if (is_event(notice, EVENT_TICKET))
        return "This is what happened in tickets that are yours, that you watch, or that ask for your approval.";
    return "These certificates have been replaced everywhere.";
}

static const char *reason_of(const struct notice *notice)
{
    return is_event(notice, EVENT_TICKET)
               ? "You get this because you watch these tickets, may approve them, or have been"
                 " assigned to them."
               : "You get this because you own these certificates, are assigned to them,"
                 " or share them and wish to be told.";
}

/* Text from outside on one line. */
static void add_line(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++)
        buf_add_char(out, (unsigned char)*p < ' ' ? ' ' : *p);
}

static void text_item(const struct notice *notice, const struct delivery_item_row *item,
    struct buf *out)
{
    autodone(buf) struct buf what = BUF_INIT(4096);

    digest_add_what(notice, item, &what);
    buf_add_text(out, "* ");
    add_line(out, item->certificate);
    buf_add_text(out, "\n  ");
    add_line(out, buf_text(&what));
    if (item->endpoint[0] && item->expires_at)
        buf_addf(out, "; served at %s", item->endpoint);
    if (item->issuer[0]) {
        buf_add_text(out, "; issued by ");
        add_line(out, item->issuer);
    }
    if (item->owner[0])
        buf_addf(out, "; owner %s", item->owner);
    buf_add_char(out, '\n');
    if (notice->public_url[0]) {
        buf_add_text(out, "  ");
        digest_add_url(notice, item, out);
        buf_add_char(out, '\n');
    }
}

static int64_t left_out(const struct notice *notice)
{
    return notice->n_total - (int64_t)notice->items->n;
}

void digest_text(const struct notice *notice, struct buf *out)
{
    size_t n_groups;
    const struct group *group = groups_of(notice, &n_groups);

    buf_addf(out, "%s\n", opening(notice));
    for (size_t g = 0; g < n_groups; g++) {
        size_t n = count_in(notice, &group[g]);

        if (n == 0)
            continue;
        if (group[g].title[0])
            buf_addf(out, "\n%s (%zu)\n", group[g].title, n);
        buf_add_char(out, '\n');
        for (size_t i = 0; i < notice->items->n; i++)
            if (is_in(notice, &group[g], &notice->items->items[i]))
                text_item(notice, &notice->items->items[i], out);
    }
    if (left_out(notice) > 0)
        buf_addf(out, "\nand %" PRId64 " more\n", left_out(notice));
    if (!is_event(notice, EVENT_TEST))
        buf_addf(out, "\n-- \n%s\n", reason_of(notice));
    if (notice->public_url[0])
        buf_addf(out, "%s\n", notice->public_url);
}

static void add_escaped(struct buf *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        switch (*p) {
        case '&':
            buf_add_text(out, "&amp;");
            break;
        case '<':
            buf_add_text(out, "&lt;");
            break;
        case '>':
            buf_add_text(out, "&gt;");
            break;
        case '"':
            buf_add_text(out, "&quot;");
            break;
        case '\'':
            buf_add_text(out, "&#39;");
            break;
        default:
            buf_add_char(out, (unsigned char)*p < ' ' ? ' ' : *p);
            break;
        }
    }
}

#define CELL "<td style=\"padding:4px 12px 4px 0;vertical-align:top\">"

static void html_item(const struct notice *notice, const struct delivery_item_row *item,
    struct buf *out)
{
    autodone(buf) struct buf what = BUF_INIT(4096);
    autodone(buf) struct buf url = BUF_INIT(4096);

    digest_add_what(notice, item, &what);
    digest_add_url(notice, item, &url);
    buf_add_text(out, "<tr>" CELL);
    if (url.size > 0) {
        buf_add_text(out, "<a href=\"");
        add_escaped(out, buf_text(&url));
        buf_add_text(out, "\">");
    }
    add_escaped(out, item->certificate);
    buf_add_text(out, url.size > 0 ? "</a></td>\n" CELL : "</td>\n" CELL);
    add_escaped(out, buf_text(&what));
    buf_add_text(out, "</td>\n" CELL);
    add_escaped(out, item->endpoint);
    buf_add_text(out, "</td>\n" CELL);
    add_escaped(out, item->issuer);
    buf_add_text(out, "</td>\n" CELL);
    add_escaped(out, item->owner);
    buf_add_text(out, "</td></tr>\n");
}

static void html_group(const struct notice *notice, const struct group *group, size_t n,
    struct buf *out)
{
    if (group->title[0])
        buf_addf(out, "<h2 style=\"font-size:16px\">%s (%zu)</h2>\n", group->title, n);
    buf_add_text(out, "<table style=\"border-collapse:collapse\">\n<tr style=\"text-align:left\">"
                      "<th>Certificate</th><th>What</th><th>Served at</th><th>Issuer</th>"
                      "<th>Owner</th></tr>\n");
    for (size_t i = 0; i < notice->items->n; i++)
        if (is_in(notice, group, &notice->items->items[i]))
            html_item(notice, &notice->items->items[i], out);
    buf_add_text(out, "</table>\n");
}

void digest_html(const struct notice *notice, struct buf *out)
{
    size_t n_groups;
    const struct group *group = groups_of(notice, &n_groups);

    buf_add_text(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                      "<title>certdesk</title></head>\n"
                      "<body style=\"font-family:sans-serif;font-size:14px\">\n<p>");
    add_escaped(out, opening(notice));
    buf_add_text(out, "</p>\n");
    for (size_t g = 0; g < n_groups; g++) {
        size_t n = count_in(notice, &group[g]);

        if (n > 0)
            html_group(notice, &group[g], n, out);
    }
    if (left_out(notice) > 0)
        buf_addf(out, "<p>and %" PRId64 " more</p>\n", left_out(notice));
    if (!is_event(notice, EVENT_TEST))
        buf_addf(out, "<p style=\"color:#666\">%s</p>\n", reason_of(notice));
    buf_add_text(out, "</body></html>\n");
}
