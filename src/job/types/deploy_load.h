/*
 * job/types/deploy_load: a version with its chain and private key, ready to be brought somewhere.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "deploy/deploy.h"
#include "job/types/deploy_prove.h"
#include "x509/cert.h"

struct db;
struct err;
struct vault_client;

struct deploy_load {
    struct cert *leaf;
    struct buf chain_pem;
    struct proof_chain chain; /* what an endpoint presents that has it */
    struct secret *key;       /* NULL until deploy_load_key() */
    int64_t sealed_key_id;    /* 0: we do not have its key */
};

#define DEPLOY_LOAD_INIT                                                                           \
    {                                                                                              \
        .chain_pem = BUF_INIT(1u << 20)                                                            \
    }
void deploy_load_done(struct deploy_load *load);

/* Leaf, chain without its root, and which key (store_deployment_key): of the version that `row`
 * brings, or of the one that was there before. */
bool deploy_load_chain(struct db *db, const struct deployment_row *row, int64_t version_id,
    struct deploy_load *ret, struct err *err) must_check;

/* The key, out of the vault: only now, and only for as long as it takes. ERR_CONFLICT: there is
 * none. */
bool deploy_load_key(struct db *db, struct vault_client *vault, struct deploy_load *load,
    struct err *err) must_check;

struct deploy_material deploy_load_material(const struct deploy_load *load);

DEFINE_AUTODONE(deploy_load);
