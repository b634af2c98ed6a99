/*
 * store/cert_sort: the orders of a list of records, as SQL. Not for others than store/.
 *
 * An order is a column and the id. Records without a value are the tail of the list, in either
 * direction: a query of its own, because "NULLS LAST" is not the order of any index.
 */
#pragma once

#include "store/cert_list.h"
#include "store/select.h"

/* Is the column a text? */
bool cert_sort_is_text(enum cert_sort sort);

/* May a record be without a value? */
bool cert_sort_has_tail(enum cert_sort sort);

/* Is it walked along certificate_check, called h, beside the record? */
bool cert_sort_is_by_check(enum cert_sort sort);

/* "c.expires_at" */
void cert_sort_add_column(enum cert_sort sort, struct select *select);

/* " AND c.expires_at IS NOT NULL" or " AND c.expires_at IS NULL"; nothing where there is no tail.
 */
void cert_sort_add_body(enum cert_sort sort, struct select *select);
void cert_sort_add_tail(enum cert_sort sort, struct select *select);

/* " ORDER BY …"; the tail goes by id, upwards. */
void cert_sort_add_order(enum cert_sort sort, bool is_descending, bool is_tail,
    struct select *select);
