/* An engine that looks at peers of the tests' own, until it has answered. */
#pragma once

#include "probe/engine.h"
#include "testing.h"
#include "testing_tls.h"

struct loop;

#define DAY 86400
#define ALLOW "127.0.0.0/8,::1"

/* For a group of tests: a root that the engine trusts, a CA below it, and what they issued. */
extern struct test_cert root;
extern struct test_cert ca;
extern struct test_cert good;
extern struct test_cert good_rsa;
extern char *root_pem;
int make_certs(void **state);
int drop_certs(void **state);

struct run {
    struct loop *loop;
    struct engine *engine;
    size_t n_left;
    size_t n_errors[PROBE_N_ERRORS]; /* of first sights */
    struct probe_result *last;
    struct test_peer *peer; /* may be NULL */
    size_t n_connections;   /* it had when the first result came */
};

/* Begin, submit targets with keep() as what is called, run the loop, end. run->last is the caller's
 * to free. */
struct probe_conf usual_conf(void);
void begin(struct run *run, const struct probe_conf *conf);
void keep(void *ctx, struct probe_result *result);
void end(struct run *run);

/* One look, from beginning to end; the caller frees what was seen. With settings of the test's own;
 * with the usual ones; at a server with this TLS, which is freed; at a peer. */
struct probe_result *look_with(const struct probe_conf *conf, const struct probe_target *target);
struct probe_result *look(const struct probe_target *target);
struct probe_result *look_at_tls(SSL_CTX *tls, const char *sni);
struct probe_result *look_at(const struct test_peer_plan *plan, enum probe_protocol protocol);
void assert_error(const struct probe_result *result, enum probe_error error, const char *says);
