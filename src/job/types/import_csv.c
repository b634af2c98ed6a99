/*
 * job/import_csv: a table becomes records, or shows what would become of it.
 *
 * The records are taken in the order of the file, as a thread has read them ahead; the rows of one
 * together, wherever they are.
 * Some thousand records are one transaction, or fewer where others wait to write, and how far it
 * got is written in it: whoever takes the job up again goes on from there, and nothing is done
 * twice. New records are written together. One that cannot be written takes its transaction down
 * with it; the same rows are then taken again, each record alone, and that one is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "codec/json.h"
#include "db/db.h"
#include "job/types/import_ahead.h"
#include "job/types/import_batch.h"
#include "job/types/import_file.h"
#include "job/types/import_look.h"
#include "job/types/import_plan.h"
#include "job/types/import_record.h"
#include "job/types/selection.h"
#include "job/types/types.h"
#include "store/import.h"
#include "store/import_file.h"
#include "store/job.h"

#define BATCH_RECORDS 3800
#define BATCH_MS 500
#define BATCH_SHARED_MS 100 /* where others wait to write, too */
#define CHUNKS_AT_ONCE 64
#define MANY 1000 /* new records: the database is told to look at its tables */

struct importing {
    struct job_run *run;
    struct import_row *import;
    struct principal who;
    struct import_context context;
    struct import_index index;
    struct import_batch batch;
    struct import_ahead *ahead; /* NULL before the first, and after a failure */

    /* The transaction under way. */
    struct tx *tx;
    struct import_place place;
    int64_t next_row; /* its number: after the record being taken */
    int64_t n_records;
    int64_t began_ms;

    /* The record that could not be written, and why. */
    int64_t bad_line;
    struct err bad;
    int64_t alone_until; /* up to this row, each record has a transaction of its own */
};

/* ---- one record ---- */

static struct import_record *open_record(struct importing *work)
{
    return &import_batch_open(&work->batch)->record;
}

/* What the database refuses is the fault of a record, if it is known which: so where there were
 * several, each is tried alone. */
static bool give_up(struct importing *work, int64_t line, const struct err *why)
{
    if (why->kind == ERR_UNAVAILABLE || why->kind == ERR_INTERNAL)
        return false;
    if (work->n_records > 1) {
        work->alone_until = work->next_row + 1;
        return false;
    }
    work->bad_line = line;
    work->bad = *why;
    return false;
}

/* Write those that wait for others. */
static bool flush(struct importing *work, struct err *err)
{
    const int64_t line = work->batch.slots[0].record.line;

    return import_batch_write(&work->batch, &work->context, work->tx, err) ||
           give_up(work, line, err);
}

/* A new record waits for others. */
static bool put_off(struct importing *work, struct import_slot *slot, struct err *err)
{
    if (!work->import->is_dry_run &&
        !import_plan_put_group(&work->context, work->tx, &slot->record, &slot->plan, err))
        return give_up(work, slot->record.line, err);
    import_batch_push(&work->batch);
    return !import_batch_is_full(&work->batch) || flush(work, err);
}

static bool apply(struct importing *work, struct import_slot *slot, struct err *err)
{
    if (work->import->is_dry_run || slot->plan.action != IMPORT_UPDATED)
        return true;
    if (strcmp(slot->plan.name, slot->plan.before->name) != 0)
        import_look_doubt(work->ahead);
    return import_plan_update(&work->context, work->tx, &slot->record, &slot->plan, err) ||
           give_up(work, slot->record.line, err);
}

static bool write_outcome(struct importing *work, struct import_slot *slot, struct err *err)
{
    const int64_t id = slot->plan.before ? slot->plan.before->id : 0;
    struct import_record_row row = { 0 };
    bool works = import_plan_outcome(&slot->record, &slot->plan, id, &row, err) &&
                 store_import_records_add(work->tx, work->import->id, &row, 1, err);

    free(row.lines);
    return works;
}

/* The record is complete: say what came of it. */
static bool finish_record(struct importing *work, struct err *err)
{
    struct import_slot *const slot = import_batch_open(&work->batch);

    if (work->bad_line == slot->record.line)
        import_record_complain_at(&slot->record, slot->record.line, "", work->bad.msg);
    if (!import_plan_make(&work->context, work->tx, &slot->record, &slot->plan, err))
        return false;
    work->place.n[slot->plan.action]++;
    work->n_records++;
    if (slot->plan.action == IMPORT_CREATED)
        return put_off(work, slot, err);
    if (!apply(work, slot, err) || !write_outcome(work, slot, err))
        return false;
    import_plan_clear(&slot->plan);
    return true;
}

/* ---- records, as they were read ---- */

static bool has_taken_its_time(const struct importing *work)
{
    const int64_t ms = clock_mono_ms() - work->began_ms;

    return ms > BATCH_MS || tx_is_large(work->tx) ||
           (ms > BATCH_SHARED_MS && tx_is_waited_for(work->tx));
}

