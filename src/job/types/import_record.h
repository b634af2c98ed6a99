/*
 * job/types/import_record: one record as a table has it, in one row or several.
 *
 * Nothing here asks the database. What is wrong is kept with the record, with line and column, and
 * makes it one that is refused.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/span.h"
#include "core/rows.h"
#include "core/sheet.h"
#include "monitor/add.h"

/* Endpoints of a record. */
#define IMPORT_PLACES_MAX 10000

struct import_error {
    int64_t line;
    const char *column; /* "": the row as a whole; lives for ever */
    char *message;
};

/* Whether there is a record of the name already, as was asked for many at once. */
enum import_look {
    IMPORT_LOOK_UNKNOWN, /* not asked, or not so any more */
    IMPORT_LOOK_FREE,    /* nobody has one */
    IMPORT_LOOK_TAKEN,   /* somebody has */
};

struct import_record {
    const struct sheet_header *header; /* borrowed */
    int64_t line;                      /* of the first row */
    struct id_list lines;
    char *values[N_SHEET_READ]; /* what the rows share; NULL: the table has no such column */
    int64_t value_lines[N_SHEET_READ];
    char *fields[SHEET_FIELDS_MAX]; /* likewise, of the header's custom fields */
    int64_t field_lines[SHEET_FIELDS_MAX];
    struct watch_place *places;
    size_t n_places;
    size_t places_room;
    struct import_error *errors;
    size_t n_errors;
    size_t errors_room;
    struct buf cells; /* the rows as they came, for a table of refused ones */
    char *name_lower; /* import_record_name(), case folded; NULL: not complete yet */
    enum import_look look;
};

/*
 * The endpoint of a row, by `protocol` where it says none (NULL: "tls"); *ret_has is false where it
 * names no endpoint, *ret_column the one to blame.
 */
bool import_place_read(const struct sheet_header *header, const struct span *cells,
    const char *protocol, struct watch_place *ret, bool *ret_has, const char **ret_column,
    struct err *err) must_check;

void import_record_init(struct import_record *record, const struct sheet_header *header);
void import_record_done(struct import_record *record);
void import_record_clear(struct import_record *record); /* to be used for the next one */

bool import_record_is_empty(const struct import_record *record);

/*
 * What the rows of one record have in common, put in place of what is in `key`: its id, else its
 * name however its letters are cased, else the name it will get. False for a row that says nothing
 * of these.
 */
bool import_row_key(const struct sheet_header *header, const struct span *cells, struct buf *key);

/* A row of as many cells as the header has. */
void import_record_add(struct import_record *record, int64_t line, const struct span *cells);

/* Cells of any number, for a table of refused rows. */
void import_record_keep_cells(struct import_record *record, const struct span *cells, size_t n);

/* A row that could not be read; `column` lives for ever. */
void import_record_add_bad(struct import_record *record, int64_t line, const char *column,
    const char *message);

/* All its rows are there. */
void import_record_complete(struct import_record *record);

/* The name that it has, or will get from its first endpoint; "" where there is only an id. */
const char *import_record_name(const struct import_record *record);

/* "" for what the table does not say. */
const char *import_record_value(const struct import_record *record, enum sheet_column column);

/* One more thing that is wrong, at the line where the column's value stands. */
void import_record_complain(struct import_record *record, enum sheet_column column,
    const char *format, ...) printf_like(3, 4);
void import_record_complain_at(struct import_record *record, int64_t line, const char *column,
    const char *message);

DEFINE_AUTODONE(import_record);
