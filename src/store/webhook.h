/*
 * store/webhook: other systems that are told by HTTP, and the sealed secrets their calls are signed
 * with.
 */
#pragma once

#include "core/rows_delivery.h"

struct err;
struct tx;

struct webhook_new {
    const char *name;
    const char *url;
    const char *template;
    const char *events; /* separated by blanks */
    bool is_enabled;
    int64_t sealed_key_id;
};

/* ERR_CONFLICT if the name is taken. */
bool store_webhook_add(struct tx *tx, const struct webhook_new *webhook, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* By name, each with its newest delivery. */
bool store_webhooks(struct tx *tx, struct webhook_rows *rows, struct err *err) must_check;

/* *ret is NULL where there is none. */
bool store_webhook_find(struct tx *tx, int64_t id, struct webhook_row **ret, struct err *err)
    must_check;
bool store_webhook_get(struct tx *tx, int64_t id, struct webhook_row **ret, struct err *err)
    must_check;

/* Write the editable fields: name, url, template, events, is_enabled, sealed_key_id. ERR_CONFLICT
 * with store_is_stale() when row_version is not the one stored any more, and when the name is
 * taken. */
bool store_webhook_save(struct tx *tx, struct webhook_row *row, int64_t now, struct err *err)
    must_check;

/* Its log stays; what was queued for it has failed. The secret is the caller's to release. */
bool store_webhook_delete(struct tx *tx, int64_t id, struct err *err) must_check;
