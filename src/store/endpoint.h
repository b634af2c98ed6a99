/*
 * store/endpoint: where certificates are served.
 *
 * An endpoint is unique by host, port, SNI, protocol and vantage, and belongs to at least one
 * record. Who sees one of its records sees it.
 */
#pragma once

#include "core/rows_endpoint.h"
#include "store/viewer.h"

struct err;
struct tx;

/* Find it, or add it. *ret_new (may be NULL) says which. Attach it in the same transaction. */
bool store_endpoint_put(struct tx *tx, const struct endpoint_key *key, int64_t now, int64_t *ret_id,
    bool *ret_new, struct err *err) must_check;

/* *ret is NULL when there is none. */
bool store_endpoint_find(struct tx *tx, const struct endpoint_key *key, struct endpoint_row **ret,
    struct err *err) must_check;

bool store_endpoint_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct endpoint_row **ret, struct err *err) must_check;

/* Attaching twice is attaching once. */
bool store_endpoint_attach(struct tx *tx, int64_t certificate_id, int64_t endpoint_id,
    struct err *err) must_check;

/* The endpoint goes with the last record it has. ERR_NOT_FOUND if the record does not have it. */
bool store_endpoint_detach(struct tx *tx, int64_t certificate_id, int64_t endpoint_id,
    struct err *err) must_check;

/* A record's endpoints by host and port. */
bool store_endpoints_of_cert(struct tx *tx, int64_t certificate_id, struct endpoint_rows *rows,
    struct err *err) must_check;

/* The endpoint's records that the viewer may see, by id. */
bool store_endpoint_records(struct tx *tx, const struct store_viewer *viewer, int64_t endpoint_id,
    struct id_list *certificate_ids, struct err *err) must_check;

/* The next `limit` endpoints of a vantage above after_id that were not checked since `before`. */
bool store_endpoints_due(struct tx *tx, const char *vantage, int64_t before, int64_t after_id,
    int64_t limit, struct endpoint_rows *rows, struct err *err) must_check;

/* How a check went. */
struct endpoint_outcome {
    bool is_success;         /* every address that counts answered */
    const char *error_class; /* of a failure: dns, refused, timeout, … */
    const char *error;
};

/*
 * Note it. A success ends a row of failures; the first failure begins one. *ret (may be NULL) is
 * the endpoint as it is now, for whoever decides on notices.
 */
bool store_endpoint_checked(struct tx *tx, int64_t id, const struct endpoint_outcome *outcome,
    int64_t now, struct endpoint_row **ret, struct err *err) must_check;

/* Remember that people were told that it is unreachable, or that it is back. */
bool store_endpoint_set_noticed(struct tx *tx, int64_t id, bool is_noticed, struct err *err)
    must_check;

/* Of the endpoints checked at `since` or later, how many are there, and how many fail? */
bool store_endpoint_window(struct tx *tx, int64_t since, int64_t *ret_checked, int64_t *ret_failed,
    struct err *err) must_check;

/* Failing for `n_failures` checks in a row or more and not noticed yet, or (noticed) answering
 * again: up to `limit`, by id above after_id. */
bool store_endpoints_to_notice(struct tx *tx, int64_t n_failures, int64_t after_id, int64_t limit,
    struct endpoint_rows *rows, struct err *err) must_check;
