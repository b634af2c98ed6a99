/*
 * backup/backup: see the header.
 *
 * The vault is not asked while the rows are read, which is in a transaction: which keys there are
 * is noted in a second file meanwhile, and their data keys follow when the rows are through.
 */
#include "backup/backup.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/writer.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "codec/json.h"
#include "db/db.h"
#include "store/dump.h"
#include "store/schema.h"
#include "store/sealed_key.h"
#include "vault/client_keys.h"

#define HEADER_MAX 4096
#define NOTE_HEADER 4

struct work {
    const struct backup_order *order;
    struct backup_writer *writer;
    int notes_fd; /* of each sealed key: its length, id, purpose, row and blob */
    int64_t n_keys;
};

static bool put_preamble(const struct vault_backup *begun, struct buf *ret, struct err *err)
{
    buf_add_text(ret, BACKUP_TITLE);
    buf_add(ret, begun->recovery_key, sizeof begun->recovery_key);
    buf_add_span(ret, buf_span(&begun->sealed_key));
    if (ret->size != BACKUP_PREAMBLE_SIZE)
        return fail(err, ERR_INTERNAL, "the vault's key for the backup has another size");
    return buf_check(ret, "a backup's preamble", err);
}

static bool put_header(const struct work *work, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT(HEADER_MAX);
    struct json_out out;

    json_out_init(&out, &text);
    json_begin_object(&out, NULL);
    json_str(&out, "certdesk", CERTDESK_VERSION);
    json_time(&out, "created_at", work->order->now);
    json_str(&out, "node", work->order->node);
    json_str(&out, "database", db_is_postgres(work->order->db) ? "postgresql" : "sqlite");
    json_i64(&out, "schema", (int64_t)n_schema_steps);
    json_end(&out);
    return json_out_check(&out, err) && backup_put_header(work->writer, buf_span(&text), err);
}

static bool put_row(void *context, struct span row, struct err *err)
{
    const struct work *work = context;

    return backup_put_row(work->writer, row, err);
}

static bool put_tables(struct work *work, struct tx *tx, struct err *err)
{
    autodone(dump_schema) struct dump_schema schema = { 0 };

    if (!dump_schema_read(schema_steps, n_schema_steps, &schema, err))
        return false;
    for (size_t i = 0; i < schema.n_tables; i++) {
        const struct dump_table *table = &schema.tables[i];
        int64_t last_id = 0;

        if (store_dump_is_passing(table->name))
            continue;
        if (!store_dump_last_id(tx, table, &last_id, err) ||
            !backup_put_table(work->writer, table, last_id, err) ||
            !store_dump_rows(tx, table, put_row, work, err))
            return false;
    }
    return true;
}

static bool note_key(struct work *work, const struct sealed_key_row *key, struct err *err)
{
    autodone(buf) struct buf note = BUF_INIT(VAULT_SEALED_MAX + 4096);
    autodone(buf) struct buf framed = BUF_INIT(VAULT_SEALED_MAX + 4096 + NOTE_HEADER);

    frame_put_i64(&note, key->id);
    buf_add_u8(&note, (uint8_t)key->purpose);
    frame_put_text(&note, key->bound_to);
    frame_put_bytes(&note, buf_span(&key->blob));
    buf_add_u32(&framed, (uint32_t)note.size);
    buf_add_span(&framed, buf_span(&note));
    work->n_keys++;
    return buf_check(&framed, "a sealed key", err) &&
           fs_write_all(work->notes_fd, buf_span(&framed), err);
}

static bool note_keys(struct work *work, struct tx *tx, struct err *err)
{
    autodone(sealed_key_row) struct sealed_key_row key;
    int64_t after_id = 0;

    sealed_key_row_init(&key);
    for (;;) {
        if (!store_sealed_key_next_other(tx, "", after_id, &key, err))
            return false;
        if (!key.id)
            return true;
        if (!note_key(work, &key, err))
            return false;
        after_id = key.id;
    }
}

static bool put_rows(struct work *work, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(work->order->db, TX_READ, &tx, err) && put_tables(work, tx, err) &&
           note_keys(work, tx, err);
}

