/*
 * store/order: one certificate asked of a CA, and how far that is.
 *
 * A ticket has at most one order that is not finished. Whoever changes an order does so only while
 * it is not finished: of two that answer it, one is told ERR_CONFLICT.
 */
#pragma once

#include "core/rows_lifecycle.h"

struct err;
struct tx;

/* The states. The first three are unfinished. */
#define ORDER_READY "ready"           /* the CA has not heard of it */
#define ORDER_SUBMITTING "submitting" /* it may have */
#define ORDER_PENDING "pending"       /* it has, and takes its time */
#define ORDER_ISSUED "issued"
#define ORDER_FAILED "failed"

/* Ids, texts and created_at of the row are kept; ERR_CONFLICT if the ticket has an unfinished one.
 */
bool store_order_add(struct tx *tx, const struct order_row *order, int64_t *ret_id, struct err *err)
    must_check;

bool store_order_get(struct tx *tx, int64_t id, struct order_row **ret, struct err *err) must_check;

/* The last one of a ticket, finished or not; *ret is NULL where there is none. */
bool store_order_last(struct tx *tx, int64_t ticket_id, struct order_row **ret, struct err *err)
    must_check;

/* How it goes, while it is not finished. */
struct order_progress {
    const char *state;     /* ready, submitting or pending */
    const char *remote_id; /* NULL: as it is */
    int64_t next_at;
    const char *error; /* NULL: none; else n_errors grows */
};

/* ERR_CONFLICT if it is finished. */
bool store_order_progress(struct tx *tx, int64_t id, const struct order_progress *progress,
    struct err *err) must_check;

/* The two ways it ends. ERR_CONFLICT if it is finished already. `link` may be "". */
bool store_order_issued(struct tx *tx, int64_t id, int64_t version_id, const char *link,
    int64_t now, struct err *err) must_check;
bool store_order_failed(struct tx *tx, int64_t id, const char *error, int64_t now, struct err *err)
    must_check;
