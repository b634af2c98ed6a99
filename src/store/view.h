/*
 * store/view: saved views, everybody's own and shared ones. A view holds no rights: what a list
 * shows with it is still the viewer's.
 */
#pragma once

#include "core/rows_view.h"

struct err;
struct tx;

#define VIEWS_MAX 200 /* of one person */

/* Those of the account and those that are shared, by name. */
bool store_views(struct tx *tx, int64_t account_id, struct view_rows *rows, struct err *err)
    must_check;

/* ERR_NOT_FOUND if it is neither the account's nor shared. */
bool store_view_get(struct tx *tx, int64_t id, int64_t account_id, struct view_row **ret,
    struct err *err) must_check;

/*
 * Add or write `row`: account_id, name, is_shared, query and columns. ERR_CONFLICT when the account
 * has one of that name, when it is not row_version's turn (store_is_stale()), ERR_LIMIT above
 * VIEWS_MAX. Writes back id, times and row_version.
 */
bool store_view_add(struct tx *tx, struct view_row *row, int64_t now, struct err *err) must_check;
bool store_view_save(struct tx *tx, struct view_row *row, int64_t now, struct err *err) must_check;

bool store_view_delete(struct tx *tx, int64_t id, struct err *err) must_check;

/* What the account begins with; 0 is nothing in particular. */
bool store_view_set_default(struct tx *tx, int64_t account_id, int64_t view_id, struct err *err)
    must_check;
