/* net/syslog: where the settings may send to. What arrives is seen by tests/scenario/test_audit.py.
 */
#include "testing.h"

#include "base/err.h"
#include "net/syslog.h"

static void every_kind_of_target_is_read(void **state)
{
    static const struct {
        const char *text;
        struct syslog_target target;
    } cases[] = {
        { "none", { .transport = SYSLOG_NONE } },
        { "local", { .transport = SYSLOG_UNIX, .path = "/dev/log" } },
        { "unix:/run/log", { .transport = SYSLOG_UNIX, .path = "/run/log" } },
        { "udp:logs.example", { .transport = SYSLOG_UDP, .host = "logs.example", .port = "514" } },
        { "udp:[::1]:5514", { .transport = SYSLOG_UDP, .host = "::1", .port = "5514" } },
        { "tcp:192.0.2.1:601", { .transport = SYSLOG_TCP, .host = "192.0.2.1", .port = "601" } },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct syslog_target target;
        struct err err = { 0 };

        assert_works(syslog_target_parse(cases[i].text, &target, &err), &err);
        assert_int_equal(target.transport, cases[i].target.transport);
        assert_string_equal(target.path, cases[i].target.path);
        assert_string_equal(target.host, cases[i].target.host);
        assert_string_equal(target.port, cases[i].target.port);
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const cases[] = { "", "syslog", "unix:log", "unix:", "udp:", "udp:host:0",
        "tcp:host:70000", "http:host" };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct syslog_target target;
        struct err err = { 0 };

        assert_fails(syslog_target_parse(cases[i], &target, &err), &err, ERR_INVALID);
    }
}

static void a_socket_that_is_not_there_is_told(void **state)
{
    struct syslog_target target;
    struct err err = { 0 };

    (void)state;
    assert_works(syslog_target_parse("unix:/nonexistent/log", &target, &err), &err);
    assert_fails(syslog_send(&target, "words", 0, &err), &err, ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_target_is_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_socket_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
