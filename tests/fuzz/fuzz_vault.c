/*
 * vault/answer: whatever a server sends that was taken over.
 *
 * The vault is unlocked and has one known master key, so that sealed blobs of the corpus open.
 */
#include <openssl/err.h>

#include "base/err.h"
#include "base/frame.h"
#include "base/secret.h"
#include "vault/answer.h"
#include "vault/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_given(const struct master_access *access)
{
    (void)access;
    return true;
}

/* The one key that there is: whatever is asked for, it is that. */
static bool load(const struct master_access *access, const struct vault_master *wanted,
    struct secret **ret, struct err *err)
{
    (void)access;
    (void)wanted;
    (void)err;
    *ret = secret_new_zeroed(MASTER_KEY_SIZE);
    secret_bytes(*ret)[0] = 1;
    return true;
}

static bool make(const struct master_access *access, const struct vault_masters *known,
    struct secret **ret, char recipe[static VAULT_RECIPE_MAX], struct err *err)
{
    recipe[0] = '\0';
    (void)known;
    return load(access, NULL, ret, err);
}

static const struct master_source source = { "key of the test", is_given, load, make, NULL };
static const struct master_source *const sources[] = { &source, &source, &source };

/* Making RSA keys is slow, and knows nothing of what was sent. */
static bool is_slow(const struct frame *frame)
{
    return frame->type == VAULT_MAKE_KEY && frame->payload.size > 0 &&
           frame->payload.data[0] <= VAULT_RSA_4096;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct master_access access = { .passphrase_fd = -1,
        .old_passphrase_fd = -1,
        .pin_fd = -1 };
    autodone(ledger) struct ledger ledger;
    autodone(vault) struct vault vault;
    autodone(buf) struct buf out = BUF_INIT(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    struct span rest = span_of(data, size);
    struct frame frame, answer;
    size_t used;

    ledger_init(&ledger, -1);
    vault_init(&vault, sources, &access, &ledger);
    while (frame_parse(rest, VAULT_FRAME_MAX, &frame, &used) == FRAME_WHOLE) {
        rest = span_slice(rest, used, SIZE_MAX);
        if (is_slow(&frame))
            continue;
        buf_clear(&out);
        vault_answer(&vault, &frame, 1000, &out);
        /* Always exactly one whole answer to the same request. */
        ASSERT(frame_parse(buf_span(&out), VAULT_FRAME_MAX, &answer, &used) == FRAME_WHOLE);
        ASSERT(used == out.size && answer.request == frame.request);
        ASSERT(answer.type == VAULT_DONE || answer.type == VAULT_FAILED);
    }
    ERR_clear_error();
    return 0;
}
