/*
 * store/custom_field: fields that an organisation adds to its records, and their values.
 */
#pragma once

#include "core/rows_view.h"
#include "store/viewer.h"

struct err;
struct many;
struct tx;

#define CUSTOM_FIELDS_MAX 50

/* By label. `viewer` NULL leaves n_used alone. */
bool store_custom_fields(struct tx *tx, const struct store_viewer *viewer,
    struct custom_field_rows *rows, struct err *err) must_check;

/* ERR_NOT_FOUND. */
bool store_custom_field_get(struct tx *tx, const char *name, struct custom_field_row **ret,
    struct err *err) must_check;

/* ERR_CONFLICT if the name is taken, ERR_LIMIT above CUSTOM_FIELDS_MAX. */
bool store_custom_field_add(struct tx *tx, struct custom_field_row *row, struct err *err)
    must_check;

/* Write label, choices and is_required. ERR_CONFLICT with store_is_stale(), or while a record has a
 * choice that is no more. */
bool store_custom_field_save(struct tx *tx, struct custom_field_row *row, struct err *err)
    must_check;

/* With all values. */
bool store_custom_field_delete(struct tx *tx, int64_t id, struct err *err) must_check;

/* How many records have a value of it, whoever may see them. */
bool store_custom_field_count(struct tx *tx, int64_t id, int64_t *ret, struct err *err) must_check;

/* A record's value; NULL where it has none. The caller frees *ret. */
bool store_custom_field_value(struct tx *tx, int64_t certificate_id, int64_t field_id, char **ret,
    struct err *err) must_check;

/* A record's value; "" takes it away. It is the caller's to have checked it. */
bool store_custom_field_put(struct tx *tx, int64_t certificate_id, int64_t field_id,
    const char *value, struct err *err) must_check;

/* A record's value, neither NULL nor "". */
struct custom_field_value {
    int64_t field_id;
    const char *value;
};

/* Rows for the values of a new record, with its marks of those who may see it; store/cert_add keeps
 * both on the record, too. many_run() writes them. */
struct many *custom_field_prepare(struct tx *tx) must_check;
void custom_field_add(struct many *rows, int64_t certificate_id, int64_t holders,
    const struct custom_field_value *value);
