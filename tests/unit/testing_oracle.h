/*
 * Test cases that others wrote. They lie beside the repository, or where CERTDESK_ORACLES says;
 * without them a test skips itself and says so.
 */
#pragma once

#include <dirent.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/span.h"
#include "testing.h"

#define ORACLE_PATH_SIZE 1024
#define ORACLE_FILE_MAX (64U << 20)

static inline const char *oracle_path(const char *name, char field[static ORACLE_PATH_SIZE])
{
    const char *const folder = getenv("CERTDESK_ORACLES");

    if (snprintf(field, ORACLE_PATH_SIZE, "%s/%s", folder ? folder : "../shared/oracles", name) >=
        ORACLE_PATH_SIZE)
        fail_msg("the path of the test case %s is too long", name);
    return field;
}

/* Skips the test where the cases are missing. */
static inline void oracle_need(const char *name)
{
    char path[ORACLE_PATH_SIZE];

    if (fs_exists(oracle_path(name, path)))
        return;
    print_message("skipping: no test cases in \"%s\" (CERTDESK_ORACLES names their folder)\n",
        path);
    skip();
}

/* The file's content; the test fails where it cannot be read. */
static inline struct buf oracle_file(const char *name)
{
    char path[ORACLE_PATH_SIZE];
    struct buf content = BUF_INIT(ORACLE_FILE_MAX);
    struct err err = { 0 };

    assert_works(fs_read(oracle_path(name, path), &content, &err), &err);
    return content;
}

/* One row of a tab-separated table: its cells point into the table. */
struct oracle_row {
    struct span cells[16];
    size_t n;
};

/* The next row; the heading is one, too. */
static inline bool oracle_next_row(struct span *rest, struct oracle_row *row)
{
    struct span line;

    if (!span_split(rest, '\n', &line) || line.size == 0)
        return false;
    row->n = 0;
    while (row->n < countof(row->cells) && span_split(&line, '\t', &row->cells[row->n]))
        row->n++;
    return true;
}

/* Checks each row of the table `kind`/expect.tsv but its heading; how many there are. Skips the
 * test where the cases are missing. */
static inline size_t oracle_each(const char *kind, void (*check)(const struct oracle_row *row))
{
    char name[ORACLE_PATH_SIZE];
    size_t n = 0;

    oracle_need(kind);
    (void)snprintf(name, sizeof name, "%s/expect.tsv", kind);
    autodone(buf) struct buf table = oracle_file(name);
    struct span rest = buf_span(&table);
    struct oracle_row row;

    (void)oracle_next_row(&rest, &row);
    for (; oracle_next_row(&rest, &row); n++)
        check(&row);
    return n;
}

static inline int oracle_is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}
