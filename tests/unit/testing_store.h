/* What store tests make over and over: people, certificates, records. */
#pragma once

#include "testing_db.h"

#include "core/rows_version.h"
#include "store/account.h"
#include "store/cert.h"
#include "store/cert_refresh.h"
#include "store/record_version.h"
#include "store/version.h"

#define NOW INT64_C(1795239000) /* 2026-11-21T05:30:00Z */
#define DAY INT64_C(86400)

static const struct store_viewer everybody = { .sees_all = true };
static const struct display_rule three_months = DISPLAY_RULE_DEFAULT;

static inline int64_t an_account(struct tx *tx, const char *name)
{
    const struct account_new account = { name, name, "", "user", NULL };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_account_add(tx, &account, NOW, &id, &err), &err);
    return id;
}

static inline int64_t a_record(struct tx *tx, const char *name, int64_t owner_id)
{
    const struct cert_new cert = { .name = name, .owner_id = owner_id };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_cert_add(tx, &cert, NOW, &id, &err), &err);
    return id;
}

/* A certificate that is told from others by `seed` alone. */
static inline int64_t a_version_of(struct tx *tx, uint8_t seed, const char *name,
    const char *issuer, int64_t not_before, int64_t not_after)
{
    struct version_facts facts = {
        .der = SPAN_LITERAL("\x30\x00"),
        .slot = SLOT_RSA,
        .serial = "0a0b",
        .subject = "CN=x",
        .issuer = issuer,
        .name = name,
        .sans = "[]",
        .names = name,
        .not_before = not_before,
        .not_after = not_after,
        .key_algorithm = "rsa",
        .key_size = 2048,
        .signature_algorithm = "sha256WithRSAEncryption",
    };
    struct err err = { 0 };
    int64_t id = 0;

    memset(facts.sha256, seed, sizeof facts.sha256);
    memset(facts.spki_sha256, seed, sizeof facts.spki_sha256);
    assert_works(store_version_put(tx, &facts, NOW, &id, NULL, &err), &err);
    return id;
}

static inline int64_t a_version(struct tx *tx, uint8_t seed, int64_t not_before, int64_t not_after)
{
    return a_version_of(tx, seed, "www.example.org", "CN=Test CA", not_before, not_after);
}

/* Make the version the record's current one in `slot`, and let the record know. */
static inline int64_t make_current(struct tx *tx, int64_t record, int64_t version, const char *slot,
    int64_t path_expires_at)
{
    const struct record_version_new new = {
        .certificate_id = record,
        .version_id = version,
        .slot = slot,
        .role = VERSION_CURRENT,
        .origin = VERSION_SEEN,
        .chain_status = "trusted",
        .path_expires_at = path_expires_at,
    };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_record_version_put(tx, &new, NOW, &id, &err), &err);
    assert_works(store_cert_refresh(tx, record, "", &three_months, NOW, NULL, &err), &err);
    return id;
}
