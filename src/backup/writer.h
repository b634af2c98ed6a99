/* backup/writer: blocks into a file. What they hold is the caller's affair. */
#pragma once

#include "backup/format.h"
#include "base/span.h"

struct backup_writer;
struct dump_table;
struct err;
struct secret;

/* `fd` stays the caller's. `preamble` is what stands before the stream, `key` the file's. */
bool backup_writer_new(int fd, struct span preamble, const struct secret *key,
    struct backup_writer **ret, struct err *err) must_check;
void backup_writer_free(struct backup_writer *writer);

bool backup_put_header(struct backup_writer *writer, struct span json, struct err *err) must_check;
bool backup_put_table(struct backup_writer *writer, const struct dump_table *table, int64_t last_id,
    struct err *err) must_check;
bool backup_put_row(struct backup_writer *writer, struct span row, struct err *err) must_check;
bool backup_put_key(struct backup_writer *writer, int64_t id, struct span sealed, struct err *err)
    must_check;

/* The end of the stream; `digest` is what is to be signed. */
bool backup_writer_end(struct backup_writer *writer, uint8_t ret_digest[static BACKUP_DIGEST_SIZE],
    struct backup_counts *ret, struct err *err) must_check;

DEFINE_AUTOFREE(backup_writer);
