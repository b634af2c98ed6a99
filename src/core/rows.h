/*
 * core/rows: what every kind of row and list of rows has in common.
 *
 * A row struct is a row of the database in memory: fields anyone may read and change, texts it
 * owns. A text is never NULL unless its field says so. Of an id or an instant, 0 means that there
 * is none.
 */
#pragma once

#include "base/base.h"

/*
 * Declares struct x_rows, a list that owns its rows: `autodone(x_rows) struct x_rows rows = { 0
 * };`. x_rows_add() gives a zeroed row at its end, valid until the next one is added.
 */
#define DECLARE_ROWS(type)                                                                         \
    struct type##_rows {                                                                           \
        struct type##_row *items;                                                                  \
        size_t n;                                                                                  \
        size_t room;                                                                               \
    };                                                                                             \
    void type##_row_done(struct type##_row *row);                                                  \
    void type##_row_free(struct type##_row *row);                                                  \
    struct type##_row *type##_rows_add(struct type##_rows *rows);                                  \
    void type##_rows_done(struct type##_rows *rows);                                               \
    DEFINE_AUTODONE(type##_rows);                                                                  \
    DEFINE_AUTODONE(type##_row);                                                                   \
    DEFINE_AUTOFREE(type##_row)

/* For the one .c that defines x_row_done(): the rest of what DECLARE_ROWS(x) declares. */
#define DEFINE_ROWS(type)                                                                          \
    void type##_row_free(struct type##_row *row)                                                   \
    {                                                                                              \
        if (row)                                                                                   \
            type##_row_done(row);                                                                  \
        free(row);                                                                                 \
    }                                                                                              \
    struct type##_row *type##_rows_add(struct type##_rows *rows)                                   \
    {                                                                                              \
        rows->items = rows_make_room(rows->items, rows->n, &rows->room, sizeof *rows->items);      \
        rows->items[rows->n] = (struct type##_row){ 0 };                                           \
        return &rows->items[rows->n++];                                                            \
    }                                                                                              \
    void type##_rows_done(struct type##_rows *rows)                                                \
    {                                                                                              \
        for (size_t i = 0; i < rows->n; i++)                                                       \
            type##_row_done(&rows->items[i]);                                                      \
        free(rows->items);                                                                         \
        *rows = (struct type##_rows){ 0 };                                                         \
    }                                                                                              \
    struct type##_row

/* Ids, in the order they were found. */
struct id_list {
    int64_t *items;
    size_t n;
    size_t room;
};

void id_list_add(struct id_list *list, int64_t id);
bool id_list_has(const struct id_list *list, int64_t id);

/* Of ascending ids those that are among others, ascending as well. */
void id_list_pick(struct id_list *list, const struct id_list *others);
void id_list_done(struct id_list *list);

/* Room for one more element of `size` bytes in items[*room]; `n` are in use. For DECLARE_ROWS
 * lists. */
void *rows_make_room(void *items, size_t n, size_t *room, size_t size) must_check;

DEFINE_AUTODONE(id_list);
