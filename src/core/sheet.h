/*
 * core/sheet: the table in which records are exported and imported: its columns, and a header.
 *
 * A row is a record at one of its endpoints. What its rows share (name, people, …) is the same in
 * all of them.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "core/rows_view.h"

struct err;

/* In the order in which they are written. Those before N_SHEET_READ are read. */
enum sheet_column {
    SHEET_ID,
    SHEET_NAME,
    SHEET_HOST,
    SHEET_PORT,
    SHEET_SNI,
    SHEET_PROTOCOL,
    SHEET_DESCRIPTION,
    SHEET_BUSINESS_GROUP,
    SHEET_OWNER,
    SHEET_ASSIGNEE,
    SHEET_SHARE_USERS,
    SHEET_SHARE_GROUPS,
    SHEET_TAGS,
    N_SHEET_READ,
    SHEET_SOURCE = N_SHEET_READ,
    SHEET_STATUS,
    SHEET_EXPIRES_AT,
    SHEET_DAYS_LEFT,
    SHEET_ISSUER,
    SHEET_SERIAL,
    SHEET_FINGERPRINT_SHA256,
    SHEET_SANS,
    SHEET_RESOURCES,
    SHEET_LAST_CHECKED_AT,
    SHEET_LAST_ERROR,
    N_SHEET_COLUMNS,
};

/* In a cell of "sni": no name is sent. An empty one is the host's. */
#define SHEET_NO_SNI "-"

const char *sheet_column_name(enum sheet_column column); /* "id", … */

/* Of one endpoint, and not of all rows of a record. */
bool sheet_is_of_endpoint(enum sheet_column column);

/* A column "field.NAME": a custom field. Which there are, the table does not know. */
#define SHEET_FIELD_PREFIX "field."
#define SHEET_FIELDS_MAX 50

struct sheet_field {
    char column[sizeof SHEET_FIELD_PREFIX + FIELD_NAME_MAX];
    size_t at;
};

/* Where the columns are in a table from outside. */
struct sheet_header {
    int at[N_SHEET_READ]; /* the cell; -1: the table has no such column */
    size_t n_cells;       /* of every row */
    struct sheet_field fields[SHEET_FIELDS_MAX];
    size_t n_fields;
};

/* "cost" of the column "field.cost". */
const char *sheet_field_name(const struct sheet_field *field);

/*
 * Any order and case, with blanks or hyphens for underscores; empty cells at the end are none.
 * Columns that are only written are passed over; so are "line", "column" and "message", which a
 * table of refused rows has. ERR_INVALID for a column that is none, for one that comes twice, and
 * where there is nothing to know a record by; *ret_cell is the one to blame.
 */
bool sheet_header_read(const struct span *cells, size_t n_cells, struct sheet_header *ret,
    size_t *ret_cell, struct err *err) must_check;

/* How many cells a row has: empty ones behind the header's last, which spreadsheets leave where
 * something once stood, are none. Nor is a row of nothing but empty ones a row. */
size_t sheet_row_width(const struct sheet_header *header, const struct span *cells, size_t n_cells);
bool sheet_row_is_blank(const struct span *cells, size_t n_cells);

/* A line before the header that Excel ("sep=;") or PowerShell ("#TYPE …") wrote for itself. */
bool sheet_is_preamble(const struct span *cells, size_t n_cells);

/* What is between the cells of a table, by the columns that its first line then names: a comma, or
 * a semicolon or a tab where more are found so. */
char sheet_delimiter(struct span table);
const char *sheet_delimiter_word(char delimiter); /* "comma", "semicolon", "tab" */

bool sheet_has(const struct sheet_header *header, enum sheet_column column);

/*
 * What the row says in a column, as it was meant: without what keeps a spreadsheet from running it
 * and, but for a description, without blanks at its ends. Empty where there is no such column.
 */
struct span sheet_cell(const struct sheet_header *header, const struct span *cells,
    enum sheet_column column);
struct span sheet_field_cell(const struct sheet_field *field, const struct span *cells);
