/* codec/sealed_stream: see the header. */
#include "codec/sealed_stream.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"

#define CHUNK 65536u
#define OVERHEAD crypto_secretstream_xchacha20poly1305_ABYTES
#define HEADER crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define LENGTH 4u

struct sealed_writer {
    int fd;
    crypto_secretstream_xchacha20poly1305_state state;
    crypto_hash_sha256_state digest;
    uint8_t bound[crypto_hash_sha256_BYTES]; /* SHA-256 of the preamble: into every chunk */
    uint8_t clear[CHUNK];
    size_t n_clear;
};

struct sealed_reader {
    int fd;
    crypto_secretstream_xchacha20poly1305_state state;
    crypto_hash_sha256_state digest;
    uint8_t bound[crypto_hash_sha256_BYTES];
    uint8_t clear[CHUNK];
    size_t n_clear;
    size_t at;
    bool is_last;
};

static void put_length(uint8_t field[static LENGTH], size_t n)
{
    for (unsigned i = 0; i < LENGTH; i++)
        field[i] = (uint8_t)(n >> (24 - 8 * i));
}

static size_t get_length(const uint8_t field[static LENGTH])
{
    size_t n = 0;

    for (unsigned i = 0; i < LENGTH; i++)
        n = n << 8 | field[i];
    return n;
}

static bool put(struct sealed_writer *writer, struct span bytes, struct err *err)
{
    crypto_hash_sha256_update(&writer->digest, bytes.data, bytes.size);
    return fs_write_all(writer->fd, bytes, err);
}

bool sealed_writer_new(int fd, struct span preamble,
    const uint8_t key[static SEALED_STREAM_KEY_SIZE], struct sealed_writer **ret, struct err *err)
{
    autofree(sealed_writer) struct sealed_writer *writer = xcalloc(1, sizeof *writer);
    uint8_t header[HEADER];

    writer->fd = fd;
    crypto_hash_sha256_init(&writer->digest);
    crypto_hash_sha256(writer->bound, preamble.data, preamble.size);
    crypto_secretstream_xchacha20poly1305_init_push(&writer->state, header, key);
    if (!put(writer, preamble, err) || !put(writer, span_of(header, sizeof header), err))
        return false;
    *ret = take(&writer);
    return true;
}

void sealed_writer_free(struct sealed_writer *writer)
{
    if (!writer)
        return;
    secret_wipe(writer, sizeof *writer);
    free(writer);
}

static bool put_chunk(struct sealed_writer *writer, uint8_t tag, struct err *err)
{
    uint8_t sealed[LENGTH + CHUNK + OVERHEAD];

    put_length(sealed, writer->n_clear + OVERHEAD);
    crypto_secretstream_xchacha20poly1305_push(&writer->state, sealed + LENGTH, NULL, writer->clear,
        writer->n_clear, writer->bound, sizeof writer->bound, tag);
    size_t n = LENGTH + writer->n_clear + OVERHEAD;

    writer->n_clear = 0;
    return put(writer, span_of(sealed, n), err);
}

bool sealed_write(struct sealed_writer *writer, struct span bytes, struct err *err)
{
    while (bytes.size > 0) {
        struct span part = span_slice(bytes, 0, CHUNK - writer->n_clear);

        memcpy(writer->clear + writer->n_clear, part.data, part.size);
        writer->n_clear += part.size;
        bytes = span_slice(bytes, part.size, SIZE_MAX);
        if (writer->n_clear == CHUNK &&
            !put_chunk(writer, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, err))
            return false;
    }
    return true;
}

bool sealed_writer_end(struct sealed_writer *writer,
    uint8_t ret_digest[static SEALED_STREAM_DIGEST_SIZE], struct err *err)
{
    if (!put_chunk(writer, crypto_secretstream_xchacha20poly1305_TAG_FINAL, err))
        return false;
    crypto_hash_sha256_final(&writer->digest, ret_digest);
    return true;
}

static bool get(struct sealed_reader *reader, uint8_t *field, size_t size, struct err *err)
{
    for (size_t n = 0; n < size;) {
        ssize_t got = read(reader->fd, field + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not read the file");
        if (got == 0)
            return fail(err, ERR_INVALID, "the file is cut off");
        n += (size_t)got;
    }
    crypto_hash_sha256_update(&reader->digest, field, size);
    return true;
}

bool sealed_reader_new(int fd, struct span preamble,
    const uint8_t key[static SEALED_STREAM_KEY_SIZE], struct sealed_reader **ret, struct err *err)
{
    autofree(sealed_reader) struct sealed_reader *reader = xcalloc(1, sizeof *reader);
    uint8_t header[HEADER];

    reader->fd = fd;
    crypto_hash_sha256_init(&reader->digest);
    crypto_hash_sha256_update(&reader->digest, preamble.data, preamble.size);
    crypto_hash_sha256(reader->bound, preamble.data, preamble.size);
    if (!get(reader, header, sizeof header, err))
        return false;
    if (crypto_secretstream_xchacha20poly1305_init_pull(&reader->state, header, key) != 0)
        return fail(err, ERR_INVALID, "the file is damaged");
    *ret = take(&reader);
    return true;
}

void sealed_reader_free(struct sealed_reader *reader)
{
    if (!reader)
        return;
    secret_wipe(reader, sizeof *reader);
    free(reader);
}

static bool get_chunk(struct sealed_reader *reader, struct err *err)
{
    uint8_t length[LENGTH];
    uint8_t sealed[CHUNK + OVERHEAD];
    unsigned long long n_clear = 0;
    uint8_t tag = 0;

    if (!get(reader, length, sizeof length, err))
        return false;
    size_t n = get_length(length);

    if (n < OVERHEAD || n > sizeof sealed)
        return fail(err, ERR_INVALID, "the file is damaged");
    if (!get(reader, sealed, n, err))
        return false;
    if (crypto_secretstream_xchacha20poly1305_pull(&reader->state, reader->clear, &n_clear, &tag,
            sealed, n, reader->bound, sizeof reader->bound) != 0)
        return fail(err, ERR_INVALID, "the file is damaged, or made for another key");
    reader->n_clear = (size_t)n_clear;
    reader->at = 0;
    reader->is_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return true;
}

bool sealed_read(struct sealed_reader *reader, void *field, size_t size, struct err *err)
{
    uint8_t *to = field;

    while (size > 0) {
        size_t n = reader->n_clear - reader->at;

        if (n == 0) {
            if (reader->is_last)
                return fail(err, ERR_INVALID, "the file ends too soon");
            if (!get_chunk(reader, err))
                return false;
            continue;
        }
        n = n < size ? n : size;
        memcpy(to, reader->clear + reader->at, n);
        reader->at += n;
        to += n;
        size -= n;
    }
    return true;
}

bool sealed_reader_end(struct sealed_reader *reader,
    uint8_t ret_digest[static SEALED_STREAM_DIGEST_SIZE], struct err *err)
{
    /* What was read may have filled its chunk: then an empty last one follows. */
    if (!reader->is_last && reader->at == reader->n_clear && !get_chunk(reader, err))
        return false;
    if (!reader->is_last || reader->at != reader->n_clear)
        return fail(err, ERR_INVALID, "the file goes on after its end");
    crypto_hash_sha256_final(&reader->digest, ret_digest);
    return true;
}
