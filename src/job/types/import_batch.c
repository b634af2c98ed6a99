/* job/types/import_batch: see the header. */
#include "job/types/import_batch.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "store/audit.h"
#include "store/cert.h"
#include "store/custom_field.h"
#include "store/import.h"

/* A record may have thousands. */
#define PLACES_MAX 10000

void import_batch_init(struct import_batch *batch, const struct sheet_header *header)
{
    *batch = (struct import_batch){ .slots = xcalloc(IMPORT_BATCH_MAX + 1, sizeof *batch->slots) };
    for (size_t i = 0; i <= IMPORT_BATCH_MAX; i++) {
        import_record_init(&batch->slots[i].record, header);
        import_plan_init(&batch->slots[i].plan);
    }
}

void import_batch_done(struct import_batch *batch)
{
    for (size_t i = 0; batch->slots && i <= IMPORT_BATCH_MAX; i++) {
        import_record_done(&batch->slots[i].record);
        import_plan_done(&batch->slots[i].plan);
    }
    free(take(&batch->slots));
}

void import_batch_clear(struct import_batch *batch)
{
    for (size_t i = 0; i <= batch->n; i++)
        import_plan_clear(&batch->slots[i].plan);
    batch->n = batch->n_places = 0;
}

struct import_slot *import_batch_open(struct import_batch *batch)
{
    return &batch->slots[batch->n];
}

void import_batch_push(struct import_batch *batch)
{
    ASSERT(batch->n < IMPORT_BATCH_MAX);
    batch->n_places += import_batch_open(batch)->record.n_places;
    batch->n++;
}

bool import_batch_is_full(const struct import_batch *batch)
{
    return batch->n == IMPORT_BATCH_MAX || batch->n_places >= PLACES_MAX;
}

/* ---- writing ---- */

/* What is written of each that waits. */
struct writing {
    struct import_batch *batch;
    struct import_context *context;
    struct tx *tx;
    struct cert_new *certs;
    struct endpoint_key *keys;         /* of all places, record by record */
    struct custom_field_value *values; /* of all, likewise */
    int64_t *ids;
};

/* The record's custom fields; returns where the next record's begin. */
static struct custom_field_value *describe_fields(const struct writing *w, size_t i,
    struct custom_field_value *value)
{
    const struct custom_field_rows *const fields = &w->context->fields;

    w->certs[i].fields = value;
    for (size_t k = 0; k < fields->n; k++) {
        const char *const text = w->batch->slots[i].plan.fields[k];

        if (text && *text)
            *value++ = (struct custom_field_value){ fields->items[k].id, text };
    }
    w->certs[i].n_fields = (size_t)(value - w->certs[i].fields);
    return value;
}

static void describe(struct writing *w)
{
    struct endpoint_key *key = w->keys;
    struct custom_field_value *value = w->values;

    for (size_t i = 0; i < w->batch->n; i++) {
        const struct import_slot *const slot = &w->batch->slots[i];

        w->certs[i] = import_plan_new(&slot->record, &slot->plan);
        w->certs[i].places = key;
        w->certs[i].n_places = slot->record.n_places;
        for (size_t k = 0; k < slot->record.n_places; k++)
            watch_place_key(&slot->record.places[k], key++);
        value = describe_fields(w, i, value);
    }
}

static bool write_audit(const struct writing *w, struct err *err)
{
    struct audit_entry *entries = xcalloc(w->batch->n, sizeof *entries);
    bool works;

    for (size_t i = 0; i < w->batch->n; i++)
        entries[i] = import_plan_audit(w->context, &w->batch->slots[i].plan, "certificate.create",
            w->ids[i]);
    works = store_audit_add_all(w->tx, entries, w->batch->n, err);
    free(entries);
    return works;
}

/* What came of them. */
static bool write_outcome(const struct writing *w, struct err *err)
{
    struct import_record_row *rows = xcalloc(w->batch->n, sizeof *rows);
    bool works = true;

    for (size_t i = 0; i < w->batch->n; i++)
        works = works && import_plan_outcome(&w->batch->slots[i].record, &w->batch->slots[i].plan,
                             w->ids[i], &rows[i], err);
    works = works && store_import_records_add(w->tx, w->context->import_id, rows, w->batch->n, err);
    for (size_t i = 0; i < w->batch->n; i++)
        free(rows[i].lines);
    free(rows);
    return works;
}

static bool write_records(struct writing *w, struct err *err)
{
    describe(w);
    return store_certs_add(w->tx, w->certs, w->batch->n, w->context->now, w->ids, err) &&
           write_audit(w, err);
}

bool import_batch_write(struct import_batch *batch, struct import_context *context, struct tx *tx,
    struct err *err)
{
    struct writing w = { .batch = batch, .context = context, .tx = tx };
    bool works;

    if (batch->n == 0)
        return true;
    w.certs = xcalloc(batch->n, sizeof *w.certs);
    w.keys = xcalloc(batch->n_places + 1, sizeof *w.keys);
    w.values = xcalloc(batch->n * context->fields.n + 1, sizeof *w.values);
    w.ids = xcalloc(batch->n, sizeof *w.ids);
    works = (context->is_dry_run || write_records(&w, err)) && write_outcome(&w, err);
    free(w.certs);
    free(w.keys);
    free(w.values);
    free(w.ids);
    if (works)
        import_batch_clear(batch);
    return works;
}
