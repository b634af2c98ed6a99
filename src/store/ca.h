/*
 * store/ca: certificate authorities that may be asked.
 *
 * What they issued is store/ca_certificate's; what the built-in one is besides is store/local_ca's.
 */
#pragma once

#include "core/rows_lifecycle.h"

struct err;
struct tx;

/* All of them, by name; there are few. */
bool store_cas(struct tx *tx, struct ca_rows *rows, struct err *err) must_check;

bool store_ca_get(struct tx *tx, int64_t id, struct ca_row **ret, struct err *err) must_check;

/* *ret is NULL where there is none of that name. */
bool store_ca_find(struct tx *tx, const char *name, struct ca_row **ret, struct err *err)
    must_check;

/* Of the row: name, description, type, settings, secret, is_staging. ERR_CONFLICT if the name is
 * taken. */
bool store_ca_add(struct tx *tx, const struct ca_row *row, int64_t now, int64_t *ret_id,
    struct err *err) must_check;

/* Write description, settings, is_staging and is_disabled. ERR_CONFLICT with store_is_stale() if
 * somebody else did since the row was read. */
bool store_ca_save(struct tx *tx, struct ca_row *row, int64_t now, struct err *err) must_check;

/* ERR_CONFLICT while a profile uses it, and for ever once it has issued something. */
bool store_ca_delete(struct tx *tx, const struct ca_row *row, struct err *err) must_check;
