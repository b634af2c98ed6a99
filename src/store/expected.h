/*
 * store/expected: where a certificate should be served, and whether it is.
 */
#pragma once

#include "core/rows.h"

struct err;
struct tx;

#define EXPECTED_MAX 50

struct expected_row {
    char *name;     /* the host's, as it is asked for (SNI) */
    char *endpoint; /* "www.example.org:443" */
    bool is_seen;
};
DECLARE_ROWS(expected);

/*
 * The record's endpoints, each with whether the version was seen there last; and of the version's
 * names those hosts that no endpoint of the record has, on port 443: seen where any endpoint shows
 * it. At most EXPECTED_MAX.
 */
bool store_expected_at(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct expected_rows *rows, struct err *err) must_check;
