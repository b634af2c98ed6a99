/*
 * A real server on a loopback port, with an application that shows what the server does, and a
 * client that sends raw bytes. Nothing waits for a fixed time; everything has a deadline.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "net/http_server.h"

struct tls_server;
struct workers;
struct loop;

#define HTTP_TEST_DEADLINE_MS 20000

struct http_seen {
    char target[128];
    char client[46];
    int status;
    bool is_cut;
    bool is_encrypted;
    int64_t bytes_in;
    int64_t bytes_out;
    char refusal[128];
};

struct testing_http {
    struct loop *loop;
    struct workers *workers;
    struct http_server *server;
    uint16_t port;
    uint16_t port_v6; /* on ::1; 0 where there is no IPv6 */
};

/* Limits that tests start from: the defaults. */
struct http_limits testing_http_limits(void);

/* `tls` and `trusted_proxies` may be NULL. Two workers; four requests may wait.
 */
struct testing_http *testing_http_start(const struct http_limits *limits, struct tls_server *tls,
    const char *trusted_proxies);

/* Stops everything; fails the test if something does not stop. */
void testing_http_stop(struct testing_http *rig);

/* Begin to drain; testing_http_is_drained() tells when it is over. */
void testing_http_drain(struct testing_http *rig, int64_t deadline_ms);
bool testing_http_is_drained(void);

/* Statistics, asked for on the loop. */
struct http_stats testing_http_stats(struct testing_http *rig);

/* What app->finished was told, the oldest first; waits until there are `n`. */
size_t testing_http_seen(struct http_seen *field, size_t n);
void testing_http_forget_seen(void);

/* Handlers of /slow wait until the gate is open. How many wait? */
void testing_http_open_gate(bool is_open);
void testing_http_wait_for_waiters(size_t n);

/* How often app->authorize and a producer's release were called, and the last body's descriptor. */
size_t testing_http_n_authorized(void);
size_t testing_http_n_released(void);

/* A client's socket. */
int testing_connect(uint16_t port);
int testing_connect_v6(uint16_t port);
void testing_send(int fd, const void *bytes, size_t size);
void testing_send_text(int fd, const char *text);

/* Read until the peer closes, `until` has come, or the deadline. True if it has closed. */
bool testing_receive(int fd, struct buf *in, const char *until);

/* Send, and read the answers until the server closes. */
void testing_exchange(uint16_t port, const char *request, struct buf *answer);

/* A moment; fails the test after `until_ms`. */
void testing_wait_on(int64_t until_ms, const char *claim);

/* Poll `claim` until it is true; fails the test at the deadline. */
#define testing_wait_until(claim)                                                                  \
    do {                                                                                           \
        int64_t until_ms_ = clock_mono_ms() + HTTP_TEST_DEADLINE_MS;                               \
                                                                                                   \
        while (!(claim))                                                                           \
            testing_wait_on(until_ms_, #claim);                                                    \
    } while (0)
