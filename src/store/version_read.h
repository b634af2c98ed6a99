/*
 * store/version_read: the columns of `version` that make a version_row. Not for others than store/.
 */
#pragma once

#include "core/rows_version.h"

struct stmt;

/* In this order; the table is called v in the query. */
#define VERSION_COLUMNS                                                                            \
    "v.id, v.sha256, v.slot, v.serial, v.subject, v.issuer, v.name, v.sans, v.n_sans,"             \
    " v.not_before, v.not_after, v.key_algorithm, v.key_size, v.signature_algorithm,"              \
    " v.spki_sha256, v.is_ca, v.is_self_signed, v.is_staging, v.created_at"
#define N_VERSION_COLUMNS 19

/* Fill in a zeroed row from the current result row, the columns of which begin at `first`. */
void version_read(struct stmt *q, int first, struct version_row *row);
