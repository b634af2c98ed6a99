/* backup/load: see the header. */
#include "backup/load.h"

#include <string.h>

#include "backup/reader.h"
#include "base/alloc.h"
#include "base/err.h"
#include "codec/json_in.h"
#include "db/db.h"
#include "store/audit.h"
#include "store/delivery.h"
#include "store/deployment.h"
#include "store/dump.h"
#include "store/job.h"
#include "store/local_ca.h"
#include "store/schema.h"
#include "store/sealed_key.h"
#include "store/standby.h"

#define BATCH 200

bool backup_read_info(struct backup_reader *reader, struct backup_info *ret, struct err *err)
{
    autofree(json) struct json *json = NULL;
    struct json_problems problems = { 0 };
    struct backup_item item;
    struct json_in in;

    if (!backup_next(reader, &item, err) || !json_parse(item.bytes, &json, err))
        return false;
    json_in_init(&in, json, &problems);
    ret->n_steps = json_in_i64(&in, "schema", 1, 100000);
    span_copy_text(span_text(json_in_text(&in, "created_at", 1, 40)), ret->created_at,
        sizeof ret->created_at);
    span_copy_text(span_text(json_in_text(&in, "certdesk", 1, 60)), ret->version,
        sizeof ret->version);
    span_copy_text(span_text(json_in_text_opt(&in, "node", 0, 200, "")), ret->node,
        sizeof ret->node);
    bool is_read = problems.n == 0;

    json_problems_clear(&problems);
    if (!is_read)
        return fail(err, ERR_INVALID, "the backup's header makes no sense");
    if (ret->n_steps > (int64_t)n_schema_steps)
        return fail(err, ERR_CONFLICT, "the backup was made by certdesk %s, which is newer",
            ret->version);
    return true;
}

static bool is_empty(struct tx *tx, const struct dump_schema *schema, bool *ret, struct err *err)
{
    return store_dump_is_empty(tx, dump_schema_find(schema, "account"), ret, err);
}

bool backup_check_empty(struct db *db, struct err *err)
{
    autodone(dump_schema) struct dump_schema schema = { 0 };
    autofree(tx) struct tx *tx = NULL;
    int64_t n_steps;
    bool empty = true;

    if (!tx_begin(db, TX_READ, &tx, err) || !migrate_state(tx, &n_steps, err))
        return false;
    if (n_steps == 0)
        return true;
    if (!dump_schema_read(schema_steps, n_schema_steps, &schema, err) ||
        !is_empty(tx, &schema, &empty, err))
        return false;
    return empty || fail(err, ERR_CONFLICT,
                        "the database is in use: a backup is restored into an empty one");
}

/* A table as this binary knows it; the backup's may lack columns that a later step adds. */
static bool begin_table(struct tx *tx, const struct dump_schema *schema,
    const struct backup_item *item, struct dump_loader **loader, struct dump_table *table,
    struct err *err)
{
    const struct dump_table *ours = dump_schema_find(schema, item->table.name);

    if (!ours || ours->n_columns != item->table.n_columns ||
        memcmp(ours->columns, item->table.columns, sizeof ours->columns) != 0)
        return fail(err, ERR_INVALID, "table %s is not as its schema says", item->table.name);
    dump_loader_free(*loader);
    *table = *ours;
    *loader = store_dump_loader_new(tx, table);
    return true;
}

/* Rows until something else comes, which is left in *item. */
static bool load_rows(struct backup_reader *reader, struct tx *tx, const struct dump_schema *schema,
    struct backup_item *item, struct err *err)
{
    autofree(dump_loader) struct dump_loader *loader = NULL;
    struct dump_table *table = xcalloc(1, sizeof *table);
    int64_t last_id = 0;
    bool works = true;

    while (works && (works = backup_next(reader, item, err))) {
        if (item->type == BACKUP_ROW) {
            works = store_dump_load(loader, item->bytes, err);
            continue;
        }
        /* The number is set behind the rows, which have numbers of their own. */
        if (loader)
            works = store_dump_set_last_id(tx, table, last_id, err);
        if (item->type != BACKUP_TABLE)
            break;
        last_id = item->last_id;
        works = works && begin_table(tx, schema, item, &loader, table, err);
    }
    dump_loader_free(take(&loader));
    free(table);
    return works;
}

static bool audit_restore(struct tx *tx, const struct backup_info *info, int64_t now,
    struct err *err)
{
    const struct audit_entry entry = { .at = now,
        .actor = "certdesk",
        .action = "backup.restore",
        .object_type = "backup",
        .object_name = info->created_at };

    return store_audit_add(tx, &entry, err);
}

/* Nobody works here yet, and nobody is to be told anything before it is known which one is it. */
static bool settle(struct tx *tx, const struct backup_info *info, int64_t now, struct err *err)
{
    char reason[STANDBY_REASON_MAX];

    (void)snprintf(reason, sizeof reason, "restored from a backup of %s, made at %s", info->node,
        info->created_at);
    return store_job_release(tx, NULL, err) && store_delivery_shelve(tx, err) &&
           store_deployment_shelve(tx, now, err) && store_local_ca_restored(tx, err) &&
           store_restore_begin(tx, now, err) && store_standby_begin(tx, reason, now, err) &&
           audit_restore(tx, info, now, err);
}

struct adoption {
    int64_t id;
    struct sealed_key_row key;
    struct buf sealed; /* the data key, as the backup has it */
    struct buf blob;   /* what it becomes */
    struct buf public_key;
    struct buf spki;
};

struct adoptions {
    struct adoption items[BATCH];
    size_t n;
};

