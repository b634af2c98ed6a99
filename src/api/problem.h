/*
 * api/problem: how a failure looks to whoever asked (RFC 9457, application/problem+json).
 *
 * Each kind of error has one HTTP status and one `type`; the handler's own status wins where it set
 * one above 399 (401, 412, 429).
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct json_problems;

int problem_status(enum err_kind kind);

/* Write {type, title, status, detail, errors[]}. `problems` may be NULL. */
void problem_write(struct buf *out, int status, const struct err *err,
    const struct json_problems *problems);
