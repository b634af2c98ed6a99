/*
 * store/cert_drive: what each condition drives with, as SQL: its records, found by its own index.
 * Not for others than store/.
 */
#pragma once

#include "store/cert_where.h"

/* "SELECT … AS id", one row for each record, which may come twice. False, and nothing is added:
 * there is no such condition, or it never drives. */
bool cert_drive_add(const struct cert_where *where, enum drive drive, struct select *select);

/* Are its records known, and all of them in where->ids? */
bool cert_drive_is_known(const struct cert_where *where, enum drive drive);

/* Does the record itself say it, and an index of the records have it? */
bool cert_drive_is_of_record(enum drive drive);

/* And does that index carry marks on PostgreSQL? */
bool cert_drive_has_marks(enum drive drive);

/* May it stand as a set beside the walk? */
bool cert_drive_is_set(const struct cert_where *where, enum drive drive);

/* "field_id = … AND value = …": of a row of certificate_field. */
void cert_drive_add_field(const struct cert_where *where, struct select *select);

/* "(SELECT …)": the groups of an account. */
void cert_drive_add_groups(struct select *select, int64_t account_id);
