/*
 * net/http_server against the requests of llhttp's own tests, each sent to a real server.
 *
 * Verdicts are compared row by row. Where ours differs, the row is in the table below with the
 * reason; a row that no longer differs must leave the table.
 */
#include "testing.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/parse.h"
#include "testing_http.h"

static const char method[] = "501: a method that no address here takes";
static const char host[] = "the Host is malformed (RFC 9110, 7.2)";
static const char extension[] = "Debian's llhttp refuses it, and nobody sends extensions";
static const char fragment[] = "a fragment is not part of a target (RFC 9112, 3.2)";

static const struct {
    int64_t number;
    const char *reason;
} deviations[] = {
    { 3, "what follows the last request of a connection is not read at all" },
    { 33, "the second is the body of the first; llhttp's test was told to skip bodies" },
    { 73, method },
    { 74, method },
    { 75, method },
    { 76, method },
    { 77, method },
    { 79, method },
    { 80, method },
    { 81, method },
    { 82, method },
    { 83, method },
    { 84, "neither ICE nor RTSP is spoken here" },
    { 85, "neither ICE nor RTSP is spoken here" },
    { 86, "neither ICE nor RTSP is spoken here" },
    { 87, method },
    { 88, method },
    { 105, host },
    { 106, host },
    { 112, "HTTP/0.9 is not spoken here" },
    { 127, extension },
    { 130, extension },
    { 140, fragment },
    { 141, fragment },
    { 159, fragment },
    { 160, method },
    { 161, "a user in the target (RFC 9110, 4.2.4)" },
};

static struct testing_http *rig;

static char *oracle_path(const char *name)
{
    const char *root = getenv("CERTDESK_ORACLES");

    return xasprintf("%s/http/%s", root ? root : "../shared/oracles", name);
}

static const char *deviation(int64_t number)
{
    for (size_t i = 0; i < countof(deviations); i++)
        if (deviations[i].number == number)
            return deviations[i].reason;
    return NULL;
}

#define REFUSED (-1)

/* How many requests in these bytes were given to the application, or that the server refused one.
 */
static int64_t try_bytes(struct span raw, const char *rest, char *why, size_t why_size)
{
    autodone(buf) struct buf in = BUF_INIT(1 << 20);
    autoclose int fd = testing_connect(rig->port);
    struct http_seen seen[16] = { 0 };
    size_t n;
    int64_t n_taken = 0;

    testing_http_forget_seen();
    testing_send(fd, raw.data, raw.size);
    testing_send_text(fd, rest);
    (void)shutdown(fd, SHUT_WR);
    (void)testing_receive(fd, &in, NULL);
    testing_wait_until(testing_http_stats(rig).n_active == 0);
    n = testing_http_seen(seen, 0);
    assert_true(n <= countof(seen));
    (void)testing_http_seen(seen, n);
    for (size_t i = 0; i < n; i++) {
        n_taken += seen[i].status == 200;
        if (seen[i].refusal[0]) {
            (void)snprintf(why, why_size, "%d %s", seen[i].status, seen[i].refusal);
            return REFUSED;
        }
    }
    (void)snprintf(why, why_size, "%" PRId64 " taken", n_taken);
    return n_taken;
}

/* Give every request that has none a Host, which llhttp does not ask for and RFC 9112 does. */
static void add_hosts(const struct buf *raw, struct buf *out)
{
    static const char line_end[] = " HTTP/1.1\r\n";
    struct span rest = buf_span(raw);
    size_t at;

    if (strcasestr(buf_text(raw), "\nhost:")) {
        buf_add_span(out, rest);
        return;
    }
    while ((at = span_find(rest, span_text(line_end))) != SIZE_MAX) {
        at += strlen(line_end);
        buf_add_span(out, span_slice(rest, 0, at));
        buf_add_text(out, "Host: example.org\r\n");
        rest = span_slice(rest, at, SIZE_MAX);
    }
    buf_add_span(out, rest);
}

/* Is ours the oracle's verdict? */
static bool agrees(const struct buf *raw, struct span verdict, int64_t n_complete, char why[200])
{
    autodone(buf) struct buf hosted = BUF_INIT(1 << 20);
    int64_t n_taken;

    add_hosts(raw, &hosted);
    if (span_is(verdict, "accept")) {
        n_taken = try_bytes(buf_span(&hosted), "", why, 200);
        if (n_taken != REFUSED && n_taken < n_complete) /* the files lack the last line's end */
            n_taken = try_bytes(buf_span(&hosted), "\r\n", why, 200);
        return n_taken != REFUSED && n_taken >= n_complete;
    }
    n_taken = try_bytes(buf_span(raw), "", why, 200);
    if (span_is(verdict, "reject") && n_taken == 0)
        n_taken = try_bytes(buf_span(&hosted), "\r\n\r\n", why, 200);
    /* Modes of leniency are not ours; all that counts is that nothing bad comes of it. */
    return n_taken == REFUSED || span_is(verdict, "lenient-mode-case");
}

static bool judge(struct span line)
{
    struct span part[8] = { 0 };
    autodone(buf) struct buf raw = BUF_INIT(1 << 20);
    autofree(str) char *name = NULL;
    autofree(str) char *path = NULL;
    struct err err = { 0 };
    char why[200];
    const char *reason;
    int64_t number, n_complete;
    bool is_agreed;

    for (size_t i = 0; i < countof(part) && span_split(&line, '\t', &part[i]); i++)
        ;
    name = xasprintf("req/%.*s", (int)part[0].size, (const char *)part[0].data);
    path = oracle_path(name);
    assert_works(parse_i64(span_slice(part[0], 0, 3), 1, 999, &number, &err), &err);
    assert_works(fs_read(path, &raw, &err), &err);
    assert_works(parse_i64(span_trim(part[7]), 0, 9, &n_complete, &err), &err);
    is_agreed = agrees(&raw, part[4], n_complete, why);
    reason = deviation(number);
    if (is_agreed == !reason)
        return true;
    print_error("%03" PRId64 " \"%.*s\": the oracle says %.*s, we say %s; listed: %s\n", number,
        (int)part[2].size, (const char *)part[2].data, (int)part[4].size,
        (const char *)part[4].data, why, reason ? reason : "no");
    return false;
}

static void agrees_with_the_oracle(void **state)
{
    autodone(buf) struct buf table = BUF_INIT(1 << 20);
    autofree(str) char *path = oracle_path("expect.tsv");
    struct http_limits limits = testing_http_limits();
    struct span rest, line;
    struct err err = { 0 };
    size_t n = 0, n_agree = 0;

    (void)state;
    if (!fs_read(path, &table, &err)) {
        print_message("skipped: %s\n", err.msg);
        skip();
    }
    rig = testing_http_start(&limits, NULL, NULL);
    rest = buf_span(&table);
    (void)span_split(&rest, '\n', &line);
    while (span_split(&rest, '\n', &line))
        if (line.size > 0) {
            n++;
            n_agree += judge(line);
        }
    testing_http_stop(rig);
    assert_true(n >= 162);
    assert_int_equal(n_agree, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_oracle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
