/*
 * db/sqlite_rows: rows in memory that a statement of SQLite's reads like a table.
 *
 * "INSERT INTO t(a, b) SELECT v.p1, v.p2 FROM many_rows($1) AS v" writes them all in one run, with
 * the cursors of the table and its indexes left where they are from row to row: a statement for
 * each row would open them all anew, and find its way down every tree. For db/sqlite alone.
 */
#pragma once

#include <sqlite3.h>

#include "base/base.h"

struct db_rows;

/* Make many_rows known on a connection. SQLite's code, as those of the next. */
int sqlite_rows_register(sqlite3 *handle) must_check;

/* The rows are borrowed until the statement is reset. */
int sqlite_rows_bind(sqlite3_stmt *stmt, int index, const struct db_rows *rows) must_check;
