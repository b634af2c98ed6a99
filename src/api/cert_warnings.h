/*
 * api/cert_warnings: what should be known of a version of a record, and stays true until it is
 * mended: its chain, its key, its dates.
 */
#pragma once

#include "codec/json.h"
#include "core/rows_version.h"

/* {code, message}, into an array that is begun. */
void cert_warning_write(struct json_out *out, const char *code, const char *message);

/* One for each that holds of `row` at `now`. */
void cert_warnings_write(struct json_out *out, const struct record_version_row *row, int64_t now);
