/* vault/hsm_call: what vault/hsm and vault/hsm_key share. */
#pragma once

#include "base/base.h"

struct buf;
struct err;
struct frame_reader;
struct hsm;

/*
 * One request and its answer, which `in` keeps and *ret reads from. ERR_CONFLICT: there is no token
 * (NULL), a wrong PIN, no such key. ERR_UNAVAILABLE: it does not answer.
 */
bool hsm_call(struct hsm *hsm, int type, const struct buf *payload, struct buf *in,
    struct frame_reader *ret, struct err *err) must_check;
