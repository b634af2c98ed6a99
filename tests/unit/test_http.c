/* net/http, net/http_reply, net/http_body, net/http_peers: the parts of the server, one by one. */
#include "testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "net/addr.h"
#include "net/http.h"
#include "net/http_body.h"
#include "net/http_peers.h"
#include "net/http_reply.h"

static void dates_are_as_rfc_9110_wants_them(void **state)
{
    static const struct {
        int64_t at;
        const char *text;
    } cases[] = {
        { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* RFC 9110, 5.6.7 */
        { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
        { 1795242600, "Sat, 21 Nov 2026 06:30:00 GMT" },
    };
    char field[HTTP_DATE_SIZE];

    (void)state;
    for (size_t i = 0; i < countof(cases); i++)
        assert_string_equal(http_date(cases[i].at, field), cases[i].text);
}

static void queries_are_cut_and_decoded(void **state)
{
    static const struct {
        const char *query;
        const char *pairs;
        bool is_bad;
    } cases[] = {
        { "", "", false },
        { "a=1&b=2", "[a|1][b|2]", false },
        { "a+b=c%2Bd%26", "[a b|c+d&]", false },
        { "&&a&=b&c=d=e&", "[a|][|b][c|d=e]", false },
        { "a=%C3%A9", "[a|\xc3\xa9]", false },
        { "a=1&b=%zz&c=3", "[a|1]", true },
        { "a=%", "", true },
        { "a=%00", "", true },
        { "%ff=1", "", true },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(buf) struct buf seen = BUF_INIT(1000);
        struct span rest = span_text(cases[i].query);
        char *name, *value;
        bool is_bad = false;

        while (http_query_next(&rest, &name, &value, &is_bad)) {
            buf_addf(&seen, "[%s|%s]", name, value);
            free(name);
            free(value);
        }
        assert_string_equal(buf_text(&seen), cases[i].pairs);
        assert_int_equal(is_bad, cases[i].is_bad);
    }
}

static void media_types_are_compared_without_parameters(void **state)
{
    static const struct {
        const char *value;
        bool is_json;
    } cases[] = {
        { "application/json", true },
        { "Application/JSON ; charset=utf-8", true },
        { "application/json-patch", false },
        { "text/plain; application/json", false },
        { "", false },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct http_field field = { "content-type", cases[i].value };
        struct http_request request = { .fields = &field, .n_fields = 1 };

        assert_int_equal(http_request_is_type(&request, "application/json"), cases[i].is_json);
    }
    assert_false(http_request_is_type(&(struct http_request){ 0 }, "application/json"));
}

/* No value that an application passes on can begin another field. */
static void fields_that_would_break_the_reply_make_a_500(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        bool is_fine;
    } cases[] = {
        { "X-Name", "a value\twith a tab, and \xc3\xa9", true },
        { "X-Name", "", true },
        { "X-Name", "a\r\nB: c", false },
        { "X-Name", "a\nB: c", false },
        { "X-Name", "a\rB", false },
        { "X-Name", "\x01", false },
        { "X Name", "a", false },
        { "X-Name:", "a", false },
        { "", "a", false },
        { "content-length", "1", false },
        { "Transfer-Encoding", "chunked", false },
        { "CONNECTION", "close", false },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autofree(http_reply) struct http_reply *reply = http_reply_new();
        struct span value;

        http_reply_field(reply, cases[i].name, cases[i].value);
        assert_int_equal(http_reply_get_status(reply), cases[i].is_fine ? 200 : 500);
        assert_int_equal(http_reply_find_field(reply, cases[i].name, &value), cases[i].is_fine);
    }
}

static void a_body_that_overflowed_makes_a_500(void **state)
{
    autofree(http_reply) struct http_reply *reply = http_reply_new();
    autodone(buf) struct buf body = BUF_INIT(3);

    (void)state;
    buf_add_text(&body, "too much");
    http_reply_take_body(reply, &body);
    assert_int_equal(http_reply_get_status(reply), 500);
}

static void large_bodies_wait_in_a_file_nobody_else_can_open(void **state)
{
    struct http_body body;
    struct err err = { 0 };
    struct stat info;
    char back[12] = "";

    (void)state;
    http_body_init(&body, 6, NULL);
    body.max = 11;
    assert_works(http_body_add(&body, SPAN_LITERAL("hello "), &err), &err);
    assert_int_equal(body.fd, -1);
    assert_true(span_is(http_body_span(&body), "hello "));
    assert_works(http_body_add(&body, SPAN_LITERAL("world"), &err), &err);
    assert_true(body.fd >= 0);
    assert_int_equal(http_body_span(&body).size, 0);
    assert_int_equal(pread(body.fd, back, 11, 0), 11);
    assert_string_equal(back, "hello world");
    assert_int_equal(fstat(body.fd, &info), 0);
    assert_int_equal(info.st_nlink, 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_fails(http_body_add(&body, SPAN_LITERAL("!"), &err), &err, ERR_LIMIT);
    http_body_done(&body);
}

static void a_body_that_cannot_be_kept_is_an_error(void **state)
{
    struct http_body body;
    struct err err = { 0 };

    (void)state;
    http_body_init(&body, 1, "/nonexistent");
    body.max = 100;
    assert_fails(http_body_add(&body, SPAN_LITERAL("hello"), &err), &err, ERR_UNAVAILABLE);
    http_body_done(&body);
}

static void secret_bodies_never_touch_a_file(void **state)
{
    struct http_body body;
    struct err err = { 0 };

    (void)state;
    http_body_init(&body, 6, "/nonexistent");
    body.max = 1000000;
    body.is_secret = true;
    for (int i = 0; i < 100000; i++)
        assert_works(http_body_add(&body, SPAN_LITERAL("0123456789"), &err), &err);
    assert_int_equal(body.fd, -1);
    assert_int_equal(http_body_span(&body).size, 1000000);
    assert_memory_equal(http_body_span(&body).data + 999990, "0123456789", 10);
    assert_fails(http_body_add(&body, SPAN_LITERAL("!"), &err), &err, ERR_LIMIT);
    http_body_done(&body);
}

static void counts_connections_by_address_and_by_network(void **state)
{
    static struct http_peers peers;
    struct net_addr v4, v6, neighbour, other;

    (void)state;
    assert_true(addr_parse(SPAN_LITERAL("192.0.2.1"), &v4));
    assert_true(addr_parse(SPAN_LITERAL("2001:db8::1"), &v6));
    assert_true(addr_parse(SPAN_LITERAL("2001:db8::ffff:2"), &neighbour));
    assert_true(addr_parse(SPAN_LITERAL("2001:db8:0:1::1"), &other));
    http_peers_init(&peers);
    assert_true(http_peers_add(&peers, &v4, 1));
    assert_false(http_peers_add(&peers, &v4, 1));
    assert_true(http_peers_add(&peers, &v6, 1));
    assert_false(http_peers_add(&peers, &neighbour, 1)); /* of the same /64 */
    assert_true(http_peers_add(&peers, &other, 1));
    http_peers_remove(&peers, &v4);
    assert_true(http_peers_add(&peers, &v4, 1));
    http_peers_remove(&peers, &neighbour);
    assert_true(http_peers_add(&peers, &v6, 1));
    http_peers_done(&peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_as_rfc_9110_wants_them),
        cmocka_unit_test(queries_are_cut_and_decoded),
        cmocka_unit_test(media_types_are_compared_without_parameters),
        cmocka_unit_test(fields_that_would_break_the_reply_make_a_500),
        cmocka_unit_test(a_body_that_overflowed_makes_a_500),
        cmocka_unit_test(large_bodies_wait_in_a_file_nobody_else_can_open),
        cmocka_unit_test(a_body_that_cannot_be_kept_is_an_error),
        cmocka_unit_test(secret_bodies_never_touch_a_file),
        cmocka_unit_test(counts_connections_by_address_and_by_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
