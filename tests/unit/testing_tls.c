#include "testing_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/parse.h"
#include "testing.h"

/* Certificates. */

static EVP_PKEY *key_new(enum test_key kind)
{
    switch (kind) {
    case TEST_KEY_RSA:
        return EVP_RSA_gen(2048);
    case TEST_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case TEST_KEY_EC:
        break;
    }
    return EVP_EC_gen("P-256");
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *const extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

static void add_sans(X509 *cert, const struct test_cert_plan *plan)
{
    GENERAL_NAMES *const names = GENERAL_NAMES_new();

    for (size_t i = 0; i < plan->n_sans; i++) {
        GENERAL_NAME *const name = GENERAL_NAME_new();
        ASN1_IA5STRING *const text = ASN1_IA5STRING_new();
        char field[32];

        snprintf(field, sizeof(field), "n%zu.x.io", i);
        ASN1_STRING_set(text, field, -1);
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        sk_GENERAL_NAME_push(names, name);
    }
    X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0);
    GENERAL_NAMES_free(names);
}

static void add_padding(X509 *cert, size_t size)
{
    ASN1_OBJECT *const oid = OBJ_txt2obj("1.3.6.1.4.1.55555.1", 1);
    ASN1_OCTET_STRING *const data = ASN1_OCTET_STRING_new();
    uint8_t *const bytes = xcalloc(1, size);

    ASN1_OCTET_STRING_set(data, bytes, (int)size);
    X509_EXTENSION *const extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, data);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(oid);
    free(bytes);
}

struct test_cert test_cert_new(const struct test_cert_plan *plan)
{
    static long serial = 1000;
    struct test_cert cert = { .x509 = X509_new(), .key = key_new(plan->key) };
    const struct test_cert *const issuer = plan->issuer ? plan->issuer : &cert;
    X509_NAME *const name = X509_get_subject_name(cert.x509);

    X509_set_version(cert.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.x509), ++serial);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)plan->name, -1, -1, 0);
    X509_set_issuer_name(cert.x509, X509_get_subject_name(issuer->x509));
    X509_gmtime_adj(X509_getm_notBefore(cert.x509), plan->begins_in);
    X509_gmtime_adj(X509_getm_notAfter(cert.x509), plan->ends_in);
    X509_set_pubkey(cert.x509, cert.key);
    add_extension(cert.x509, issuer->x509, NID_basic_constraints,
        plan->is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (plan->sans)
        add_extension(cert.x509, issuer->x509, NID_subject_alt_name, plan->sans);
    if (plan->n_sans)
        add_sans(cert.x509, plan);
    if (plan->padding)
        add_padding(cert.x509, plan->padding);
    const EVP_MD *const digest = plan->is_sha1 ? EVP_sha1() : EVP_sha256();
    assert_true(
        X509_sign(cert.x509, issuer->key, EVP_PKEY_is_a(issuer->key, "ED25519") ? NULL : digest));
    return cert;
}

void test_cert_done(struct test_cert *cert)
{
    X509_free(cert->x509);
    EVP_PKEY_free(cert->key);
}

char *test_cert_pem(const struct test_cert *cert)
{
    BIO *const bio = BIO_new(BIO_s_mem());
    char *data = NULL;

    PEM_write_bio_X509(bio, cert->x509);
    const long size = BIO_get_mem_data(bio, &data);
    char *const pem = xstrndup(data, (size_t)size);
    BIO_free(bio);
    return pem;
}

SSL_CTX *test_tls_new(const struct test_cert *a, const struct test_cert *b,
    const struct test_cert *intermediate)
{
    SSL_CTX *const ctx = SSL_CTX_new(TLS_server_method());

    SSL_CTX_set_security_level(ctx, 0);
    assert_int_equal(SSL_CTX_use_cert_and_key(ctx, a->x509, a->key, NULL, 1), 1);
    if (intermediate)
        SSL_CTX_add1_chain_cert(ctx, intermediate->x509);
    if (b) {
        assert_int_equal(SSL_CTX_use_cert_and_key(ctx, b->x509, b->key, NULL, 1), 1);
        if (intermediate)
            SSL_CTX_add1_chain_cert(ctx, intermediate->x509);
    }
    return ctx;
}

/* Peers. */

