/*
 * store/read: small steps that the files of store/ share. Not for others.
 */
#pragma once

#include "base/alloc.h"
#include "db/db.h"

/* The account bound as parameter `account` may see the record that the expression `id` names;
 * parameter `all` is true for who sees all. */
#define VISIBLE(id, all, account)                                                                  \
    "(" all " = TRUE OR EXISTS (SELECT 1 FROM certificate_access x WHERE x.certificate_id = " id   \
    " AND (x.account_id = " account                                                                \
    " OR x.group_id IN (SELECT m.group_id FROM group_member m WHERE m.account_id = " account       \
    "))))"

/* The ids of the records that the account bound as parameter `account` has a part in. */
#define ACCESSIBLE(account)                                                                        \
    "SELECT x.certificate_id FROM certificate_access x WHERE x.account_id = " account              \
    " UNION SELECT x.certificate_id FROM certificate_access x WHERE x.group_id IN"                 \
    " (SELECT m.group_id FROM group_member m WHERE m.account_id = " account ")"

static inline char *read_text(struct stmt *q, int column)
{
    return span_dup(stmt_blob(q, column)); /* which knows how long it is */
}

static inline char *read_text_or_null(struct stmt *q, int column)
{
    return stmt_is_null(q, column) ? NULL : read_text(q, column);
}

/* Ids and instants: 0 is NULL in the database. */
static inline void bind_or_null(struct stmt *q, int parameter, int64_t value)
{
    if (value)
        stmt_bind_i64(q, parameter, value);
    else
        stmt_bind_null(q, parameter);
}

/* "" is NULL in the database. */
static inline void bind_text_or_null(struct stmt *q, int parameter, const char *text)
{
    stmt_bind_text(q, parameter, text && *text ? text : NULL);
}

/* The number in the one row and column that the query gives; 0 where it gives none. */
static inline bool must_check read_number(struct stmt *q, int64_t *ret, struct err *err)
{
    int64_t number = 0;

    while (stmt_next(q))
        number = stmt_i64(q, 0);
    if (!stmt_end(q, err))
        return false;
    *ret = number;
    return true;
}

/*
 * static bool read_one(q, ret, err): the first row that the query gives, as `read` reads it into a
 * row; *ret is NULL where it gives none.
 */
#define DEFINE_READ_ONE(type, read)                                                                \
    static bool must_check read_one(struct stmt *q, struct type##_row **ret, struct err *err)      \
    {                                                                                              \
        autofree(type##_row) struct type##_row *row = NULL;                                        \
                                                                                                   \
        while (stmt_next(q)) {                                                                     \
            if (row)                                                                               \
                continue;                                                                          \
            row = xcalloc(1, sizeof *row);                                                         \
            read(q, row);                                                                          \
        }                                                                                          \
        if (!stmt_end(q, err))                                                                     \
            return false;                                                                          \
        *ret = take(&row);                                                                         \
        return true;                                                                               \
    }                                                                                              \
    struct type##_row

/* ERR_CONFLICT, with store_is_stale(). Returns false. */
bool fail_stale(struct err *err, const char *what);
