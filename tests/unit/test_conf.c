/* conf: what a file, the environment and the command line say, and what is told when they are
 * wrong. */
#include "testing.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "conf/conf.h"
#include "conf/schema.h"

static void every_row_of_the_table_is_complete(void **state)
{
    (void)state;
    for (int i = 0; i < CONF_N_KEYS; i++) {
        const struct conf_item *item = conf_item((enum conf_key)i);

        assert_non_null(item->section);
        assert_non_null(item->name);
        assert_non_null(item->summary);
        assert_true(strlen(item->summary) > 10);
        assert_true(item->summary[strlen(item->summary) - 1] != '.');
        assert_true((item->type == CONF_ENUM || item->type == CONF_URL) == (item->choices != NULL));
        if (item->type == CONF_I64 || item->type == CONF_DURATION || item->type == CONF_SIZE)
            assert_true(item->max > item->min && item->fallback != NULL);
    }
}

static struct conf *load(const char *text)
{
    struct conf *conf = NULL;
    struct err err = { 0 };

    assert_works(conf_load_text("certdesk.conf", span_text(text), &conf, &err), &err);
    return conf;
}

static void without_a_file_there_are_defaults(void **state)
{
    (void)state;
    autofree(conf) struct conf *conf = load("");
    uint16_t port = 0;

    assert_string_equal(conf_address(conf, CONF_SERVER_LISTEN, &port), "127.0.0.1");
    assert_int_equal(port, 8080);
    assert_int_equal(conf_i64(conf, CONF_PROBE_HANDSHAKE_TIMEOUT), 10000);
    assert_int_equal(conf_i64(conf, CONF_DATABASE_CACHE), 8 << 20);
    assert_int_equal(conf_i64(conf, CONF_LOG_LEVEL), 2);
    assert_false(conf_is_set(conf, CONF_DATABASE_URL));
    assert_string_equal(conf_origin(conf, CONF_SERVER_LISTEN), "default");
}

static void a_file_is_read(void **state)
{
    (void)state;
    autofree(conf) struct conf *conf = load("# a comment\n"
                                            "[server]\r\n"
                                            "   listen = [::1]:0 ; why not\n"
                                            "workers=2\n"
                                            "\n"
                                            "[probe]\n"
                                            "allow = 127.0.0.0/8, ::1\n"
                                            "allow = 169.254.0.0/16\n"
                                            "connect_timeout = 1500ms\n"
                                            "total_timeout = 2 m");
    uint16_t port = 1;

    assert_string_equal(conf_address(conf, CONF_SERVER_LISTEN, &port), "::1");
    assert_int_equal(port, 0);
    assert_int_equal(conf_i64(conf, CONF_SERVER_WORKERS), 2);
    assert_string_equal(conf_text(conf, CONF_PROBE_ALLOW), "127.0.0.0/8, ::1, 169.254.0.0/16");
    assert_int_equal(conf_i64(conf, CONF_PROBE_CONNECT_TIMEOUT), 1500);
    assert_int_equal(conf_i64(conf, CONF_PROBE_TOTAL_TIMEOUT), 120000);
    assert_string_equal(conf_origin(conf, CONF_SERVER_WORKERS), "certdesk.conf:4");
}

