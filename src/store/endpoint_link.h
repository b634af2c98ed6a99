/*
 * store/endpoint_link: the endpoints of many new records at once. Not for others than store/.
 */
#pragma once

#include "core/rows_endpoint.h"

struct err;
struct tx;

/* A record, and where it is served. Both borrowed. */
struct endpoint_link {
    int64_t certificate_id;
    const struct endpoint_key *key;
};

/* How many different ones there are among the n. */
size_t endpoint_keys_count(const struct endpoint_key *keys, size_t n);

/* Endpoints that are not there yet are added. What follows for a record, words, their
 * number and whether it is used, is the caller's to write. */
bool endpoint_link_all(struct tx *tx, const struct endpoint_link *links, size_t n, int64_t now,
    struct err *err) must_check;
