/*
 * vault/answer: whatever a server sends that was taken over.
 *
 * The vault is unlocked and has one known master key, so that sealed blobs of the corpus open.
 */
#include <openssl/err.h>

#include "known_vault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autodone(ledger) struct ledger ledger;
    autodone(vault) struct vault vault;
    autodone(buf) struct buf out = BUF_INIT(VAULT_FRAME_MAX + FRAME_HEADER_SIZE);
    struct span rest = span_of(data, size);
    struct frame frame;
    size_t used;

    ledger_init(&ledger, -1);
    vault_init(&vault, known_sources, &known_access, &ledger);
    while (frame_parse(rest, VAULT_FRAME_MAX, &frame, &used) == FRAME_WHOLE) {
        rest = span_slice(rest, used, SIZE_MAX);
        if (frame.type != VAULT_MAKE_KEY || !known_vault_is_slow(frame.payload))
            (void)known_vault_ask(&vault, &frame, &out);
    }
    ERR_clear_error();
    return 0;
}
