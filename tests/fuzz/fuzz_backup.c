/* backup/reader: the blocks of a backup, by somebody who has the recovery key. */
#include <sys/mman.h>
#include <unistd.h>

#include "backup/reader.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"
#include "codec/sealed_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A well-formed file around the bytes, so that they are what is read. */
static bool wrap(int fd, struct span blocks, const struct secret *key, struct err *err)
{
    autofree(sealed_writer) struct sealed_writer *writer = NULL;
    uint8_t preamble[BACKUP_PREAMBLE_SIZE] = BACKUP_TITLE;
    uint8_t digest[SEALED_STREAM_DIGEST_SIZE];

    return sealed_writer_new(fd, span_of(preamble, sizeof preamble), secret_span(key).data, &writer,
               err) &&
           sealed_write(writer, blocks, err) && sealed_writer_end(writer, digest, err);
}

static void read_blocks(int fd, const struct secret *key)
{
    autofree(backup_reader) struct backup_reader *reader = NULL;
    struct backup_item *item = xcalloc(1, sizeof *item);
    struct backup_preamble preamble;
    struct err err = { 0 };

    if (backup_read_preamble(fd, &preamble, &err) &&
        backup_reader_new(fd, &preamble, key, &reader, &err))
        while (backup_next(reader, item, &err) && item->type != BACKUP_END)
            ;
    free(item);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autofree(secret) struct secret *key = secret_new_zeroed(BACKUP_FILE_KEY_SIZE);
    autoclose int fd = memfd_create("backup", MFD_CLOEXEC);
    struct err err = { 0 };

    if (fd >= 0 && wrap(fd, span_of(data, size), key, &err) && lseek(fd, 0, SEEK_SET) == 0)
        read_blocks(fd, key);
    return 0;
}