struct test_peer {
    struct test_peer_plan plan;
    int fd;
    int stop_read;
    int stop_write;
    int port;
    pthread_t thread;
    pthread_mutex_t lock;
    size_t n_connections;
    size_t n_mistakes;
    int *held;
    size_t n_held;
};

static int listen_on(const char *address, int *port)
{
    struct sockaddr_storage ss = { 0 };
    socklen_t size = sizeof(struct sockaddr_in);
    struct sockaddr_in *const in = (struct sockaddr_in *)&ss;
    struct sockaddr_in6 *const in6 = (struct sockaddr_in6 *)&ss;

    if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
    } else {
        ss = (struct sockaddr_storage){ 0 };
        assert_int_equal(inet_pton(AF_INET6, address, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
        size = sizeof(*in6);
    }
    const int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&ss, size), 0);
    assert_int_equal(listen(fd, 4096), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &size), 0);
    *port = ntohs(in->sin_port); /* at the same place for both families */
    return fd;
}

int test_free_port(void)
{
    int port = 0;
    const int fd = listen_on("127.0.0.1", &port);

    close(fd);
    return port;
}

static bool wait_readable(const struct test_peer *peer, int fd)
{
    struct pollfd fds[] = { { fd, POLLIN, 0 }, { peer->stop_read, POLLIN, 0 } };

    return poll(fds, 2, 20000) > 0 && fds[1].revents == 0;
}

static bool play(struct test_peer *peer, int fd)
{
    for (const struct test_peer_step *s = peer->plan.steps; s && (s->expect || s->say); s++) {
        const size_t expected = s->expect && !s->expect_size ? strlen(s->expect) : s->expect_size;
        const size_t said = s->say && !s->say_size ? strlen(s->say) : s->say_size;
        char bytes[4096];
        size_t n = 0;

        while (n < expected && wait_readable(peer, fd)) {
            const ssize_t got = read(fd, bytes + n, expected - n);

            if (got <= 0)
                return false;
            n += (size_t)got;
        }
        if (expected && (n < expected || memcmp(bytes, s->expect, expected) != 0)) {
            peer->n_mistakes++;
            return false;
        }
        if (said && write(fd, s->say, said) != (ssize_t)said)
            return false;
    }
    return true;
}

static void serve_tls(struct test_peer *peer, int fd)
{
    SSL *const ssl = SSL_new(peer->plan.tls);
    struct timeval limit = { .tv_sec = 20 };
    char bytes[256];

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        while (SSL_read(ssl, bytes, sizeof(bytes)) > 0)
            continue;
    SSL_free(ssl);
}

/* "CONNECT host:port": to that port of 127.0.0.1, whatever the host. */
static void serve_proxy(struct test_peer *peer, int fd)
{
    char bytes[4096];
    size_t n = 0;
    int64_t port = 0;

    while (n < sizeof(bytes) && wait_readable(peer, fd)) {
        const ssize_t got = read(fd, bytes + n, sizeof(bytes) - n);

        if (got <= 0)
            return;
        n += (size_t)got;
        if (span_find(span_of(bytes, n), SPAN_LITERAL("\r\n\r\n")) != SIZE_MAX)
            break;
    }
    if (peer->plan.proxy_wants &&
        span_find(span_of(bytes, n), span_text(peer->plan.proxy_wants)) == SIZE_MAX) {
        static const char refusal[] = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";

        (void)!write(fd, refusal, sizeof(refusal) - 1);
        return;
    }
    struct span line = span_slice(span_of(bytes, n), 0, span_find_char(span_of(bytes, n), '\r'));
    const size_t colon = span_find_char(line, ':');
    struct span rest = span_slice(line, colon + 1, SIZE_MAX);
    const struct span digits = span_slice(rest, 0, span_find_char(rest, ' '));
    if (!span_starts_with(line, "CONNECT ") || !parse_i64(digits, 1, 65535, &port, NULL)) {
        peer->n_mistakes++;
        return;
    }
    struct sockaddr_in to = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_there = connect(other, (struct sockaddr *)&to, sizeof(to)) == 0;
    const char *const answer = is_there ? "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n"
                                        : "HTTP/1.1 502 Bad Gateway\r\n\r\n";
    (void)!write(fd, answer, strlen(answer));
    while (is_there) {
        struct pollfd fds[] = { { fd, POLLIN, 0 }, { other, POLLIN, 0 },
            { peer->stop_read, POLLIN, 0 } };

        if (poll(fds, 3, 20000) <= 0 || fds[2].revents)
            break;
        const bool is_up = fds[0].revents != 0;
        const ssize_t got = read(is_up ? fd : other, bytes, sizeof(bytes));
        if (got <= 0 || write(is_up ? other : fd, bytes, (size_t)got) != got)
            break;
    }
    close(other);
}

