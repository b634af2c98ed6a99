/*
 * conf/schema: the table of all settings, and what a value of each type may be.
 *
 * The only place that knows names, ranges and defaults: reading, checking, --help and the manual
 * are made from it.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "conf/conf.h"

struct err;

/* CONF_N_KEYS rows, in the order of enum conf_key, which is the order of the manual. */
extern const struct conf_item conf_schema[];

/* A value as text, checked, and what it means. */
struct conf_value {
    char *text;     /* owned; "" is unset */
    int64_t number; /* conf_i64() */
    char *address;  /* CONF_LISTEN, owned */
    uint16_t port;  /* CONF_LISTEN */
    char *origin;   /* owned */
};

/* ERR_INVALID "\"99999\" is not between 1 and 64", without the setting's name. *ret is set only on
 * success, then done with conf_value_done(). */
bool conf_value_parse(const struct conf_item *item, struct span text, struct conf_value *ret,
    struct err *err) must_check;
void conf_value_done(struct conf_value *value);

/* The setting of this section and name; false if the table has none. */
bool conf_schema_find(const char *section, const char *name, enum conf_key *ret);
bool conf_schema_has_section(const char *section);

/* The name that `name` was probably meant to be, or NULL. In any section if `section` is NULL. */
const struct conf_item *conf_schema_guess(const char *section, const char *name);

DEFINE_AUTODONE(conf_value);
