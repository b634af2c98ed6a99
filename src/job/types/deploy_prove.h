/*
 * job/types/deploy_prove: do the endpoints of a resource present what was deployed?
 *
 * One round looks at every address of every endpoint at once. What each presented is kept as JSON
 * for people, and the first that is not as it should be is said in words.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/rows_resource.h"

struct db;
struct err;
struct probe_client;

#define PROOF_CHAIN_MAX 32

/* What is to be seen: the leaf, and what stands above it. */
struct proof_chain {
    uint8_t sha256[PROOF_CHAIN_MAX][SHA256_SIZE];
    size_t n;
    const char *slot; /* rsa, ecdsa, other: by that a server chooses */
};

struct proof {
    bool is_good;         /* every address presents it */
    size_t n_addresses;   /* that were looked at */
    size_t n_expected;    /* of these, how many present it */
    char why[256];        /* what stands in the way; "" where nothing does */
    struct buf addresses; /* JSON list: see rows_resource.h */
};

#define PROOF_INIT                                                                                 \
    {                                                                                              \
        .addresses = BUF_INIT(256u << 10)                                                          \
    }
void proof_done(struct proof *proof);

/* `ret` is initialised. ERR_UNAVAILABLE: there is no prober just now; nothing is known then. */
bool prove_round(struct db *db, struct probe_client *prober,
    const struct resource_endpoint_rows *endpoints, const struct proof_chain *wanted, int64_t now,
    struct proof *ret, struct err *err) must_check;

DEFINE_AUTODONE(proof);
