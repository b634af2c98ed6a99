/*
 * store/csr: certificate requests whose key is in the vault, for later or used already.
 *
 * A request is its owner's: others see it only if they see everything. What is used stays until it
 * is removed; its key is shared with the record that its certificate became.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "core/rows_csr.h"
#include "store/viewer.h"

struct err;
struct tx;

struct csr_new {
    const char *name;
    const char *description;
    int64_t business_group_id; /* 0: none */
    int64_t owner_id;
    struct span der;
    const char *subject;
    const char *sans; /* JSON list of {type, value} */
    const char *key_algorithm;
    int64_t key_size;
    const char *curve;
    const uint8_t *spki_sha256;
    int64_t sealed_key_id;
};

bool store_csr_add(struct tx *tx, const struct csr_new *csr, int64_t now, int64_t *ret_id,
    struct err *err) must_check;

/* ERR_NOT_FOUND if the viewer may not see it. */
bool store_csr_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct csr_row **ret, struct err *err) must_check;

/* Append its DER. */
bool store_csr_der(struct tx *tx, int64_t id, struct buf *der, struct err *err) must_check;

/* Zeroed it lets everything through but for `used`, which wants -1 for that. */
struct csr_filter {
    const char *q;     /* part of name, subject or one of the names asked for; NULL: any */
    int used;          /* 1: used, 0: not yet, -1: either */
    int64_t before_id; /* 0: from the newest */
};

/* The newest first, at most `limit`. *ret_total counts all that fit, whatever before_id is. */
bool store_csr_list(struct tx *tx, const struct store_viewer *viewer,
    const struct csr_filter *filter, int64_t limit, struct csr_rows *rows, int64_t *ret_total,
    struct err *err) must_check;

/* Its certificate is part of that record now. */
bool store_csr_set_used(struct tx *tx, int64_t id, int64_t certificate_id, int64_t now,
    struct err *err) must_check;

/* Remove it, and its key unless a record has it. */
bool store_csr_delete(struct tx *tx, int64_t id, struct err *err) must_check;
