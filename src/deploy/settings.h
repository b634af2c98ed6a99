/*
 * deploy/settings: the settings of a resource and of its slots, by the tables of its type.
 *
 * The API reads and shows them, the database keeps them as JSON {settings, slots}, and a type's own
 * code asks for them by their place in its table.
 */
#pragma once

#include "base/base.h"
#include "codec/json.h"
#include "codec/json_in.h"

struct deploy_ops;
struct err;

enum deploy_setting_kind {
    DEPLOY_TEXT,
    DEPLOY_PATH,     /* absolute, of a file or socket on this host */
    DEPLOY_HOSTPORT, /* "192.0.2.1:9999" */
};

/* One row of a table. */
struct deploy_setting {
    const char *name;
    enum deploy_setting_kind kind;
    bool is_required;
    const char *summary; /* one sentence without full stop */
};

#define DEPLOY_SETTINGS_MAX 16
#define DEPLOY_SLOTS_MAX 500
#define DEPLOY_TEXT_MAX 1000
#define DEPLOY_SLOT_NAME_MAX 200 /* as an association's */
#define DEPLOY_JSON_MAX (512u << 10)

struct deploy_slot {
    char *name;
    char *values[DEPLOY_SETTINGS_MAX]; /* by the row of slot_settings; "": not set */
};

struct deploy_settings {
    const struct deploy_ops *ops;
    char *values[DEPLOY_SETTINGS_MAX]; /* by the row of settings; "": not set */
    struct deploy_slot *slots;
    size_t n_slots;
};

/* Members "settings" and "slots" of a body; those that are missing stay as they were in *ret, which
 * is initialised. Complaints go to `in`. */
void deploy_settings_init(struct deploy_settings *ret, const struct deploy_ops *ops);
void deploy_settings_read(struct deploy_settings *ret, struct json_in *in);
void deploy_settings_done(struct deploy_settings *settings);

/* What the database has, and back. */
bool deploy_settings_parse(struct deploy_settings *ret, const char *text, struct err *err)
    must_check;
void deploy_settings_write(const struct deploy_settings *settings, struct json_out *out);

/* The slot of that name; SIZE_MAX: there is none. */
size_t deploy_settings_slot(const struct deploy_settings *settings, const char *name);

DEFINE_AUTODONE(deploy_settings);
