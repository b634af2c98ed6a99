/* Which addresses are what, what a person may type for a host, and the hosts file. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/buf.h"
#include "net/addr.h"
#include "net/host.h"
#include "net/hosts.h"
#include "testing.h"

static struct net_addr addr_of(const char *text)
{
    struct net_addr addr = { 0 };

    if (!addr_parse(span_text(text), &addr))
        fail_msg("%s is not an address", text);
    return addr;
}

static const struct {
    const char *addr;
    enum addr_class class;
} classes[] = {
    { "192.0.2.1", ADDR_PUBLIC }, { "8.8.8.8", ADDR_PUBLIC }, { "2001:db8::1", ADDR_PUBLIC },
    { "10.1.2.3", ADDR_PRIVATE }, { "172.16.0.1", ADDR_PRIVATE },
    { "172.31.255.255", ADDR_PRIVATE }, { "172.32.0.1", ADDR_PUBLIC },
    { "192.168.1.1", ADDR_PRIVATE }, { "100.64.0.1", ADDR_PRIVATE },
    { "fd12:3456::1", ADDR_PRIVATE }, { "127.0.0.1", ADDR_LOOPBACK },
    { "127.255.255.254", ADDR_LOOPBACK }, { "::1", ADDR_LOOPBACK }, { "0.0.0.0", ADDR_UNSPECIFIED },
    { "0.1.2.3", ADDR_UNSPECIFIED }, { "::", ADDR_UNSPECIFIED }, { "169.254.1.1", ADDR_LINK_LOCAL },
    { "fe80::1", ADDR_LINK_LOCAL }, { "febf::1", ADDR_LINK_LOCAL }, { "224.0.0.1", ADDR_MULTICAST },
    { "239.1.1.1", ADDR_MULTICAST }, { "ff02::1", ADDR_MULTICAST }, { "240.0.0.1", ADDR_RESERVED },
    { "255.255.255.255", ADDR_RESERVED }, { "169.254.169.254", ADDR_METADATA },
    { "100.100.100.200", ADDR_METADATA }, { "168.63.129.16", ADDR_METADATA },
    { "192.0.0.192", ADDR_METADATA }, { "fd00:ec2::254", ADDR_METADATA },
    /* IPv4 inside IPv6 */
    { "::ffff:127.0.0.1", ADDR_LOOPBACK }, { "::ffff:169.254.169.254", ADDR_METADATA },
    { "::ffff:192.0.2.1", ADDR_PUBLIC }, { "::127.0.0.1", ADDR_LOOPBACK },
    { "::ffff:0:127.0.0.1", ADDR_LOOPBACK }, { "2002:7f00:1::", ADDR_LOOPBACK },
    { "2002:a9fe:a9fe::1", ADDR_METADATA }, { "2002:c000:201::1", ADDR_PUBLIC },
    { "64:ff9b::7f00:1", ADDR_LOOPBACK }, { "64:ff9b::a9fe:a9fe", ADDR_METADATA },
    { "64:ff9b:1::a9fe:a9fe", ADDR_METADATA },
    { "2001:0:53aa:64c:0:0:80ff:fffe", ADDR_LOOPBACK }, /* Teredo, inverted */
};

static void knows_special_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(classes); i++) {
        const struct net_addr addr = addr_of(classes[i].addr);
        const bool may = classes[i].class == ADDR_PUBLIC || classes[i].class == ADDR_PRIVATE;
        struct err err = { 0 };

        if (addr_class(&addr) != classes[i].class)
            fail_msg("%s is %s, not %s", classes[i].addr, addr_class_name(addr_class(&addr)),
                addr_class_name(classes[i].class));
        assert_int_equal(addr_permit(&addr, NULL, &err), may);
        if (!may)
            assert_int_equal(err.kind, ERR_DENIED);
    }
}

static void permits_what_is_listed(void **state)
{
    static const struct {
        const char *list;
        const char *addr;
        bool may;
    } cases[] = {
        { "127.0.0.0/8,::1", "127.0.0.1", true },
        { " 127.0.0.1 , ::1/128 ,", "::1", true },
        { "127.0.0.1", "127.0.0.2", false },
        { "127.0.0.0/31", "127.0.0.1", true },
        { "127.0.0.0/31", "127.0.0.2", false },
        { "::1", "127.0.0.1", false },
        { "127.0.0.0/8", "::ffff:127.0.0.1", true },
        { "0.0.0.0/0", "169.254.169.254", true },
        { "0.0.0.0/0", "::1", false },
        { "::/0", "fe80::1", true },
        { "", "127.0.0.1", false },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autofree(addr_ranges) struct addr_ranges *ranges = NULL;
        const struct net_addr addr = addr_of(cases[i].addr);
        struct err err = { 0 };

        assert_works(addr_ranges_parse(cases[i].list, &ranges, &err), &err);
        assert_int_equal(addr_permit(&addr, ranges, &err), cases[i].may);
    }
}

static void refuses_ranges_that_are_none(void **state)
{
    static const char *const lists[] = { "nonsense", "127.0.0.1/33", "::1/129", "127.0.0.1/",
        "127.0.0.1/-1", "127.0.0.1/8x", "/8", "127.0.0.0/8 ::1", "localhost" };

    (void)state;
    for (size_t i = 0; i < countof(lists); i++) {
        struct addr_ranges *ranges = NULL;
        struct err err = { 0 };

        assert_fails(addr_ranges_parse(lists[i], &ranges, &err), &err, ERR_INVALID);
        assert_contains(err.msg, "not an address range");
        assert_null(ranges);
    }
}

