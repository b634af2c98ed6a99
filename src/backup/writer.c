/* backup/writer: see the header. */
#include "backup/writer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/secret.h"
#include "codec/sealed_stream.h"
#include "store/dump_schema.h"

struct backup_writer {
    struct sealed_writer *stream;
    struct backup_counts counts;
};

bool backup_writer_new(int fd, struct span preamble, const struct secret *key,
    struct backup_writer **ret, struct err *err)
{
    autofree(backup_writer) struct backup_writer *writer = xcalloc(1, sizeof *writer);

    ASSERT(secret_size(key) == BACKUP_FILE_KEY_SIZE);
    if (!sealed_writer_new(fd, preamble, secret_span(key).data, &writer->stream, err))
        return false;
    *ret = take(&writer);
    return true;
}

void backup_writer_free(struct backup_writer *writer)
{
    if (!writer)
        return;
    sealed_writer_free(writer->stream);
    free(writer);
}

static bool put_block(struct backup_writer *writer, enum backup_block type, struct span payload,
    struct err *err)
{
    autodone(buf) struct buf head = BUF_INIT(8);

    if (payload.size > BACKUP_BLOCK_MAX)
        return fail(err, ERR_LIMIT, "a row is larger than %u bytes", BACKUP_BLOCK_MAX);
    buf_add_u8(&head, (uint8_t)type);
    buf_add_u32(&head, (uint32_t)payload.size);
    return sealed_write(writer->stream, buf_span(&head), err) &&
           sealed_write(writer->stream, payload, err);
}

bool backup_put_header(struct backup_writer *writer, struct span json, struct err *err)
{
    return put_block(writer, BACKUP_HEADER, json, err);
}

bool backup_put_table(struct backup_writer *writer, const struct dump_table *table, int64_t last_id,
    struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(65536);

    frame_put_text(&payload, table->name);
    frame_put_i64(&payload, last_id);
    buf_add_u16(&payload, (uint16_t)table->n_columns);
    for (size_t i = 0; i < table->n_columns; i++) {
        frame_put_text(&payload, table->columns[i].name);
        buf_add_u8(&payload, (uint8_t)table->columns[i].type);
    }
    writer->counts.n_tables++;
    return put_block(writer, BACKUP_TABLE, buf_span(&payload), err);
}

bool backup_put_row(struct backup_writer *writer, struct span row, struct err *err)
{
    writer->counts.n_rows++;
    return put_block(writer, BACKUP_ROW, row, err);
}

bool backup_put_key(struct backup_writer *writer, int64_t id, struct span sealed, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(4096);

    frame_put_i64(&payload, id);
    frame_put_bytes(&payload, sealed);
    writer->counts.n_keys++;
    return buf_check(&payload, "a sealed data key", err) &&
           put_block(writer, BACKUP_KEY, buf_span(&payload), err);
}

bool backup_writer_end(struct backup_writer *writer, uint8_t ret_digest[static BACKUP_DIGEST_SIZE],
    struct backup_counts *ret, struct err *err)
{
    autodone(buf) struct buf payload = BUF_INIT(64);

    frame_put_i64(&payload, writer->counts.n_tables);
    frame_put_i64(&payload, writer->counts.n_rows);
    frame_put_i64(&payload, writer->counts.n_keys);
    *ret = writer->counts;
    return put_block(writer, BACKUP_END, buf_span(&payload), err) &&
           sealed_writer_end(writer->stream, ret_digest, err);
}
