/*
 * vault/hsm_wire: what is said between a vault and its token's process, in frames.
 */
#pragma once

#include "base/base.h"

#define HSM_FRAME_MAX (64u << 10)

enum hsm_request {
    HSM_MAKE = 1, /* u8 algorithm, bytes id, text label → text serial, bytes id, bytes spki */
    HSM_TAKE,     /* text label → text serial, bytes id, bytes spki */
    HSM_SIGN,     /* ref, bool is RSA, bytes (RSA: a DigestInfo; else a digest) → bytes signature
                       (EC: r and s) */
};

enum hsm_answer { HSM_DONE = 100, HSM_FAILED };

/* How long the token may take. Making an RSA key in a small one takes long. */
#define HSM_SIGN_MS 10000
#define HSM_MAKE_MS 45000

/* What the one that asks waits longer than that. */
#define HSM_GRACE_MS 3000
