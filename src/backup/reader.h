/*
 * backup/reader: a backup's file, block by block.
 *
 * Nothing that is handed out before the end has come is to be kept: only then is it known that
 * nothing was left out.
 */
#pragma once

#include "backup/format.h"
#include "base/buf.h"
#include "base/span.h"
#include "store/dump_schema.h"

struct backup_reader;
struct err;
struct secret;

struct backup_preamble {
    uint8_t bytes[BACKUP_PREAMBLE_SIZE];
};

/* The first bytes of a file. ERR_INVALID: it is no backup, or one of a later kind. */
bool backup_read_preamble(int fd, struct backup_preamble *ret, struct err *err) must_check;
struct span backup_preamble_public(const struct backup_preamble *preamble);
struct span backup_preamble_sealed_key(const struct backup_preamble *preamble);

/* `fd` stands behind the preamble, and stays the caller's. */
bool backup_reader_new(int fd, const struct backup_preamble *preamble, const struct secret *key,
    struct backup_reader **ret, struct err *err) must_check;
void backup_reader_free(struct backup_reader *reader);

/* What a block says; spans live until the next one is read. */
struct backup_item {
    enum backup_block type;
    struct span bytes;       /* header: JSON; row: its bytes; key: the sealed data key */
    struct dump_table table; /* table */
    int64_t last_id;         /* table */
    int64_t id;              /* key */
};

/*
 * The next block. BACKUP_END comes once, after the numbers of all that came before it were
 * compared. ERR_INVALID: damaged, cut off, or out of order.
 */
bool backup_next(struct backup_reader *reader, struct backup_item *ret, struct err *err) must_check;

/* After BACKUP_END. ERR_INVALID: the signature does not hold, or more follows. */
bool backup_read_signature(struct backup_reader *reader,
    uint8_t ret_digest[static BACKUP_DIGEST_SIZE],
    uint8_t ret_signature[static BACKUP_SIGNATURE_SIZE],
    uint8_t ret_signer[static BACKUP_PUBLIC_SIZE], struct err *err) must_check;

const struct backup_counts *backup_reader_counts(const struct backup_reader *reader);

DEFINE_AUTOFREE(backup_reader);
