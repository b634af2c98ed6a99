/* codec: the small readers of text: host and port, schedules, URLs, base64, mail addresses. What is
 * read is within its bounds; what is written of it stays one line of its kind. */
#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/base64.h"
#include "codec/cron.h"
#include "codec/hostport.h"
#include "codec/icalendar.h"
#include "codec/mime.h"
#include "codec/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_schedule(struct span text)
{
    struct cron cron;
    struct err err = { 0 };
    int64_t runs[5];
    int64_t last = INT64_C(1800000000);

    if (!cron_parse(text, &cron, &err))
        return;
    cron_next_runs(&cron, last, 0, runs, countof(runs));
    for (size_t i = 0; i < countof(runs); i++) {
        ASSERT(runs[i] > last && runs[i] % 60 == 0);
        last = runs[i];
    }
}

static void read_url(struct span text)
{
    autodone(buf) struct buf name = BUF_INIT(1U << 20);
    autodone(buf) struct buf value = BUF_INIT(1U << 20);
    struct err err = { 0 };
    bool is_bad = false;

    if (url_decode(text, false, &value, &err))
        ASSERT(parse_is_utf8(buf_span(&value)));
    for (struct span rest = text; url_query_next(&rest, &name, &value, &is_bad) || is_bad;)
        ASSERT(is_bad || parse_is_utf8(buf_span(&name)));
    buf_clear(&name);
    url_encode(text, &name);
    buf_clear(&value);
    ASSERT(url_decode(buf_span(&name), true, &value, &err) == parse_is_utf8(text));
}

static void read_base64(struct span text)
{
    autodone(buf) struct buf bytes = BUF_INIT(1U << 20);
    autodone(buf) struct buf again = BUF_INIT(2U << 20);
    struct err err = { 0 };

    if (!base64_decode(text, &bytes, &err))
        return;
    base64_encode(buf_span(&bytes), &again);
    ASSERT(span_equal(buf_span(&again), text));
}

/* Each line but the first continues the one before it: nothing begins a field of its own. */
static void check_lines(struct span text, size_t max)
{
    struct span line;
    bool is_first = true;

    while (span_split(&text, '\n', &line) && line.size > 0) {
        ASSERT(span_find_char(line, '\r') == line.size - 1 && line.size <= max + 1);
        ASSERT(is_first || line.data[0] == ' ');
        is_first = false;
    }
}

static void write_mail(struct span text)
{
    autodone(buf) struct buf out = BUF_INIT(4U << 20);
    struct mime_mailbox mailbox;
    struct err err = { 0 };

    mime_add_field(&out, "Subject", text);
    check_lines(buf_span(&out), 998);
    if (mime_mailbox_parse(text, &mailbox, &err)) {
        ASSERT(mime_address_check(span_text(mailbox.address), &err));
        buf_clear(&out);
        mime_add_mailbox(&out, "From", &mailbox);
        check_lines(buf_span(&out), 998);
    }
    if (!parse_is_utf8(text) || text.size > 4096)
        return;
    autofree(str) char *copy = span_dup(text);

    buf_clear(&out);
    icalendar_add_text(&out, "SUMMARY", copy);
    check_lines(buf_span(&out), 75);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span text = span_of(data, size);
    struct hostport found = { 0 };
    struct err err = { 0 };

    if (size > 65536)
        return 0;
    if (hostport_parse(text, &found, &err))
        ASSERT(found.host.size > 0 && found.port >= 0 && found.port <= 65535);
    read_schedule(text);
    read_url(text);
    read_base64(text);
    write_mail(text);
    return 0;
}