static void goes_to_a_socket_address_and_back(void **state)
{
    static const char *const texts[] = { "192.0.2.7", "0.0.0.0", "255.199.100.99", "10.9.90.1",
        "2001:db8::7" };

    (void)state;
    for (size_t i = 0; i < countof(texts); i++) {
        const struct net_addr addr = addr_of(texts[i]);
        struct sockaddr_storage at;
        const socklen_t size = addr_to_sockaddr(&addr, 443, &at);
        struct net_addr back;
        char text[NET_ADDR_TEXT_SIZE];

        assert_true(addr_from_sockaddr((const struct sockaddr *)&at, size, &back));
        assert_true(addr_equal(&addr, &back));
        assert_string_equal(addr_text(&back, text), texts[i]);
        assert_false(addr_from_sockaddr((const struct sockaddr *)&at, 2, &back));
    }
}

static void reads_what_people_type(void **state)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: it is none */
    } cases[] = {
        { "example.com", "example.com" },
        { "Example.COM.", "example.com" },
        { "_dmarc.example.com", "_dmarc.example.com" },
        { "192.0.2.1", "192.0.2.1" },
        { "2001:DB8::1", "2001:db8::1" },
        { "[2001:db8::1]", "2001:db8::1" },
        { "b\xc3\xbc"
          "cher.example",
            "xn--bcher-kva.example" },
        { "stra\xc3\x9f"
          "e.example",
            "xn--strae-oqa.example" },
        { "xn--bcher-kva.example", "xn--bcher-kva.example" },
        { "localhost", "localhost" },
        { "", NULL },
        { ".", NULL },
        { "a..b", NULL },
        { "a b", NULL },
        { "-a.example", NULL },
        { "a-.example", NULL },
        { "a/b", NULL },
        { "a\nb", NULL },
        { "127.1", NULL },
        { "2130706433", NULL },
        { "1.2.3.256", NULL },
        { "example.com:443", NULL },
        { "[2001:db8::1", NULL },
        { "fe80::1%eth0", NULL },
        { "\xff\xfe", NULL },
        { "a123456789a123456789a123456789a123456789a123456789a123456789abcd.example", NULL },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct host host = { 0 };
        struct err err = { 0 };

        if (!cases[i].host) {
            assert_fails(host_parse(span_text(cases[i].text), &host, &err), &err, ERR_INVALID);
            continue;
        }
        assert_works(host_parse(span_text(cases[i].text), &host, &err), &err);
        assert_string_equal(host.text, cases[i].host);
    }
}

static void takes_a_port_along(void **state)
{
    static const struct {
        const char *text;
        const char *host; /* NULL: it is none */
        int port;         /* 443 where the text has none */
    } cases[] = {
        { "Example.com", "example.com", 443 },
        { "example.com:8443", "example.com", 8443 },
        { "[2001:db8::1]:8443", "2001:db8::1", 8443 },
        { "2001:db8::1", "2001:db8::1", 443 },
        { "example.com:70000", NULL, 0 },
        { "a_b c:443", NULL, 0 },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct host host = { 0 };
        struct err err = { 0 };
        int port = 443;

        if (!cases[i].host) {
            assert_fails(host_port_parse(span_text(cases[i].text), &host, &port, &err), &err,
                ERR_INVALID);
            continue;
        }
        assert_works(host_port_parse(span_text(cases[i].text), &host, &port, &err), &err);
        assert_string_equal(host.text, cases[i].host);
        assert_int_equal(port, cases[i].port);
    }
}

static void refuses_names_that_are_too_long(void **state)
{
    char name[400];
    struct host host;
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(name); i++)
        name[i] = i % 50 == 49 ? '.' : 'a';
    assert_works(host_parse(span_of(name, 253), &host, &err), &err);
    assert_fails(host_parse(span_of(name, 260), &host, &err), &err, ERR_INVALID);
    assert_contains(err.msg, "longer than 253 bytes");
}

static void finds_names_in_the_hosts_file(void **state)
{
    autofree(hosts) struct hosts *hosts = hosts_parse(SPAN_LITERAL(
        "# comment\n127.0.0.1\tlocalhost  Alpha alpha\n\n  ::1 localhost\r\n"
        "192.0.2.1 beta # not gamma\nnonsense delta\n192.0.2.2 beta\n192.0.2.1 beta\n192.0.2.3"));
    static const struct {
        const char *name;
        const char *addrs; /* in the file's order */
    } cases[] = {
        { "localhost", "127.0.0.1 ::1 " },
        { "alpha", "127.0.0.1 " },
        { "beta", "192.0.2.1 192.0.2.2 " },
        { "gamma", "" },
        { "delta", "" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct net_addr addrs[8];
        const size_t n = hosts_find(hosts, cases[i].name, addrs, countof(addrs));
        autodone(buf) struct buf found = BUF_INIT(1024);

        for (size_t k = 0; k < n; k++) {
            char text[NET_ADDR_TEXT_SIZE];

            buf_addf(&found, "%s ", addr_text(&addrs[k], text));
        }
        assert_string_equal(buf_text(&found), cases[i].addrs);
    }
    struct net_addr one;
    assert_int_equal(hosts_find(hosts, "beta", &one, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_special_addresses),
        cmocka_unit_test(permits_what_is_listed),
        cmocka_unit_test(refuses_ranges_that_are_none),
        cmocka_unit_test(goes_to_a_socket_address_and_back),
        cmocka_unit_test(reads_what_people_type),
        cmocka_unit_test(takes_a_port_along),
        cmocka_unit_test(refuses_names_that_are_too_long),
        cmocka_unit_test(finds_names_in_the_hosts_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
