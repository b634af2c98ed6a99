/*
 * deploy/haproxy/runtime: one command to HAProxy's stats socket, and its answer.
 *
 * Without a prompt HAProxy answers one command and closes the connection. While another connection
 * has its certificates locked the command is tried again, as long as the time allows. Whatever goes
 * wrong on the way is ERR_UNAVAILABLE.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct deploy_host;
struct err;

struct runtime_where {
    const struct deploy_host *host; /* what may be connected to */
    const char *socket;             /* a path; "": by address */
    const char *address;            /* "192.0.2.1:9999"; "": by path */
    int64_t timeout_ms;             /* for all of it */
};

#define RUNTIME_ANSWER_MAX (1u << 20)

/* `parts` are sent one after the other; what is in them is never copied. `answer` is emptied first.
 */
bool runtime_call(const struct runtime_where *where, const struct span *parts, size_t n_parts,
    struct buf *answer, struct err *err) must_check;
