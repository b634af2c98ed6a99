/* backup/reader: see the header. */
#include "backup/reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/secret.h"
#include "codec/sealed_stream.h"

struct backup_reader {
    int fd;
    struct sealed_reader *stream;
    struct buf payload;
    struct backup_counts counts;
    bool has_header;
    bool has_ended;
};

static bool read_exactly(int fd, uint8_t *field, size_t size, struct err *err)
{
    for (size_t n = 0; n < size;) {
        ssize_t got = read(fd, field + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, ERR_UNAVAILABLE, "could not read the backup");
        if (got == 0)
            return fail(err, ERR_INVALID, "the backup is cut off");
        n += (size_t)got;
    }
    return true;
}

bool backup_read_preamble(int fd, struct backup_preamble *ret, struct err *err)
{
    if (!read_exactly(fd, ret->bytes, BACKUP_TITLE_SIZE, err))
        return false;
    if (memcmp(ret->bytes, BACKUP_TITLE, BACKUP_TITLE_SIZE) != 0)
        return fail(err, ERR_INVALID, "this is no backup of certdesk, or one of a later version");
    return read_exactly(fd, ret->bytes + BACKUP_TITLE_SIZE,
        BACKUP_PREAMBLE_SIZE - BACKUP_TITLE_SIZE, err);
}

struct span backup_preamble_public(const struct backup_preamble *preamble)
{
    return span_of(preamble->bytes + BACKUP_TITLE_SIZE, BACKUP_PUBLIC_SIZE);
}

struct span backup_preamble_sealed_key(const struct backup_preamble *preamble)
{
    return span_of(preamble->bytes + BACKUP_TITLE_SIZE + BACKUP_PUBLIC_SIZE,
        BACKUP_SEALED_KEY_SIZE);
}

bool backup_reader_new(int fd, const struct backup_preamble *preamble, const struct secret *key,
    struct backup_reader **ret, struct err *err)
{
    autofree(backup_reader) struct backup_reader *reader = xcalloc(1, sizeof *reader);

    buf_init(&reader->payload, BACKUP_BLOCK_MAX);
    reader->fd = fd;
    if (secret_size(key) != BACKUP_FILE_KEY_SIZE)
        return fail(err, ERR_INVALID, "the backup is damaged");
    if (!sealed_reader_new(fd, span_of(preamble->bytes, sizeof preamble->bytes),
            secret_span(key).data, &reader->stream, err))
        return false;
    *ret = take(&reader);
    return true;
}

void backup_reader_free(struct backup_reader *reader)
{
    if (!reader)
        return;
    sealed_reader_free(reader->stream);
    buf_done(&reader->payload);
    free(reader);
}

const struct backup_counts *backup_reader_counts(const struct backup_reader *reader)
{
    return &reader->counts;
}

static bool is_type(uint8_t type)
{
    return type == DUMP_I64 || type == DUMP_BOOL || type == DUMP_TEXT || type == DUMP_BYTES;
}

static bool read_table(struct frame_reader *r, struct backup_item *item, struct err *err)
{
    struct dump_table *table = &item->table;

    frame_read_text_to(r, table->name, sizeof table->name);
    item->last_id = frame_read_i64(r);
    table->n_columns = frame_read_u16(r);
    if (table->n_columns > DUMP_COLUMNS_MAX)
        return fail(err, ERR_LIMIT, "table %s has more than %d columns", table->name,
            DUMP_COLUMNS_MAX);
    for (size_t i = 0; i < table->n_columns; i++) {
        frame_read_text_to(r, table->columns[i].name, sizeof table->columns[i].name);
        uint8_t type = frame_read_u8(r);

        if (!is_type(type))
            return fail(err, ERR_INVALID, "table %s has a column of an unknown kind", table->name);
        table->columns[i].type = (enum dump_type)type;
    }
    return true;
}

static bool compare_counts(struct backup_reader *reader, struct frame_reader *r, struct err *err)
{
    int64_t n_tables = frame_read_i64(r);
    int64_t n_rows = frame_read_i64(r);
    int64_t n_keys = frame_read_i64(r);

    if (n_tables != reader->counts.n_tables || n_rows != reader->counts.n_rows ||
        n_keys != reader->counts.n_keys)
        return fail(err, ERR_INVALID, "the backup does not hold as much as it says");
    reader->has_ended = true;
    return true;
}

static bool read_item(struct backup_reader *reader, uint8_t type, struct backup_item *item,
    struct err *err)
{
    struct frame_reader r = frame_reader_of(buf_span(&reader->payload));

    item->type = (enum backup_block)type;
    item->bytes = buf_span(&reader->payload);
    switch (item->type) {
    case BACKUP_HEADER:
        reader->has_header = true;
        return true;
    case BACKUP_ROW:
        reader->counts.n_rows++;
        return reader->counts.n_tables > 0 ||
               fail(err, ERR_INVALID, "the backup has a row of no table");
    case BACKUP_TABLE:
        reader->counts.n_tables++;
        if (!read_table(&r, item, err))
            return false;
        break;
    case BACKUP_KEY:
        reader->counts.n_keys++;
        item->id = frame_read_i64(&r);
        item->bytes = frame_read_bytes(&r);
        break;
    case BACKUP_END:
        if (!compare_counts(reader, &r, err))
            return false;
        break;
    default:
        return fail(err, ERR_INVALID, "the backup has a block of an unknown kind");
    }
    return frame_reader_end(&r, err);
}

bool backup_next(struct backup_reader *reader, struct backup_item *ret, struct err *err)
{
    uint8_t head[5];

    if (reader->has_ended)
        return fail(err, ERR_INTERNAL, "the backup has ended");
    if (!sealed_read(reader->stream, head, sizeof head, err))
        return false;
    size_t size = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];

    if (size > BACKUP_BLOCK_MAX)
        return fail(err, ERR_LIMIT, "the backup has a block of more than %u bytes",
            BACKUP_BLOCK_MAX);
    if ((head[0] == BACKUP_HEADER) == reader->has_header)
        return fail(err, ERR_INVALID, "the backup does not begin with its header");
    buf_clear(&reader->payload);
    uint8_t *at = size ? buf_extend(&reader->payload, size) : NULL;

    if (size && (!at || !sealed_read(reader->stream, at, size, err)))
        return false;
    *ret = (struct backup_item){ 0 };
    return read_item(reader, head[0], ret, err);
}

bool backup_read_signature(struct backup_reader *reader,
    uint8_t ret_digest[static BACKUP_DIGEST_SIZE],
    uint8_t ret_signature[static BACKUP_SIGNATURE_SIZE],
    uint8_t ret_signer[static BACKUP_PUBLIC_SIZE], struct err *err)
{
    uint8_t more;

    if (!sealed_reader_end(reader->stream, ret_digest, err) ||
        !read_exactly(reader->fd, ret_signature, BACKUP_SIGNATURE_SIZE, err) ||
        !read_exactly(reader->fd, ret_signer, BACKUP_PUBLIC_SIZE, err))
        return false;
    if (read(reader->fd, &more, 1) != 0)
        return fail(err, ERR_INVALID, "the file goes on behind the backup's end");
    return true;
}
