/*
 * probe/starttls: what is said before TLS, for each protocol that begins it in the middle.
 *
 * Pure: bytes that came go in, bytes to send and a verdict come out. It is strict, because whoever
 * sits on the path could otherwise slip answers in before TLS: when the server agrees, not one byte
 * may follow (the plaintext injection of CVE-2011-0411), and no conversation may be longer than
 * STARTTLS_MAX.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "probe/probe.h"

#define STARTTLS_MAX 16384U

enum starttls_verdict {
    STARTTLS_MORE,   /* send what was put out, then wait for the server */
    STARTTLS_GO,     /* send what was put out, then begin TLS */
    STARTTLS_REFUSED /* starttls->reason says why */
};

struct starttls {
    enum probe_protocol protocol;
    int step;
    const char *host; /* borrowed: who is spoken to, for protocols that name it */
    size_t n_read;
    struct buf in;    /* what came and was not understood yet */
    char reason[128]; /* with the server's own words where there are some */
};

/* `protocol` is not PROBE_TLS. What the client says first, if it does, is appended to `out`. */
void starttls_init(struct starttls *s, enum probe_protocol protocol, const char *host,
    struct buf *out);
void starttls_done(struct starttls *s);

/* Whatever came. `out`, empty at the call, gets what is to be sent. Not after GO or REFUSED. */
enum starttls_verdict starttls_feed(struct starttls *s, struct span bytes, struct buf *out);

DEFINE_AUTODONE(starttls);
