/*
 * store/endpoint_read: the columns that make an endpoint_row. Not for others than store/.
 */
#pragma once

#include "core/rows_endpoint.h"

struct stmt;

/* In this order, from column 0; the table is called e in the query. */
#define ENDPOINT_COLUMNS                                                                           \
    "e.id, e.host, e.port, e.sni, e.protocol, e.vantage, e.created_at, e.last_checked_at,"         \
    " e.last_success_at, e.failing_since_at, e.n_failures, e.error_class, e.error, e.is_noticed"

void endpoint_read(struct stmt *q, struct endpoint_row *row);