/* The next note, whole, into `note`. */
static bool read_note(const struct work *work, off_t *at, struct buf *note, struct err *err)
{
    uint8_t head[NOTE_HEADER];

    buf_clear(note);
    if (pread(work->notes_fd, head, sizeof head, *at) != (ssize_t)sizeof head)
        return fail_errno(err, ERR_UNAVAILABLE, "could not read a temporary file");
    size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    uint8_t *to = buf_extend(note, size);

    if (!to || pread(work->notes_fd, to, size, *at + NOTE_HEADER) != (ssize_t)size)
        return fail_errno(err, ERR_UNAVAILABLE, "could not read a temporary file");
    *at += NOTE_HEADER + (off_t)size;
    return true;
}

static bool put_key(const struct work *work, struct span note, struct err *err)
{
    autodone(buf) struct buf sealed = BUF_INIT(VAULT_SEALED_MAX);
    struct frame_reader r = frame_reader_of(note);
    char row[VAULT_ROW_MAX + 1];
    int64_t id = frame_read_i64(&r);
    struct vault_binding binding = { .purpose = (enum vault_purpose)frame_read_u8(&r), .row = row };

    frame_read_text_to(&r, row, sizeof row);
    struct span blob = frame_read_bytes(&r);

    if (!frame_reader_end(&r, err))
        return false;
    if (!vault_export_key(work->order->vault, blob, &binding, &sealed, err))
        return err_wrap(err, "the private key %" PRId64, id);
    return backup_put_key(work->writer, id, buf_span(&sealed), err);
}

static bool put_keys(const struct work *work, struct err *err)
{
    autodone(buf) struct buf note = BUF_INIT(VAULT_SEALED_MAX + 4096);
    off_t at = 0;

    for (int64_t i = 0; i < work->n_keys; i++)
        if (!read_note(work, &at, &note, err) || !put_key(work, buf_span(&note), err))
            return false;
    return true;
}

/* Signed with the key of the audit log, which the caller has seen to. */
static bool sign(const struct work *work, struct vault_checkpoint *backup, struct err *err)
{
    autodone(sealed_key_row) struct sealed_key_row key;
    autofree(tx) struct tx *tx = NULL;

    sealed_key_row_init(&key);
    if (!tx_begin(work->order->db, TX_READ, &tx, err) ||
        !store_sealed_key_first(tx, VAULT_AUDIT, &key, err))
        return false;
    tx_free(take(&tx));
    if (!key.id)
        return fail(err, ERR_UNAVAILABLE, "the audit log has no key to sign with yet");
    struct vault_binding binding = sealed_key_binding(&key);

    return vault_sign_backup(work->order->vault, buf_span(&key.blob), &binding, backup, err);
}

static bool finish(const struct work *work, int fd, struct backup_result *ret, struct err *err)
{
    struct vault_checkpoint backup = { 0 };
    struct stat st;

    if (!backup_writer_end(work->writer, backup.hash, &ret->counts, err) ||
        !sign(work, &backup, err) ||
        !fs_write_all(fd, span_of(backup.signature, sizeof backup.signature), err) ||
        !fs_write_all(fd, span_of(backup.public_key, sizeof backup.public_key), err))
        return false;
    if (fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0)
        return fail_errno(err, ERR_UNAVAILABLE, "could not read the backup again");
    ret->size = st.st_size;
    return true;
}

bool backup_write(const struct backup_order *order, struct backup_result *ret, struct err *err)
{
    autodone(vault_backup) struct vault_backup begun = { 0 };
    autodone(buf) struct buf preamble = BUF_INIT(4096);
    autofree(backup_writer) struct backup_writer *writer = NULL;
    autoclose int notes_fd = -1;
    autoclose int fd = -1;

    if (!vault_begin_backup(order->vault, &begun, err) || !put_preamble(&begun, &preamble, err) ||
        !fs_open_temporary(order->tmp_dir, &fd, err) ||
        !fs_open_temporary(order->tmp_dir, &notes_fd, err) ||
        !backup_writer_new(fd, buf_span(&preamble), begun.key, &writer, err))
        return false;
    struct work work = { .order = order, .writer = writer, .notes_fd = notes_fd };

    if (!put_header(&work, err) || !put_rows(&work, err) || !put_keys(&work, err) ||
        !finish(&work, fd, ret, err))
        return false;
    ret->fd = fd;
    fd = -1;
    return true;
}
