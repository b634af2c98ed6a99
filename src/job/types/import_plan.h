/*
 * job/types/import_plan: what a record of a table would change, and doing it.
 *
 * Planning only reads, and finds every reason to refuse the record; a trial run ends there. Writing
 * follows in the same transaction, with the entry in the audit log.
 */
#pragma once

#include "auth/permission.h"
#include "base/base.h"
#include "base/buf.h"
#include "codec/json.h"
#include "core/rows_cert.h"
#include "core/rows_import.h"
#include "core/rows_view.h"
#include "job/types/import_names.h"
#include "job/types/import_record.h"
#include "store/audit.h"
#include "store/cert.h"
#include "store/cert_people.h"
#include "store/custom_field.h"

struct err;
struct tx;

#define IMPORT_SHARES_MAX 200

/* The import as a whole, as far as its records need to know. */
struct import_context {
    const struct principal *who;
    int64_t import_id;
    bool is_dry_run;
    int64_t now;
    struct import_names names;
    struct custom_field_rows fields; /* those of the header, in its order */

    /* What a new record must have, and the header has no column for: such a table makes none. */
    struct sheet_field missing[CUSTOM_FIELDS_MAX];
    size_t n_missing;
};

struct import_plan {
    enum import_action action;
    struct cert_row *before; /* NULL: a new record */
    char *name;
    struct cert_people people;
    struct cert_share shares[IMPORT_SHARES_MAX];
    bool sets_people;
    struct buf tags; /* separated by ";", in lower case */
    bool sets_tags;
    char *fields[SHEET_FIELDS_MAX]; /* as they will be stored, "" for none; NULL: as it is */
    int64_t business_group_id;      /* once it is known */
    bool sets_place;
    bool *is_new_place; /* one for each of the record's places */
    struct buf detail;  /* JSON: {"changes": […]} */
    struct json_out out;
    size_t n_changes;
};

void import_plan_init(struct import_plan *plan);
void import_plan_done(struct import_plan *plan);
void import_plan_clear(struct import_plan *plan);

/* False only if the database failed: what is wrong with the record is told to it, and the plan's
 * action is then IMPORT_FAILED. */
bool import_plan_make(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, struct err *err) must_check;

/* The business group that the record is to have; it is made if it is not there yet. */
bool import_plan_put_group(struct import_context *context, struct tx *tx,
    const struct import_record *record, struct import_plan *plan, struct err *err) must_check;

/* The new record that is planned, but for its places; what it points to is the plan's and the
 * record's. */
struct cert_new import_plan_new(const struct import_record *record, const struct import_plan *plan);

/* Change the record that is there, as planned. */
bool import_plan_update(struct import_context *context, struct tx *tx,
    const struct import_record *record, struct import_plan *plan, struct err *err) must_check;

/* What the audit log says of it. It borrows from the plan. */
struct audit_entry import_plan_audit(const struct import_context *context,
    const struct import_plan *plan, const char *action, int64_t id);

/* What came of the record. ret->lines is the caller's to free; the rest is borrowed. In
 * import_outcome.c. */
bool import_plan_outcome(const struct import_record *record, struct import_plan *plan, int64_t id,
    struct import_record_row *ret, struct err *err) must_check;

/* For the files of this module: a difference, as the plan shows it. */
void import_plan_change(struct import_plan *plan, enum sheet_column column, const char *before,
    const char *after);
void import_plan_change_in(struct import_plan *plan, const char *column, const char *before,
    const char *after);

/* Custom fields: in import_fields.c. The first looks up those of the header, and which are missing;
 * where there is none, *ret_column is the one to blame, and ERR_INVALID says so. */
bool import_fields_find(struct tx *tx, const struct sheet_header *header,
    struct import_context *context, const char **ret_column, struct err *err) must_check;
bool import_plan_fields(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, struct err *err) must_check;
bool import_plan_write_fields(struct import_context *context, struct tx *tx,
    const struct import_plan *plan, int64_t id, struct err *err) must_check;

/* People and tags: in import_people.c. */
bool import_plan_people(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, unsigned relations, struct err *err) must_check;
void import_plan_tags(struct import_record *record, struct import_plan *plan);
