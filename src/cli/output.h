/*
 * cli/output: tables and JSON on standard output.
 *
 * What a server sends is somebody else's text: control characters, with which a terminal could be
 * told things, are left out.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "codec/hostport.h"
#include "codec/json_in.h"

struct err;

#define TABLE_COLUMNS_MAX 8

struct table {
    char **cells; /* row by row */
    size_t n_cells;
    size_t n_columns;
};

void table_init(struct table *table, size_t n_columns);
void table_done(struct table *table);
void table_add(struct table *table, const char *text); /* the next cell; NULL is "-" */

/* Columns as wide as their widest cell, the last one as it is. */
void table_print(const struct table *table);

/* A line of JSON. */
void output_json(const struct json *json);

/* "name: value", with the names a column wide. */
void output_pair(const char *name, const char *value);

/* The same of a member, whatever it is; nothing where it is null or not there. */
void output_member(const struct json *object, const char *member, const char *name);

/* Where a file goes: into `path`, made or cut, or to standard output (NULL). The caller closes. */
bool output_open(const char *path, int *ret_fd, struct err *err) must_check;

/* "certdesk: message" on standard error; CLI_FAILED. */
int output_fail(const struct err *err);

/* A member as text, whatever it is: "" for null. The caller frees. */
char *output_text(const struct json *object, const char *member) must_check;

/* An object's "host" and "port". */
struct hostport_text output_endpoint(const struct json *object);

/* "in 10 days", "today", "3 days ago" for days_left; "" for null. The caller frees. */
char *output_days(const struct json *object) must_check;

DEFINE_AUTODONE(table);
