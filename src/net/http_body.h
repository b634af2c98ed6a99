/*
 * net/http_body: where a request's body waits until it is whole.
 *
 * In memory while it is small; in an unlinked file above that; and in pages of its own, locked and
 * wiped, however large, if keys or passwords are in it.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"

struct err;
struct secret;

struct http_body {
    int64_t size;
    size_t max_memory; /* above it, a file */
    int64_t max;       /* above it, ERR_LIMIT */
    bool is_secret;
    const char *spool_dir; /* borrowed */
    struct buf memory;
    struct secret *secret;
    int fd; /* -1: not spooled */
};

void http_body_init(struct http_body *body, size_t max_memory, const char *spool_dir);
void http_body_done(struct http_body *body);

/* ERR_LIMIT past body->max, ERR_UNAVAILABLE if the file cannot be written. */
bool http_body_add(struct http_body *body, struct span bytes, struct err *err) must_check;

/* What is there, if it is in memory. */
struct span http_body_span(const struct http_body *body);
