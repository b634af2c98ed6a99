/*
 * vault/answer_parcel: keys of an upload, which come encrypted from the process that parsed it.
 *
 * The private half for an upload is handed out sealed and shown again, so that the vault need not
 * remember it: an upload survives a restart of the vault, and uploads that are given up cost
 * nothing.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/frame.h"

struct err;
struct master_ring;

/* VAULT_MAKE_PARCEL_KEY and VAULT_SEAL_PARCEL: the rest of the request is read from `r`. */
bool answer_make_parcel_key(const struct master_ring *ring, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
bool answer_seal_parcel(const struct master_ring *ring, struct frame_reader *r, struct buf *out,
    struct err *err) must_check;
