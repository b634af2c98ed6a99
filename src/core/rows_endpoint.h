/*
 * core/rows_endpoint: where certificates are served, and what was last seen there.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"

/* What makes an endpoint the same one. Borrowed. */
struct endpoint_key {
    const char *host; /* lower-case A-labels, or an address without brackets */
    int64_t port;
    const char *sni; /* "" sends none */
    const char *protocol;
    const char *vantage; /* "" is the server itself */
};

struct endpoint_row {
    int64_t id;
    char *host;
    int64_t port;
    char *sni;
    char *protocol;
    char *vantage;
    int64_t created_at;
    int64_t last_checked_at;
    int64_t last_success_at;
    int64_t failing_since_at; /* 0 while it answers */
    int64_t n_failures;       /* in a row */
    char *error_class;        /* "" while it answers */
    char *error;
    bool is_noticed; /* people were told that it is unreachable */
};
DECLARE_ROWS(endpoint);

/* One address of an endpoint, for one kind of key. */
struct observation_row {
    int64_t id;
    int64_t endpoint_id;
    char *address;
    char *slot;         /* "" before anything was seen there */
    int64_t version_id; /* what was seen last; 0: nothing yet */
    int64_t chain_id;
    char *chain_status;
    int64_t path_expires_at;
    bool is_name_ok;
    char *protocol;
    char *cipher;
    char *kx_group;
    int64_t first_seen_at; /* this version at this address */
    int64_t last_seen_at;
    int64_t checked_at;
    char *error_class; /* of the last check; "" when it succeeded */
    char *error;
    bool is_in_dns;
    bool is_waived;
};
DECLARE_ROWS(observation);