static void serve(struct test_peer *peer, int fd)
{
    const struct linger at_once = { .l_onoff = 1 };

    if (peer->plan.is_proxy) {
        serve_proxy(peer, fd);
    } else if (peer->plan.end == TEST_PEER_SILENT && !peer->plan.steps) {
        peer->held = xreallocarray(peer->held, peer->n_held + 1, sizeof(int));
        peer->held[peer->n_held++] = fd;
        return;
    } else if (play(peer, fd)) {
        if (peer->plan.end == TEST_PEER_TLS)
            serve_tls(peer, fd);
        else if (peer->plan.end == TEST_PEER_SILENT)
            (void)wait_readable(peer, fd);
        else if (peer->plan.end == TEST_PEER_RESET)
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    close(fd);
}

static void *peer_main(void *arg)
{
    struct test_peer *const peer = arg;

    while (wait_readable(peer, peer->fd)) {
        const int fd = accept4(peer->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            continue;
        pthread_mutex_lock(&peer->lock);
        peer->n_connections++;
        pthread_mutex_unlock(&peer->lock);
        serve(peer, fd);
    }
    return NULL;
}

struct test_peer *test_peer_new(const struct test_peer_plan *plan)
{
    struct test_peer *const peer = xcalloc(1, sizeof(*peer));
    int fds[2];

    peer->plan = *plan;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    peer->stop_read = fds[0];
    peer->stop_write = fds[1];
    peer->fd = listen_on(plan->address ? plan->address : "127.0.0.1", &peer->port);
    pthread_mutex_init(&peer->lock, NULL);
    assert_int_equal(pthread_create(&peer->thread, NULL, peer_main, peer), 0);
    return peer;
}

void test_peer_free(struct test_peer *peer)
{
    close(peer->stop_write);
    pthread_join(peer->thread, NULL);
    for (size_t i = 0; i < peer->n_held; i++)
        close(peer->held[i]);
    free(peer->held);
    close(peer->fd);
    close(peer->stop_read);
    pthread_mutex_destroy(&peer->lock);
    free(peer);
}

int test_peer_port(const struct test_peer *peer)
{
    return peer->port;
}

size_t test_peer_n_connections(struct test_peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    const size_t n = peer->n_connections;
    pthread_mutex_unlock(&peer->lock);
    return n;
}

size_t test_peer_n_mistakes(struct test_peer *peer)
{
    return peer->n_mistakes;
}

/* Names. */

struct test_dns {
    const struct test_name *names;
    int fd;
    int stop_read;
    int stop_write;
    char server[32];
    pthread_t thread;
};

/* "\3www\7example\0" to "www.example"; returns the bytes it took, 0 if it is none. */
static size_t read_name(struct span packet, size_t at, char field[static 256])
{
    const size_t start = at;
    size_t n = 0;

    while (at < packet.size && packet.data[at] != 0) {
        const size_t size = packet.data[at];

        if (size > 63 || at + 1 + size >= packet.size || n + size + 1 >= 256)
            return 0;
        memcpy(field + n, packet.data + at + 1, size);
        n += size;
        field[n++] = '.';
        at += 1 + size;
    }
    field[n > 0 ? n - 1 : 0] = '\0';
    return at + 1 - start;
}

static void write_name(struct buf *out, const char *name)
{
    struct span rest = span_text(name);
    struct span label;

    while (span_split(&rest, '.', &label)) {
        buf_add_u8(out, (uint8_t)label.size);
        buf_add_span(out, label);
    }
    buf_add_u8(out, 0);
}

static const struct test_name *find_name(const struct test_dns *dns, const char *name)
{
    for (const struct test_name *n = dns->names; n->name; n++)
        if (strcasecmp(n->name, name) == 0)
            return n;
    return NULL;
}

static uint16_t add_answers(struct buf *out, const struct test_name *name, int type)
{
    struct span rest = span_text(name->addresses);
    struct span word;
    uint16_t n = 0;

    while (span_split(&rest, ' ', &word)) {
        uint8_t bytes[16];
        char field[64];

        if (word.size == 0)
            continue;
        span_copy_text(word, field, sizeof(field));
        const bool is_v4 = inet_pton(AF_INET, field, bytes) == 1;
        if ((type == 1) != is_v4)
            continue;
        if (!is_v4)
            assert_int_equal(inet_pton(AF_INET6, field, bytes), 1);
        write_name(out, name->name);
        buf_add_u16(out, (uint16_t)type);
        buf_add_u16(out, 1);
        buf_add_u32(out, 60);
        buf_add_u16(out, is_v4 ? 4 : 16);
        buf_add(out, bytes, is_v4 ? 4 : 16);
        n++;
    }
    return n;
}

static bool compose(const struct test_dns *dns, struct span query, struct buf *out)
{
    char asked[256];
    const size_t size = read_name(query, 12, asked);

    if (size == 0 || 12 + size + 4 > query.size)
        return false;
    const int type = query.data[12 + size] << 8 | query.data[12 + size + 1];
    const struct test_name *name = find_name(dns, asked);
    autodone(buf) struct buf answers = BUF_INIT(8192);
    uint16_t n = 0;
    uint8_t code = 0;

    if (name && name->is_silent)
        return false;
    if (name && name->alias_of) {
        autodone(buf) struct buf target = BUF_INIT(256);

        write_name(&target, name->alias_of);
        write_name(&answers, name->name);
        buf_add_u16(&answers, 5);
        buf_add_u16(&answers, 1);
        buf_add_u32(&answers, 60);
        buf_add_u16(&answers, (uint16_t)target.size);
        buf_add_span(&answers, buf_span(&target));
        n++;
        name = find_name(dns, name->alias_of);
    }
    if (!name || !name->addresses)
        code = 3;
    else if (name->fails_for == type)
        code = 2;
    else
        n = (uint16_t)(n + add_answers(&answers, name, type));
    buf_add(out, query.data, 2);
    buf_add_u8(out, 0x81);
    buf_add_u8(out, (uint8_t)(0x80 | code));
    buf_add_u16(out, 1);
    buf_add_u16(out, n);
    buf_add_u32(out, 0);
    buf_add_span(out, span_slice(query, 12, size + 4));
    buf_add_span(out, buf_span(&answers));
    return true;
}

static void *dns_main(void *arg)
{
    struct test_dns *const dns = arg;

    for (;;) {
        struct pollfd fds[] = { { dns->fd, POLLIN, 0 }, { dns->stop_read, POLLIN, 0 } };
        struct sockaddr_in from;
        socklen_t from_size = sizeof(from);
        uint8_t query[1024];
        autodone(buf) struct buf out = BUF_INIT(8192);

        if (poll(fds, 2, -1) < 0 || fds[1].revents)
            return NULL;
        const ssize_t n =
            recvfrom(dns->fd, query, sizeof(query), 0, (struct sockaddr *)&from, &from_size);
        if (n > 12 && compose(dns, span_of(query, (size_t)n), &out))
            (void)!sendto(dns->fd, out.data, out.size, 0, (struct sockaddr *)&from, from_size);
    }
}

struct test_dns *test_dns_new(const struct test_name *names)
{
    struct test_dns *const dns = xcalloc(1, sizeof(*dns));
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(at);
    int fds[2];

    dns->names = names;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    dns->stop_read = fds[0];
    dns->stop_write = fds[1];
    dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dns->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(dns->fd, (struct sockaddr *)&at, &size), 0);
    snprintf(dns->server, sizeof(dns->server), "127.0.0.1:%d", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&dns->thread, NULL, dns_main, dns), 0);
    return dns;
}

void test_dns_free(struct test_dns *dns)
{
    close(dns->stop_write);
    pthread_join(dns->thread, NULL);
    close(dns->fd);
    close(dns->stop_read);
    free(dns);
}

const char *test_dns_server(const struct test_dns *dns)
{
    return dns->server;
}