/* Everything before the record is done. Is that enough for one transaction? */
static bool stands_before(struct importing *work, const struct import_item *item)
{
    const bool is_alone = item->row < work->alone_until;

    work->next_row = item->row;
    work->place.offset = item->offset;
    work->place.line = item->line;
    work->place.row = item->row;
    return work->n_records >= (is_alone ? 1 : BATCH_RECORDS) ||
           (work->n_records > 0 && has_taken_its_time(work));
}

struct lone_row {
    struct importing *work;
    int64_t line;
};

static bool take_lone_row(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err)
{
    struct lone_row *const lone = context;

    ASSERT(sheet_row_width(&lone->work->index.header, cells, n_cells) ==
           lone->work->index.header.n_cells);
    import_record_add(&import_batch_open(&lone->work->batch)->record, line, cells);
    lone->line = 0;
    return fail(err, ERR_INTERNAL, "one row was wanted");
}

/* The rows of a record that lie apart are read from where they are. */
static bool gather(struct importing *work, const struct import_index_row *rows, size_t n,
    struct err *err)
{
    import_record_clear(open_record(work));
    for (size_t i = 0; i < n; i++) {
        struct lone_row lone = { .work = work, .line = rows[i].line };
        autofree(csv_reader) struct csv_reader *reader = csv_reader_new(take_lone_row, &lone);
        struct err stopped = { 0 };

        csv_reader_set_delimiter(reader, work->index.delimiter);
        csv_reader_begin_at(reader, rows[i].offset, rows[i].line);
        if (!import_file_feed(work->run->db, work->tx, work->import, rows[i].offset, reader,
                &stopped) &&
            lone.line) {
            *err = stopped;
            return false;
        }
    }
    import_record_complete(open_record(work));
    return finish_record(work, err);
}

static bool take_item(struct importing *work, struct import_item *item, struct err *err)
{
    struct import_record *const open = open_record(work);
    const struct import_record done = *open;

    work->next_row = item->end_row;
    if (item->kind == IMPORT_ITEM_SCATTERED)
        return gather(work, item->rows, item->n_rows, err);
    if (!import_look_ahead(work->ahead, work->tx, err))
        return false;
    *open = item->record;
    item->record = done;
    return finish_record(work, err);
}

/* ---- a transaction of them ---- */

static bool take_items(struct importing *work, struct err *err)
{
    struct import_item *item;

    if (!work->ahead &&
        !import_ahead_new(work->import, &work->index, &work->place, &work->ahead, err))
        return false;
    while (import_ahead_look(work->ahead, work->run->db, work->tx, &item, err)) {
        if (item->kind == IMPORT_ITEM_END) {
            work->place.offset = item->offset;
            work->place.row = item->row;
            return true;
        }
        if (stands_before(work, item))
            return true;
        if (!take_item(work, item, err))
            return false;
        import_ahead_take(work->ahead);
    }
    return false;
}

static bool run_batch(struct importing *work, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(work->run->db, TX_WRITE_LONG, &tx, err) ||
        !job_run_progress_in(work->run, tx, work->place.row, work->index.n_rows, err))
        return false;
    work->tx = tx;
    work->n_records = 0;
    work->began_ms = clock_mono_ms();
    import_names_clear(&work->context.names);
    import_look_forget(work->ahead);
    bool works = take_items(work, err) && flush(work, err) &&
                 store_import_advance(tx, work->import->id, &work->place, err);

    work->tx = NULL;
    return works && tx_commit_soon(take(&tx), err);
}

/* A record that could not be written is refused in the second try; there is one for each. */
static bool run_batches(struct importing *work, struct err *err)
{
    while (work->place.offset < work->import->size) {
        const struct import_place begin = work->place;
        const int64_t bad_before = work->bad_line;
        const int64_t alone_before = work->alone_until;

        if (run_batch(work, err))
            continue;
        if (work->bad_line == bad_before && work->alone_until == alone_before)
            return false;
        import_batch_clear(&work->batch);
        import_ahead_free(take(&work->ahead)); /* it has gone on */
        work->place = begin;
        err_clear(err);
    }
    return true;
}

static bool write_all(struct importing *work, struct err *err)
{
    db_write_much(work->run->db, !work->import->is_dry_run);
    const bool works = run_batches(work, err);

    db_write_much(work->run->db, false);
    return works;
}

/* ---- beginning and end ---- */

static bool prepare(struct importing *work, struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(work->run->db, TX_READ, &tx, err) ||
        !store_import_get(tx, &system, work->run->row->object_id, &work->import, err) ||
        !job_principal(tx, work->run->row->account_id, &work->who, err))
        return false;
    if (!work->import->file_id && !work->import->finished_at)
        return fail(err, ERR_NOT_FOUND, "the file is not kept any more");
    work->place = work->import->place;
    return true;
}

