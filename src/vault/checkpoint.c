/* vault/checkpoint: see the header. */
#include "vault/checkpoint.h"

#include <sodium.h>
#include <string.h>

#define LABEL_SIZE 24

static void write_message(const char label[static LABEL_SIZE], int64_t seq,
    const uint8_t hash[static 32], uint8_t ret[static CHECKPOINT_MESSAGE_SIZE])
{
    memcpy(ret, label, LABEL_SIZE);
    for (int i = 0; i < 8; i++)
        ret[LABEL_SIZE + i] = (uint8_t)((uint64_t)seq >> (56 - 8 * i));
    memcpy(ret + LABEL_SIZE + 8, hash, 32);
}

void checkpoint_message(const struct vault_checkpoint *checkpoint,
    uint8_t ret[static CHECKPOINT_MESSAGE_SIZE])
{
    static const char label[LABEL_SIZE] = "certdesk audit chain 1\n";

    write_message(label, checkpoint->seq, checkpoint->hash, ret);
}

void checkpoint_backup_message(const uint8_t digest[static 32],
    uint8_t ret[static CHECKPOINT_MESSAGE_SIZE])
{
    static const char label[LABEL_SIZE] = "certdesk backup 1\n";

    write_message(label, 0, digest, ret);
}

static bool is_signed(const struct vault_checkpoint *signed_by,
    const uint8_t message[static CHECKPOINT_MESSAGE_SIZE])
{
    return crypto_sign_verify_detached(signed_by->signature, message, CHECKPOINT_MESSAGE_SIZE,
               signed_by->public_key) == 0;
}

bool checkpoint_verify(const struct vault_checkpoint *checkpoint)
{
    uint8_t message[CHECKPOINT_MESSAGE_SIZE];

    checkpoint_message(checkpoint, message);
    return is_signed(checkpoint, message);
}

bool checkpoint_verify_backup(const struct vault_checkpoint *backup)
{
    uint8_t message[CHECKPOINT_MESSAGE_SIZE];

    checkpoint_backup_message(backup->hash, message);
    return is_signed(backup, message);
}
