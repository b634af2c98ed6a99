/*
 * job/import_ahead: see the header.
 *
 * Records stand in a ring: those from `first` on are ready, the one behind them is being read. One
 * thread wakes the other seldom: the reader goes on when half of the ring is free, and says that
 * there is something when a few records are ready, or when it has to wait itself.
 */
#include "job/types/import_ahead.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/sheet.h"
#include "store/import_file.h"

#define ITEMS 256
#define A_FEW 16
#define WEIGHT_MAX (4U << 20) /* bytes of what is ready */

struct import_ahead {
    const struct import_row *import;
    const struct import_index *index;
    int64_t to_bring; /* where the next piece is taken from; the asking thread's */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock; /* what follows, but for items that are not ready */
    pthread_cond_t changed;
    struct import_item items[ITEMS];
    size_t first;
    size_t n;
    size_t weight;
    struct buf piece; /* brought, and not yet fetched by the reader */
    bool has_piece;
    bool is_resting; /* the reader, until there is room */
    bool is_ending;
    struct err failure;

    /* The reader's own. */
    struct csv_reader *reader;
    struct import_item *open; /* NULL: no record has begun */
    struct buf reading;       /* the piece */
    int64_t offset;           /* where the next piece begins */
    int64_t next_row;         /* -1: the header comes first */
    struct buf key;           /* of the record that the next rows may belong to */
    struct buf next_key;
};

static size_t weight_of(const struct import_record *record)
{
    return record->n_places * sizeof *record->places + record->cells.size;
}

/* ---- the reader ---- */

static bool is_full(const struct import_ahead *self)
{
    return self->n == ITEMS - 1 || self->weight > WEIGHT_MAX;
}

static bool has_much_room(const struct import_ahead *self)
{
    return self->n <= ITEMS / 2 && self->weight <= WEIGHT_MAX / 2;
}

/* With the lock held. */
static void wait_for_asker(struct import_ahead *self)
{
    (void)pthread_cond_broadcast(&self->changed);
    (void)pthread_cond_wait(&self->changed, &self->lock);
}

/* The open one is ready, and there is room for another. False: nobody wants it any more. */
static bool push(struct import_ahead *self, struct err *err)
{
    import_record_complete(&self->open->record);
    (void)pthread_mutex_lock(&self->lock);
    self->open->end_row = self->next_row;
    self->open->weight = weight_of(&self->open->record);
    self->weight += self->open->weight;
    self->n++;
    self->open = NULL;
    if (self->n == A_FEW)
        (void)pthread_cond_broadcast(&self->changed);
    self->is_resting = is_full(self);
    while (self->is_resting && !self->is_ending)
        wait_for_asker(self);
    const bool is_wanted = !self->is_ending;

    (void)pthread_mutex_unlock(&self->lock);
    return is_wanted || fail(err, ERR_INTERNAL, "no more records are wanted");
}

static bool finish_record(struct import_ahead *self, struct err *err)
{
    buf_clear(&self->key);
    return !self->open || push(self, err);
}

static struct import_item *begin(struct import_ahead *self, enum import_item_kind kind,
    int64_t line)
{
    (void)pthread_mutex_lock(&self->lock);
    self->open = &self->items[(self->first + self->n) % ITEMS];
    (void)pthread_mutex_unlock(&self->lock);
    import_record_clear(&self->open->record);
    self->open->kind = kind;
    self->open->offset = csv_reader_offset(self->reader);
    self->open->line = line;
    self->open->row = self->next_row;
    return self->open;
}

/* The first of a scattered record's rows stands for all of them. */
static void take_row(struct import_ahead *self, int64_t line, const struct span *cells)
{
    const struct import_index_row *rows = NULL;
    size_t n = 0;

    if (self->index->n)
        rows = import_index_find(self->index, import_index_hash(buf_span(&self->next_key)), &n);
    if (!rows) {
        buf_add_span(&self->key, buf_span(&self->next_key));
        import_record_add(&begin(self, IMPORT_ITEM_RECORD, line)->record, line, cells);
    } else if (rows[0].row == self->next_row) {
        begin(self, IMPORT_ITEM_SCATTERED, line)->rows = rows;
        self->open->n_rows = n;
    }
}

