/*
 * Peers on loopback for tests of whatever shakes hands: certificates made in memory, servers that
 * behave or do not, a name server.
 */
#pragma once

#include <openssl/ssl.h>

#include "base/base.h"
#include "base/span.h"

/* A certificate with its key. */
struct test_cert {
    X509 *x509;
    EVP_PKEY *key;
};

enum test_key { TEST_KEY_EC, TEST_KEY_RSA, TEST_KEY_ED25519 };

struct test_cert_plan {
    enum test_key key;
    const char *name; /* the CN */
    const char *sans; /* as OpenSSL's configuration writes them: "DNS:a,IP:127.0.0.1" */
    bool is_ca;
    int64_t begins_in; /* seconds from now */
    int64_t ends_in;
    const struct test_cert *issuer; /* NULL: itself */
    size_t n_sans;                  /* so many short names besides */
    bool is_sha1;                   /* what signs it */
    size_t padding;                 /* bytes of an extension nobody knows */
};

struct test_cert test_cert_new(const struct test_cert_plan *plan);
void test_cert_done(struct test_cert *cert);
char *test_cert_pem(const struct test_cert *cert); /* the caller frees */

/* What one connection is done to. The script's steps come first. */
enum test_peer_end {
    TEST_PEER_TLS,
    TEST_PEER_CLOSE,
    TEST_PEER_RESET,
    TEST_PEER_SILENT /* hold it until the peer closes or the test is over */
};

struct test_peer_step {
    const char *expect; /* bytes that must come, if not NULL */
    size_t expect_size; /* 0: up to its NUL */
    const char *say;
    size_t say_size;
};

struct test_peer_plan {
    enum test_peer_end end;
    const struct test_peer_step *steps; /* ends with an empty one; may be NULL */
    SSL_CTX *tls;                       /* for TEST_PEER_TLS; stays the test's */
    const char *address;                /* NULL: 127.0.0.1 */
    bool is_proxy;                      /* ignore the steps; answer CONNECT by connecting there */
    const char *proxy_wants;            /* … to those who send this header line; NULL: to all */
};

struct test_peer;

/* Serves on a thread of its own, one connection after the other (many, if silent). */
struct test_peer *test_peer_new(const struct test_peer_plan *plan);
void test_peer_free(struct test_peer *peer);
int test_peer_port(const struct test_peer *peer);

/* How many connections came; how many did not say what a step expected. */
size_t test_peer_n_connections(struct test_peer *peer);
size_t test_peer_n_mistakes(struct test_peer *peer);

/* A server's context with these, the first two of which may be of different kinds. */
SSL_CTX *test_tls_new(const struct test_cert *a, const struct test_cert *b,
    const struct test_cert *intermediate);

/* A port of loopback on which nobody listens. */
int test_free_port(void);

/* A name server on loopback. */
struct test_name {
    const char *name;      /* NULL ends the list */
    const char *addresses; /* "127.0.0.1 ::1"; "" has none; NULL does not exist */
    const char *alias_of;  /* a CNAME; may be NULL */
    int fails_for;         /* a type (1, 28) that is answered with SERVFAIL; 0: none */
    bool is_silent;
};

struct test_dns;
struct test_dns *test_dns_new(const struct test_name *names);
void test_dns_free(struct test_dns *dns);
const char *test_dns_server(const struct test_dns *dns); /* "127.0.0.1:5353" */