#define TEN "0123456789"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *text;
    const char *says;
} rejected[] = {
    { "[server]\nlisen = 1.2.3.4:5\n",
        "certdesk.conf:2: unknown setting \"lisen\" in section [server]; did you mean \"listen\"?" },
    { "[server]\nallow = ::1\n",
        "certdesk.conf:2: unknown setting \"allow\" in section [server]; it belongs to section "
        "[probe]" },
    { "[server]\nfrobnicate = 1\n",
        "certdesk.conf:2: unknown setting \"frobnicate\" in section [server]" },
    { "\n[sever]\nlisten = 1.2.3.4:5\n", "certdesk.conf:3: unknown section [sever]" },
    { "listen = 1.2.3.4:5\n", "certdesk.conf:1: setting \"listen\" before the first section" },
    { "[server]\n\nwhat is this\n", "certdesk.conf:3: neither a section" },
    { "[server\nworkers = 1\n", "certdesk.conf:1: neither a section" },
    { "[server]\nworkers = 65\n", "certdesk.conf:2: setting server.workers: " },
    { "[server]\nworkers = two\n", "certdesk.conf:2: setting server.workers: " },
    { "[server]\nworkers = 1\nworkers = 2\n",
        "certdesk.conf:3: setting server.workers was given in line 2 already" },
    { "[server]\nlisten = localhost:80\n", "\"localhost:80\" is not like 127.0.0.1:8080" },
    { "[server]\nlisten = 127.0.0.1\n", "is not like" },
    { "[server]\nlisten = ::1:80\n", "is not like" },
    { "[server]\nlisten = 127.0.0.1:70000\n", "the port" },
    { "[server]\ntls_cert = /x\n", "needed together" },
    { "[server]\nadmin_password = geheim\n",
        "certdesk.conf:2: setting server.admin_password is a secret and may not" },
    { "[server]\ndata =\n", "setting server.data is empty" },
    { "[server]\npublic_url = ftp://x\n", "begins with none of http://, https://" },
    { "[database]\nurl = mysql://me:geheim@x\n", "begins with none of sqlite://, postgresql://" },
    { "[database]\ncache = 8 rooms\n", "is not like 65536, 64k" },
    { "[database]\ncache = 1\n", "is not between" },
    { "[database]\ncache = 9999999999G\n", "is not like" },
    { "[probe]\nallow = 10.0.0.0/33\n", "\"10.0.0.0/33\" is neither an address nor a range" },
    { "[probe]\nallow = example.org\n", "\"example.org\" is neither" },
    { "[probe]\ndns_timeout = 5 parsecs\n", "is not like 500ms, 5s" },
    { "[probe]\ndns_timeout = 1ms\n", "is not between 100 and" },
    { "[log]\nlevel = loud\n", "\"loud\" is none of error, warning, info, debug" },
    { "[log]\nlevel = \xFF\n", "certdesk.conf:2: the line is not UTF-8 text" },
    { "[log]\nlevel = in\x01"
      "fo\n",
        "control characters" },
    { "[server]\n# " LONG "\n", "certdesk.conf:2: the line is longer than 197 bytes" },
};

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(rejected); i++) {
        struct conf *conf = NULL;
        struct err err = { 0 };

        assert_fails(conf_load_text("certdesk.conf", span_text(rejected[i].text), &conf, &err),
            &err, ERR_INVALID);
        assert_contains(err.msg, rejected[i].says);
        assert_null(conf);
        assert_null(strstr(err.msg, "geheim"));
    }
}

static void a_line_of_the_greatest_length_is_whole(void **state)
{
    (void)state;
    autodone(buf) struct buf text = BUF_INIT(1000);
    autofree(conf) struct conf *conf = NULL;
    struct err err = { 0 };

    buf_add_text(&text, "[probe]\nproxy = ");
    for (int i = 0; i < CONF_LINE_MAX - 8; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, "\nper_address = 3\n");
    assert_works(conf_load_text("f", buf_span(&text), &conf, &err), &err);
    assert_int_equal(strlen(conf_text(conf, CONF_PROBE_PROXY)), CONF_LINE_MAX - 8);
    assert_int_equal(conf_i64(conf, CONF_PROBE_PER_ADDRESS), 3);
}

/* Environment and command line: only the strings matter, and they live long enough. */
#define VARIABLE(text) ((char[]){ text })