/* A row of the wrong width, or without anything to know its record by. */
static void take_odd_row(struct import_ahead *self, int64_t line, const struct span *cells,
    size_t n_cells)
{
    struct import_record *const record = &begin(self, IMPORT_ITEM_RECORD, line)->record;
    const size_t expected = self->index->header.n_cells;
    char message[128];

    if (n_cells != expected)
        (void)snprintf(message, sizeof message, "the row has %zu cells, and the first line %zu",
            n_cells, expected);
    else
        (void)snprintf(message, sizeof message, "the row has neither id, name nor host");
    import_record_keep_cells(record, cells, n_cells);
    import_record_add_bad(record, line, "", message);
}

static bool on_row(void *context, int64_t line, const struct span *cells, size_t n_cells,
    struct err *err)
{
    struct import_ahead *const self = context;

    if (sheet_row_is_blank(cells, n_cells))
        return true;
    if (self->next_row < 0) { /* the header, or what is before it */
        self->next_row = sheet_is_preamble(cells, n_cells) ? -1 : 0;
        return true;
    }
    n_cells = sheet_row_width(&self->index->header, cells, n_cells);
    const bool is_fit = n_cells == self->index->header.n_cells &&
                        import_row_key(&self->index->header, cells, &self->next_key);

    if (is_fit && self->open && span_equal(buf_span(&self->key), buf_span(&self->next_key))) {
        import_record_add(&self->open->record, line, cells);
    } else {
        if (!finish_record(self, err))
            return false;
        if (is_fit)
            take_row(self, line, cells);
        else
            take_odd_row(self, line, cells, n_cells);
    }
    self->next_row++;
    return true;
}

static bool on_bad_row(void *context, int64_t line, size_t cell, const struct err *why,
    struct err *err)
{
    struct import_ahead *const self = context;

    if (!finish_record(self, err))
        return false;
    import_record_add_bad(&begin(self, IMPORT_ITEM_RECORD, line)->record, line,
        import_index_column(self->index, cell), why->msg);
    self->next_row++;
    return true;
}

static bool fetch_piece(struct import_ahead *self, struct err *err)
{
    (void)pthread_mutex_lock(&self->lock);
    while (!self->has_piece && !self->is_ending)
        wait_for_asker(self);
    const bool is_wanted = !self->is_ending;
    const struct buf piece = self->piece;

    self->piece = self->reading;
    self->reading = piece;
    self->has_piece = false;
    (void)pthread_mutex_unlock(&self->lock);
    return is_wanted || fail(err, ERR_INTERNAL, "no more records are wanted");
}

static bool read_all(struct import_ahead *self, struct err *err)
{
    while (self->offset < self->import->size) {
        const size_t skip = (size_t)(self->offset % IMPORT_CHUNK_SIZE);

        if (!fetch_piece(self, err) ||
            !csv_reader_feed(self->reader, span_slice(buf_span(&self->reading), skip, SIZE_MAX),
                err))
            return false;
        self->offset += (int64_t)(self->reading.size - skip);
    }
    if (!csv_reader_finish(self->reader, err) || !finish_record(self, err))
        return false;
    begin(self, IMPORT_ITEM_END, 0)->offset = self->import->size;
    return push(self, err);
}

