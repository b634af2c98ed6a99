/*
 * store/observation: what each address of an endpoint served last, for each kind of key.
 *
 * A failed check leaves what was seen in place and notes the error beside it.
 */
#pragma once

#include "core/rows_endpoint.h"

struct err;
struct tx;

/* What a check learned of one address and slot. Borrowed. */
struct observation_new {
    const char *address;
    const char *slot;   /* "": of a failure, the whole address */
    int64_t version_id; /* 0: the check failed, and why is in error */
    int64_t chain_id;   /* 0: none was sent */
    const char *chain_status;
    int64_t path_expires_at;
    bool is_name_ok;
    const char *protocol;
    const char *cipher;
    const char *kx_group;
    const char *error_class;
    const char *error;
};

/* An endpoint's observations, by address and slot. */
bool store_observations_of_endpoint(struct tx *tx, int64_t endpoint_id,
    struct observation_rows *rows, struct err *err) must_check;

/* Those of all endpoints of a record, by endpoint, address and slot. */
bool store_observations_of_cert(struct tx *tx, int64_t certificate_id,
    struct observation_rows *rows, struct err *err) must_check;

/*
 * Keep a check's results: every address of the DNS answer is among `seen` at least once. An address
 * that answered keeps only the slots it answered for, and is no longer waived; slots that failed
 * keep what they had. Addresses that are not among `seen` have left DNS; one that had left before,
 * while another has answered since, is forgotten. When the name could not be resolved n is 0 and
 * nothing changes.
 */
bool store_observations_put(struct tx *tx, int64_t endpoint_id, const struct observation_new *seen,
    size_t n, int64_t now, struct err *err) must_check;

/* A person says that the address is dead for good (or takes it back): it no longer counts. */
bool store_observation_waive(struct tx *tx, int64_t endpoint_id, const char *address,
    bool is_waived, struct err *err) must_check;
