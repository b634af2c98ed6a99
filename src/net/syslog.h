/*
 * net/syslog: one message to the system log, here or on another host.
 *
 * Blocks for SYSLOG_TIMEOUT_MS at most: for jobs, not for the loop.
 */
#pragma once

#include "base/base.h"

struct err;

#define SYSLOG_TIMEOUT_MS 3000
#define SYSLOG_MESSAGE_MAX                                                                         \
    1024 /* RFC 5424, 6.1: what every receiver takes is 480, most take 2048 */

enum syslog_transport {
    SYSLOG_NONE,
    SYSLOG_UNIX, /* a socket of this host, as syslog(3) writes to it */
    SYSLOG_UDP,  /* RFC 5426 */
    SYSLOG_TCP,  /* RFC 6587, with octet counting */
};

struct syslog_target {
    enum syslog_transport transport;
    char path[108]; /* SYSLOG_UNIX */
    char host[254]; /* the others */
    char port[6];
};

/* "none", "local" (/dev/log), "unix:PATH", "udp:HOST[:PORT]", "tcp:HOST[:PORT]"; the port is 514.
 */
bool syslog_target_parse(const char *text, struct syslog_target *ret, struct err *err) must_check;

/*
 * Facility authpriv, severity notice. `message` is one line of text. ERR_NOT_FOUND: this host has
 * no such socket; ERR_UNAVAILABLE: nobody took it. SYSLOG_NONE is success.
 */
bool syslog_send(const struct syslog_target *target, const char *message, int64_t now,
    struct err *err) must_check;