static void the_later_source_wins(void **state)
{
    (void)state;
    char path[] = "/tmp/certdesk-conf-XXXXXX";
    int fd = mkstemp(path);
    struct err err = { 0 };
    autofree(conf) struct conf *conf = NULL;
    char *env[] = { VARIABLE("HOME=/"), VARIABLE("CERTDESK_SERVER_WORKERS=3"),
        VARIABLE("CERTDESK_PROBE_ALLOW=::1"), VARIABLE("CERTDESK_ADMIN_PASSWORD=a=b"),
        VARIABLE("CERTDESK_URL=http://elsewhere"), VARIABLE("CERTDESK_LOG_LEVEL="), NULL };
    struct conf_override override = { CONF_SERVER_LISTEN, "127.0.0.1:1", "--listen" };
    struct conf_sources sources = { .file = path,
        .env = env,
        .overrides = &override,
        .n_overrides = 1 };

    assert_true(fd >= 0);
    assert_works(fs_write_all(fd,
                     SPAN_LITERAL("[server]\nlisten = 127.0.0.1:2\nworkers = 5\n"
                                  "data = /x\n"),
                     &err),
        &err);
    fd_close(fd);
    assert_works(conf_load(&sources, &conf, &err), &err);
    (void)unlink(path);
    assert_string_equal(conf_text(conf, CONF_SERVER_LISTEN), "127.0.0.1:1");
    assert_string_equal(conf_origin(conf, CONF_SERVER_LISTEN), "--listen");
    assert_int_equal(conf_i64(conf, CONF_SERVER_WORKERS), 3);
    assert_string_equal(conf_origin(conf, CONF_SERVER_WORKERS), "CERTDESK_SERVER_WORKERS");
    assert_string_equal(conf_text(conf, CONF_SERVER_DATA), "/x");
    assert_string_equal(conf_text(conf, CONF_SERVER_ADMIN_PASSWORD), "a=b");
    assert_string_equal(conf_text(conf, CONF_PROBE_ALLOW), "::1");
    assert_int_equal(conf_i64(conf, CONF_LOG_LEVEL), 2);
}

static void a_wrong_variable_is_named(void **state)
{
    (void)state;
    char *unknown[] = { VARIABLE("CERTDESK_PROBE_ALOW=::1"), NULL };
    char *wrong[] = { VARIABLE("CERTDESK_PROBE_PER_ADDRESS=0"), NULL };
    struct conf_sources sources = { .env = unknown };
    struct conf *conf = NULL;
    struct err err = { 0 };

    assert_fails(conf_load(&sources, &conf, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "CERTDESK_PROBE_ALOW");
    sources.env = wrong;
    assert_fails(conf_load(&sources, &conf, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "CERTDESK_PROBE_PER_ADDRESS: setting probe.per_address");
    sources = (struct conf_sources){ .file = "/nowhere/certdesk.conf" };
    assert_fails(conf_load(&sources, &conf, &err), &err, ERR_NOT_FOUND);
    assert_contains(err.msg, "/nowhere/certdesk.conf");
}

static void a_snapshot_survives_packing(void **state)
{
    (void)state;
    autofree(conf) struct conf *conf = load("[probe]\nallow = ::1\nmax_in_flight = 7\n");
    autofree(conf) struct conf *other = NULL;
    autodone(buf) struct buf packed = BUF_INIT(1 << 20);
    struct err err = { 0 };

    conf_pack(conf, &packed);
    assert_works(conf_unpack(buf_span(&packed), &other, &err), &err);
    for (int i = 0; i < CONF_N_KEYS; i++)
        assert_false(conf_differs(conf, other, (enum conf_key)i));
    assert_int_equal(conf_i64(other, CONF_PROBE_MAX_IN_FLIGHT), 7);
    assert_string_equal(conf_origin(other, CONF_PROBE_MAX_IN_FLIGHT), "certdesk.conf:3");
    struct conf *none = NULL;

    assert_fails(conf_unpack(span_slice(buf_span(&packed), 0, packed.size - 1), &none, &err), &err,
        ERR_INVALID);
}

static void a_snapshot_lives_until_its_last_reference_is_gone(void **state)
{
    (void)state;
    autofree(conf) struct conf *conf = load("");
    struct conf *again = conf_ref(conf);

    conf_free(take(&conf));
    assert_int_equal(conf_i64(again, CONF_SERVER_WORKERS), 8);
    conf_free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_table_is_complete),
        cmocka_unit_test(without_a_file_there_are_defaults),
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(a_line_of_the_greatest_length_is_whole),
        cmocka_unit_test(the_later_source_wins),
        cmocka_unit_test(a_wrong_variable_is_named),
        cmocka_unit_test(a_snapshot_survives_packing),
        cmocka_unit_test(a_snapshot_lives_until_its_last_reference_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
