/*
 * store/kept_text: what other tables say of a record, as texts that are kept on it to be shown
 * (docs/adr/0008). Not for others than store/.
 *
 * A number is its digits and a blank, a text is the number of its bytes and then these, whatever
 * they are; there is nothing between them. SQL can write such a text as well as C.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "core/rows_version.h"

#define FIELD_TEXT_MAX ((size_t)1 << 20) /* values are much shorter, and there are few fields */

/*
 * Custom fields, one after the other: a number, the field's id, and a text, the value. By id and
 * not by name, so that a field that was deleted need not be taken out of a million records: an id
 * is never given again, and whoever reads passes over it.
 */
void field_text_add(struct buf *text, int64_t field_id, const char *value);

/* The next one of `rest`, which moves on: false at its end. *value points into it. */
bool field_text_next(struct span *rest, int64_t *field_id, struct span *value);

/* One that is longer is not kept: a record with a hundred names would be written at each change
 * with all of them. */
#define VERSION_TEXT_MAX 1500

/*
 * A version, which never changes. Numbers: not_before, not_after, n_sans, key_size, created_at,
 * is_ca, is_self_signed, is_staging. Texts: sha256 and spki_sha256 in hexadecimal, slot, serial,
 * subject, issuer, name, sans, key_algorithm, signature_algorithm. The id is not in it.
 */
void version_text_write(const struct version_row *row, struct buf *text);

/* Into a zeroed row. False where it is no such text. */
bool version_text_read(struct span text, struct version_row *row) must_check;
