/*
 * codec/sealed_stream: a file that only one key reads, and of which nothing can be changed, left
 * out, or cut off unseen.
 *
 * libsodium's secretstream (XChaCha20-Poly1305) in chunks of up to 64 KiB, each with its length
 * before it; the last one is marked as such. What goes before it in the file is bound in as well.
 * A digest over all bytes written or read is kept, for a signature.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;
struct sealed_reader;
struct sealed_writer;

#define SEALED_STREAM_KEY_SIZE 32
#define SEALED_STREAM_DIGEST_SIZE 32

/* Writes to `fd`, which stays the caller's. `preamble` goes first, in clear. */
bool sealed_writer_new(int fd, struct span preamble,
    const uint8_t key[static SEALED_STREAM_KEY_SIZE], struct sealed_writer **ret, struct err *err)
    must_check;
void sealed_writer_free(struct sealed_writer *writer);

bool sealed_write(struct sealed_writer *writer, struct span bytes, struct err *err) must_check;

/* The last chunk. `digest` is SHA-256 of the preamble and all that follows it. */
bool sealed_writer_end(struct sealed_writer *writer,
    uint8_t ret_digest[static SEALED_STREAM_DIGEST_SIZE], struct err *err) must_check;

/*
 * Reads from `fd`, which stands behind the preamble and stays the caller's. ERR_INVALID: damaged,
 * cut off, or under another key.
 */
bool sealed_reader_new(int fd, struct span preamble,
    const uint8_t key[static SEALED_STREAM_KEY_SIZE], struct sealed_reader **ret, struct err *err)
    must_check;
void sealed_reader_free(struct sealed_reader *reader);

/* Exactly `size` bytes. */
bool sealed_read(struct sealed_reader *reader, void *field, size_t size, struct err *err)
    must_check;

/* There must be nothing left. Then `fd` stands behind the stream. */
bool sealed_reader_end(struct sealed_reader *reader,
    uint8_t ret_digest[static SEALED_STREAM_DIGEST_SIZE], struct err *err) must_check;

DEFINE_AUTOFREE(sealed_writer);
DEFINE_AUTOFREE(sealed_reader);