static void write_problem(const struct import_index *index, struct buf *problem)
{
    struct json_out out;

    json_out_init(&out, problem);
    json_begin_object(&out, NULL);
    json_i64(&out, "line", index->problem_line);
    json_str(&out, "column", index->problem_column);
    json_str(&out, "message", index->problem);
    json_end(&out);
}

/* A column of a custom field that there is not is a column that is none. */
static bool find_fields(struct importing *work, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    const char *column = NULL;
    struct err why = { 0 };

    if (work->index.problem)
        return true;
    if (!tx_begin(work->run->db, TX_READ, &tx, err))
        return false;
    if (import_fields_find(tx, &work->index.header, &work->context, &column, &why))
        return true;
    if (why.kind != ERR_INVALID) {
        *err = why;
        return false;
    }
    import_index_complain(&work->index, 1, column, why.msg);
    return true;
}

static bool count(struct importing *work, struct err *err)
{
    autodone(buf) struct buf problem = BUF_INIT(65536);
    autofree(tx) struct tx *tx = NULL;

    if (!import_index_make(work->run, work->import, &work->index, err) || !find_fields(work, err))
        return false;
    if (work->index.problem) {
        write_problem(&work->index, &problem);
        work->place.offset = work->import->size;
        work->place.n[IMPORT_FAILED] = 1;
    }
    import_batch_init(&work->batch, &work->index.header);
    const struct import_counted counted = { .header = buf_text(&work->index.header_row),
        .delimiter = sheet_delimiter_word(work->index.delimiter),
        .n_rows = work->index.n_rows,
        .problem = buf_text(&problem) };

    return tx_begin(work->run->db, TX_WRITE, &tx, err) &&
           job_run_progress_in(work->run, tx, work->place.row, work->index.n_rows, err) &&
           store_import_counted(tx, work->import->id, &counted, err) &&
           (!work->index.problem ||
               store_import_advance(tx, work->import->id, &work->place, err)) &&
           tx_commit(take(&tx), err);
}

/* What was made is looked at by a job of its own, a few hundred at a time. */
static bool queue_probe(struct importing *work, struct tx *tx, struct err *err)
{
    autofree(str) char *key = xasprintf("import_probe:%" PRId64, work->import->id);
    const struct job_new job = { .type = "import_probe",
        .object_id = work->import->id,
        .dedupe_key = key,
        .due_at = work->run->now,
        .account_id = work->run->row->account_id };
    int64_t id;

    if (work->import->is_dry_run ||
        work->place.n[IMPORT_CREATED] + work->place.n[IMPORT_UPDATED] == 0)
        return true;
    return store_job_add(tx, &job, work->run->now, &id, err);
}

static bool finish(struct importing *work, struct err *err)
{
    const int64_t n_new = work->import->is_dry_run ? 0 : work->place.n[IMPORT_CREATED];
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(work->run->db, TX_WRITE_LONG, &tx, err) &&
           job_run_progress_in(work->run, tx, work->index.n_rows, work->index.n_rows, err) &&
           (n_new < MANY || store_import_settle(tx, err)) &&
           store_import_finish(tx, work->import->id, clock_now(), err) &&
           queue_probe(work, tx, err) && tx_commit(take(&tx), err);
}

/* The file of a trial is kept, so that it can be done in earnest without being sent again. */
static bool forget_file(struct importing *work, struct err *err)
{
    bool is_gone = work->import->is_dry_run || !work->import->file_id;

    while (!is_gone) {
        autofree(tx) struct tx *tx = NULL;

        if (!tx_begin(work->run->db, TX_WRITE_LONG, &tx, err) ||
            !job_run_progress_in(work->run, tx, work->index.n_rows, work->index.n_rows, err) ||
            !store_import_file_delete(tx, work->import->file_id, CHUNKS_AT_ONCE, &is_gone, err) ||
            !tx_commit(take(&tx), err))
            return false;
    }
    return true;
}

bool job_import_csv_run(struct job_run *run, struct err *err)
{
    struct importing work = { .run = run };
    bool works;

    import_index_init(&work.index);
    works = prepare(&work, err);
    if (works && !work.import->finished_at) {
        work.context = (struct import_context){ .who = &work.who,
            .import_id = work.import->id,
            .is_dry_run = work.import->is_dry_run,
            .now = run->now };
        works = count(&work, err) && write_all(&work, err) && finish(&work, err);
    }
    works = works && forget_file(&work, err) && import_result_write(run, work.import->id, err);
    import_names_clear(&work.context.names);
    custom_field_rows_done(&work.context.fields);
    import_ahead_free(work.ahead);
    import_batch_done(&work.batch);
    import_index_done(&work.index);
    import_row_free(work.import);
    return works;
}
