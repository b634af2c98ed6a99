/*
 * probe/wire: the frames between server and prober.
 *
 * The server sends CONFIGURE and PROBE; the frame's request number is its own. The prober answers
 * CONFIGURE with CONFIGURED or REFUSED, and PROBE with any number of CERTs and then a
 * RESULT, or with REFUSED. CANCEL, which names any number of requests, has no answer of its own:
 * each of those that was not answered yet is REFUSED, the others are ignored. Both sides measure
 * what they are sent before they believe it.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "probe/conf.h"
#include "probe/probe.h"

struct err;

enum wire_type {
    WIRE_CONFIGURE = 1,
    WIRE_PROBE,
    WIRE_CANCEL, /* 32-bit request numbers, one after the other */

    WIRE_CONFIGURED = 16,
    WIRE_REFUSED, /* frame_put_err()'s payload */
    WIRE_CERT,    /* of the result to come, in the order of its certs */
    WIRE_RESULT
};

#define WIRE_HOST_MAX 1024 /* bytes of a name in UTF-8 */

/* A target with room for what it points to. Not to be copied. */
struct wire_target {
    struct probe_target target;
    char host[WIRE_HOST_MAX + 1];
    char sni[WIRE_HOST_MAX + 1];
    char proxy[WIRE_HOST_MAX + 1];
};

/* ERR_LIMIT: a text is longer than WIRE_HOST_MAX. */
bool wire_put_target(struct buf *out, const struct probe_target *target, struct err *err)
    must_check;
bool wire_get_target(struct span payload, struct wire_target *ret, struct err *err) must_check;

/* The same for a configuration; the bundles stay in the payload. */
struct wire_conf {
    struct probe_conf conf;
    char *texts[5];
};

void wire_put_conf(struct buf *out, const struct probe_conf *conf);
bool wire_get_conf(struct span payload, struct wire_conf *ret, struct err *err) must_check;
void wire_conf_done(struct wire_conf *conf);

void wire_put_cert(struct buf *out, const struct probe_cert *cert);
bool wire_get_cert(struct span payload, struct probe_result *result, struct err *err) must_check;

/* All but the certificates, which `result` must have already. */
void wire_put_result(struct buf *out, const struct probe_result *result);
bool wire_get_result(struct span payload, struct probe_result *result, struct err *err) must_check;

DEFINE_AUTODONE(wire_conf);
