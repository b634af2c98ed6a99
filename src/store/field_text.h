/*
 * store/field_text: a record's custom fields as one text, kept on the record to be shown. Not for
 * others than store/.
 *
 * "ID SIZE VALUE" for each field one after the other, without anything between them: SIZE bytes of
 * VALUE, whatever they are. By id and not by name, so that a field that was deleted need not be
 * taken out of a million records: an id is never given again, and whoever reads passes over it.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "store/custom_field.h"

#define FIELD_TEXT_MAX ((size_t)1 << 20) /* values are much shorter, and there are few fields */

/* One more field, behind those that are there. */
void field_text_add(struct buf *text, int64_t field_id, const char *value);

/* The next one of `rest`, which moves on: false at its end. *value points into it. */
bool field_text_next(struct span *rest, int64_t *field_id, struct span *value);
