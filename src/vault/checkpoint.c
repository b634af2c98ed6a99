/* vault/checkpoint: see the header. */
#include "vault/checkpoint.h"

#include <sodium.h>
#include <string.h>

void checkpoint_message(const struct vault_checkpoint *checkpoint,
    uint8_t ret[static CHECKPOINT_MESSAGE_SIZE])
{
    static const char label[24] = "certdesk audit chain 1\n";

    memcpy(ret, label, sizeof label);
    for (int i = 0; i < 8; i++)
        ret[24 + i] = (uint8_t)((uint64_t)checkpoint->seq >> (56 - 8 * i));
    memcpy(ret + 32, checkpoint->hash, 32);
}

bool checkpoint_verify(const struct vault_checkpoint *checkpoint)
{
    uint8_t message[CHECKPOINT_MESSAGE_SIZE];

    checkpoint_message(checkpoint, message);
    return crypto_sign_verify_detached(checkpoint->signature, message, sizeof message,
               checkpoint->public_key) == 0;
}
