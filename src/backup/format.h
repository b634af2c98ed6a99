/*
 * backup/format: what a backup's file is made of.
 *
 *   "certdesk backup 1\n"
 *   public recovery key[32]      which it is encrypted to
 *   sealed file key[80]          libsodium's sealed box
 *   a sealed stream              (codec/sealed_stream) of blocks, under the file key
 *   signature[64] public key[32] Ed25519, by the vault's audit key, over SHA-256 of all before
 *
 * A block is a byte that says what it is, its size (u32), and its payload, written as base/frame
 * writes: the header first; then, for each table, its description and its rows; then, for each
 * sealed key, its data key, sealed to the recovery key; the end, with the numbers of all.
 */
#pragma once

#include "base/base.h"

#define BACKUP_TITLE "certdesk backup 1\n"
#define BACKUP_TITLE_SIZE 18
#define BACKUP_PUBLIC_SIZE 32
#define BACKUP_FILE_KEY_SIZE 32
#define BACKUP_SEALED_KEY_SIZE (BACKUP_FILE_KEY_SIZE + 48)
#define BACKUP_PREAMBLE_SIZE (BACKUP_TITLE_SIZE + BACKUP_PUBLIC_SIZE + BACKUP_SEALED_KEY_SIZE)
#define BACKUP_SIGNATURE_SIZE 64
#define BACKUP_DIGEST_SIZE 32

enum backup_block {
    BACKUP_HEADER = 'H', /* JSON: certdesk, created_at, node, schema */
    BACKUP_TABLE = 'T',  /* text name, i64 last id, u16 n, n times (text name, u8 type) */
    BACKUP_ROW = 'R',    /* of the table before it, as store/dump has it */
    BACKUP_KEY = 'K',    /* i64 id of the sealed key, bytes data key sealed to the recovery key */
    BACKUP_END = 'E',    /* i64 tables, i64 rows, i64 keys */
};

#define BACKUP_BLOCK_MAX (16u << 20)

struct backup_counts {
    int64_t n_tables;
    int64_t n_rows;
    int64_t n_keys;
};