static void adoptions_clear(struct adoptions *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        struct adoption *a = &batch->items[i];

        sealed_key_row_done(&a->key);
        buf_done(&a->sealed);
        buf_done(&a->blob);
        buf_done(&a->public_key);
        buf_done(&a->spki);
    }
    batch->n = 0;
}

static void adoptions_free(struct adoptions *batch)
{
    adoptions_clear(batch);
    free(batch);
}
DEFINE_AUTOFREE(adoptions);

static void add_adoption(struct adoptions *batch, const struct backup_item *item)
{
    struct adoption *a = &batch->items[batch->n++];

    *a = (struct adoption){ .id = item->id,
        .sealed = BUF_INIT(VAULT_SEALED_MAX),
        .blob = BUF_INIT(VAULT_SEALED_MAX),
        .public_key = BUF_INIT(VAULT_SEALED_MAX),
        .spki = BUF_INIT(VAULT_SEALED_MAX) };
    sealed_key_row_init(&a->key);
    buf_add_span(&a->sealed, item->bytes);
}

static bool read_batch(struct db *db, struct adoptions *batch, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, TX_READ, &tx, err))
        return false;
    for (size_t i = 0; i < batch->n; i++) {
        struct adoption *a = &batch->items[i];

        if (!store_sealed_key_get(tx, a->id, &a->key, err) ||
            !store_sealed_key_public(tx, a->id, &a->public_key, err))
            return false;
    }
    return true;
}

static bool adopt_one(const struct backup_adopter *adopter, struct adoption *a, struct err *err)
{
    if (!adopter->adopt(adopter->arg, &a->key, buf_span(&a->sealed), &a->blob, &a->spki, err))
        return err_wrap(err, "the private key %" PRId64, a->id);
    if (!span_equal(buf_span(&a->spki), buf_span(&a->public_key)))
        return fail(err, ERR_INVALID, "the private key %" PRId64 " is not that of its public key",
            a->id);
    return true;
}

static bool write_batch(struct db *db, const struct adoptions *batch, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, TX_WRITE_LONG, &tx, err))
        return false;
    for (size_t i = 0; i < batch->n; i++) {
        const struct adoption *a = &batch->items[i];
        bool changed = false;

        if (!store_sealed_key_rewrap(tx, &a->key, buf_span(&a->blob), &changed, err))
            return false;
        if (!changed)
            return fail(err, ERR_INVALID, "the private key %" PRId64 " is there twice", a->id);
    }
    return tx_commit(take(&tx), err);
}

static bool adopt_batch(struct db *db, const struct backup_adopter *adopter,
    struct adoptions *batch, struct err *err)
{
    if (!read_batch(db, batch, err))
        return false;
    for (size_t i = 0; i < batch->n; i++)
        if (!adopt_one(adopter, &batch->items[i], err))
            return false;
    if (!write_batch(db, batch, err))
        return false;
    adoptions_clear(batch);
    return true;
}

/* From the first key, which is in *item, to the end. */
static bool adopt_keys(struct backup_reader *reader, struct db *db,
    const struct backup_adopter *adopter, struct backup_item *item, struct err *err)
{
    autofree(adoptions) struct adoptions *batch = xcalloc(1, sizeof *batch);

    for (; item->type == BACKUP_KEY;) {
        add_adoption(batch, item);
        if (batch->n == BATCH && !adopt_batch(db, adopter, batch, err))
            return false;
        if (!backup_next(reader, item, err))
            return false;
    }
    if (item->type != BACKUP_END)
        return fail(err, ERR_INVALID, "the backup's parts are out of order");
    return batch->n == 0 || adopt_batch(db, adopter, batch, err);
}

/* Each key was brought over, and fits the certificate or request that has it. */
static bool prove_keys(struct db *db, int64_t n_adopted, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t n_other = 0, total = 0, misfit = 0;

    if (!tx_begin(db, TX_READ, &tx, err) ||
        !store_sealed_key_count_other(tx, "", &n_other, &total, err) ||
        !store_sealed_key_find_misfit(tx, &misfit, err))
        return false;
    if (total != n_adopted)
        return fail(err, ERR_INVALID, "the backup has %" PRId64 " private keys, and opens %" PRId64,
            total, n_adopted);
    if (misfit)
        return fail(err, ERR_INVALID,
            "the private key %" PRId64 " does not fit its certificate or request", misfit);
    return true;
}

static bool load(struct backup_reader *reader, const struct backup_info *info,
    const struct dump_schema *schema, struct db *db, const struct backup_adopter *adopter,
    int64_t now, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct backup_item *item = xcalloc(1, sizeof *item);
    bool works = tx_begin(db, TX_WRITE_LONG, &tx, err) && store_dump_clear(tx, schema, err) &&
                 load_rows(reader, tx, schema, item, err) && settle(tx, info, now, err) &&
                 tx_commit(take(&tx), err) && adopt_keys(reader, db, adopter, item, err) &&
                 prove_keys(db, backup_reader_counts(reader)->n_keys, err);

    free(item);
    return works;
}

static void empty_again(struct db *db, const struct dump_schema *schema)
{
    autofree(tx) struct tx *tx = NULL;
    struct err ignored = { 0 };

    if (tx_begin(db, TX_WRITE_LONG, &tx, &ignored) && store_dump_clear(tx, schema, &ignored))
        (void)!tx_commit(take(&tx), &ignored);
}

bool backup_load(struct backup_reader *reader, const struct backup_info *info, struct db *db,
    const struct backup_adopter *adopter, int64_t now, struct err *err)
{
    autodone(dump_schema) struct dump_schema schema = { 0 };

    if (!dump_schema_read(schema_steps, (size_t)info->n_steps, &schema, err))
        return false;
    if (load(reader, info, &schema, db, adopter, now, err))
        return true;
    empty_again(db, &schema);
    return false;
}
