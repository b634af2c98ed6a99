/*
 * A vault for fuzzing, whose one master key is known, so that sealed blobs of a corpus open:
 * whatever key is asked for, it is that one.
 */
#pragma once

#include "base/err.h"
#include "base/frame.h"
#include "base/secret.h"
#include "vault/answer.h"
#include "vault/protocol.h"

static inline bool is_given(const struct master_access *access)
{
    (void)access;
    return true;
}

static inline bool load(const struct master_access *access, const struct vault_master *wanted,
    struct secret **ret, struct err *err)
{
    (void)access;
    (void)wanted;
    (void)err;
    *ret = secret_new_zeroed(MASTER_KEY_SIZE);
    secret_bytes(*ret)[0] = 1;
    return true;
}

static inline bool make(const struct master_access *access, const struct vault_masters *known,
    struct secret **ret, char recipe[static VAULT_RECIPE_MAX], struct err *err)
{
    recipe[0] = '\0';
    (void)known;
    return load(access, NULL, ret, err);
}

static const struct master_source known_source = { "key of the test", is_given, load, make, NULL };
static const struct master_source *const known_sources[] = { &known_source, &known_source,
    &known_source };

static const struct master_access known_access = { .passphrase_fd = -1,
    .old_passphrase_fd = -1,
    .pin_fd = -1 };

/* Making RSA keys is slow, and knows nothing of what was sent. */
static inline bool known_vault_is_slow(struct span wanted)
{
    return wanted.size > 0 && wanted.data[0] <= VAULT_RSA_4096;
}

/* There is always exactly one whole answer, to the same request; `out` holds it. */
static inline struct frame known_vault_ask(struct vault *vault, const struct frame *request,
    struct buf *out)
{
    struct frame answer = { 0 };
    size_t used = 0;

    buf_clear(out);
    vault_answer(vault, request, 1000, out);
    ASSERT(frame_parse(buf_span(out), VAULT_FRAME_MAX, &answer, &used) == FRAME_WHOLE);
    ASSERT(used == out->size && answer.request == request->request);
    ASSERT(answer.type == VAULT_DONE || answer.type == VAULT_FAILED);
    return answer;
}
