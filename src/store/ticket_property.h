/*
 * store/ticket_property: what programs keep with a ticket: JSON under a name, which nobody else
 * looks into.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

#define TICKET_PROPERTY_NAME_MAX 255
#define TICKET_PROPERTY_MAX 32768 /* bytes of a value */
#define TICKET_PROPERTIES_MAX 100 /* of one ticket */

struct ticket_property {
    char *name;
    char *value; /* JSON */
};
struct ticket_properties {
    struct ticket_property *items;
    size_t n;
    size_t room;
};
void ticket_properties_done(struct ticket_properties *properties);

/* All of a ticket, by name. */
bool store_ticket_properties(struct tx *tx, int64_t ticket_id, struct ticket_properties *ret,
    struct err *err) must_check;

/* ERR_LIMIT for one too many, or too large. *ret_new: there was none of that name. */
bool store_ticket_property_put(struct tx *tx, int64_t ticket_id, const char *name,
    const char *value, bool *ret_new, struct err *err) must_check;

/* ERR_NOT_FOUND */
bool store_ticket_property_delete(struct tx *tx, int64_t ticket_id, const char *name,
    struct err *err) must_check;

DEFINE_AUTODONE(ticket_properties);
