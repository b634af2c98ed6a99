/*
 * job/types/import_names: people and groups by name, asked for once and then known.
 *
 * Tables name the same few over and over. What is known is as old as the transaction it was read
 * in: clear it for the next one.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

enum import_name { IMPORT_NAME_USER, IMPORT_NAME_GROUP, IMPORT_NAME_BUSINESS_GROUP };

#define IMPORT_NAMES 256

struct import_names {
    struct import_known {
        char *name; /* NULL: nothing is known here */
        enum import_name kind;
        int64_t id;
    } known[IMPORT_NAMES];
};

/* *ret_id is 0 where there is none of that name. */
bool import_names_find(struct import_names *names, struct tx *tx, enum import_name kind,
    const char *name, int64_t *ret_id, struct err *err) must_check;

/* It has been made since. */
void import_names_set(struct import_names *names, enum import_name kind, const char *name,
    int64_t id);

void import_names_clear(struct import_names *names);
