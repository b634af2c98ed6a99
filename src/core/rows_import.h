/*
 * core/rows_import: a table that somebody sent in, and what came of it.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"

/* What came of one record of the table, or would. */
enum import_action {
    IMPORT_CREATED,
    IMPORT_UPDATED,
    IMPORT_UNCHANGED,
    IMPORT_FAILED,
    N_IMPORT_ACTIONS,
};

const char *import_action_name(enum import_action action); /* "created", … */
bool import_action_from_name(const char *name, enum import_action *ret);

/* How far it is: all before the row that begins at `offset` is done, and written down. */
struct import_place {
    int64_t offset; /* in the file; 0: at its beginning */
    int64_t line;
    int64_t row;                 /* its number, from 0; the header is none */
    int64_t n[N_IMPORT_ACTIONS]; /* records, by what came of them */
};

struct import_row {
    int64_t id;
    int64_t file_id;    /* 0: the file is not kept any more */
    int64_t account_id; /* 0: they are gone */
    char *account;      /* NULL: likewise */
    char *filename;
    int64_t size;
    bool is_dry_run;
    int64_t job_id;  /* 0: it is gone */
    char *job_state; /* NULL: likewise */
    char *result;    /* the job's, JSON; NULL until it is done */
    char *header;    /* the first row as CSV; "" before it was read */
    char *delimiter; /* between its cells: "comma", "semicolon", "tab" */
    char *problem;   /* JSON {line, column, message}; "": the file can be read */
    int64_t n_rows;  /* counted before the first is taken */
    struct import_place place;
    int64_t probed_line;
    int64_t created_at;
    int64_t finished_at; /* 0: not yet */
};
DECLARE_ROWS(import);

/* One record of it. */
struct import_record_row {
    int64_t line; /* of its first row */
    char *lines;  /* JSON list; "": it has one row */
    enum import_action action;
    char *name;
    int64_t certificate_id; /* 0: none, or none that may be seen */
    char *certificate;      /* its name; NULL: likewise */
    char *detail;           /* JSON: {"changes": […]} or {"errors": […]}; "": neither */
    char *cells;            /* its rows as CSV, if it was refused */
};
DECLARE_ROWS(import_record);
