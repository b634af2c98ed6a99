/*
 * store/project: where tickets live. Each counts its own.
 */
#pragma once

#include "core/rows_ticket.h"

struct err;
struct tx;

#define PROJECT_DEFAULT "CERT"
#define PROJECT_KEY_MAX 10

/* Two to ten capital letters and digits, a letter first. */
bool project_key_is_valid(const char *key);

/* ERR_CONFLICT if there is one of that key. */
bool store_project_add(struct tx *tx, const char *key, const char *name, int64_t lead_id,
    int64_t now, struct err *err) must_check;

/* The one that every database has; nothing happens where it is. */
bool store_project_put_default(struct tx *tx, int64_t now, struct err *err) must_check;

/* ERR_NOT_FOUND if there is none. */
bool store_project_get(struct tx *tx, const char *key, struct project_row **ret, struct err *err)
    must_check;

/* By key. */
bool store_projects(struct tx *tx, struct project_rows *rows, struct err *err) must_check;