static void *reader_main(void *context)
{
    struct import_ahead *const self = context;
    struct err err = { 0 };
    const bool works = read_all(self, &err);

    (void)pthread_mutex_lock(&self->lock);
    if (!works)
        self->failure = err;
    (void)pthread_cond_broadcast(&self->changed);
    (void)pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* ---- who asks ---- */

bool import_ahead_new(const struct import_row *import, const struct import_index *index,
    const struct import_place *from, struct import_ahead **ret, struct err *err)
{
    autofree(import_ahead) struct import_ahead *self = xcalloc(1, sizeof *self);

    self->import = import;
    self->index = index;
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->changed, NULL);
    for (size_t i = 0; i < ITEMS; i++)
        import_record_init(&self->items[i].record, &index->header);
    buf_init(&self->piece, IMPORT_CHUNK_SIZE);
    buf_init(&self->reading, IMPORT_CHUNK_SIZE);
    buf_init(&self->key, CSV_MAX_CELL + 1);
    buf_init(&self->next_key, CSV_MAX_CELL + 1);
    self->offset = self->to_bring = from->offset;
    self->next_row = from->offset == 0 ? -1 : from->row;
    self->reader = csv_reader_new(on_row, self);
    csv_reader_on_bad_row(self->reader, on_bad_row);
    csv_reader_set_delimiter(self->reader, index->delimiter);
    csv_reader_begin_at(self->reader, from->offset, from->line);
    if (pthread_create(&self->thread, NULL, reader_main, self) != 0)
        return fail(err, ERR_UNAVAILABLE, "could not start a thread to read the table");
    self->has_thread = true;
    *ret = take(&self);
    return true;
}

void import_ahead_free(struct import_ahead *ahead)
{
    if (!ahead)
        return;
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->is_ending = true;
    (void)pthread_cond_broadcast(&ahead->changed);
    (void)pthread_mutex_unlock(&ahead->lock);
    if (ahead->has_thread)
        (void)pthread_join(ahead->thread, NULL);
    for (size_t i = 0; i < ITEMS; i++)
        import_record_done(&ahead->items[i].record);
    csv_reader_free(ahead->reader);
    buf_done(&ahead->piece);
    buf_done(&ahead->reading);
    buf_done(&ahead->key);
    buf_done(&ahead->next_key);
    (void)pthread_cond_destroy(&ahead->changed);
    (void)pthread_mutex_destroy(&ahead->lock);
    free(ahead);
}

/* The reader has fetched the last one, and does not touch the buffer meanwhile. */
static bool bring_piece(struct import_ahead *self, struct db *db, struct tx *tx, struct err *err)
{
    const size_t skip = (size_t)(self->to_bring % IMPORT_CHUNK_SIZE);

    if (!import_file_piece(db, tx, self->import->file_id, self->to_bring / IMPORT_CHUNK_SIZE,
            &self->piece, err))
        return false;
    if (self->piece.size <= skip)
        return fail(err, ERR_INTERNAL, "a piece of the file is missing");
    self->to_bring += (int64_t)(self->piece.size - skip);
    return true;
}

bool import_ahead_look(struct import_ahead *ahead, struct db *db, struct tx *tx,
    struct import_item **ret, struct err *err)
{
    bool works = true;

    (void)pthread_mutex_lock(&ahead->lock);
    while (works) {
        if (!ahead->has_piece && ahead->to_bring < ahead->import->size) {
            works = bring_piece(ahead, db, tx, err);
            ahead->has_piece = works;
            (void)pthread_cond_broadcast(&ahead->changed);
        } else if (ahead->n > 0) {
            *ret = &ahead->items[ahead->first];
            break;
        } else if (ahead->failure.kind != ERR_NONE) {
            *err = ahead->failure;
            works = false;
        } else {
            (void)pthread_cond_wait(&ahead->changed, &ahead->lock);
        }
    }
    (void)pthread_mutex_unlock(&ahead->lock);
    return works;
}

void import_ahead_take(struct import_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->lock);
    ahead->weight -= ahead->items[ahead->first].weight;
    ahead->first = (ahead->first + 1) % ITEMS;
    ahead->n--;
    if (ahead->is_resting && has_much_room(ahead)) {
        ahead->is_resting = false;
        (void)pthread_cond_broadcast(&ahead->changed);
    }
    (void)pthread_mutex_unlock(&ahead->lock);
}

size_t import_ahead_n_ready(struct import_ahead *ahead)
{
    (void)pthread_mutex_lock(&ahead->lock);
    const size_t n = ahead->n;

    (void)pthread_mutex_unlock(&ahead->lock);
    return n;
}

/* Only this thread moves the first, and the reader adds behind the last. */
struct import_item *import_ahead_ready(struct import_ahead *ahead, size_t i)
{
    return &ahead->items[(ahead->first + i) % ITEMS];
}
