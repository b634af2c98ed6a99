/* vault/answer_unlock: which master keys a vault holds, and which of them seals. */
#pragma once

#include "vault/answer.h"

struct err;

/* VAULT_UNLOCK and VAULT_SEAL_WITH: the rest of the request is read from `r`. */
bool answer_unlock(struct vault *vault, struct frame_reader *r, struct buf *out, struct err *err)
    must_check;
bool answer_seal_with(struct vault *vault, struct frame_reader *r, struct err *err) must_check;
