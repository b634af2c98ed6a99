/*
 * core/cert_was: what a record was before a change, as the audit log keeps it.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

struct cert_row;
struct json;

/*
 * Append an object with those members of the record that `change` has, too: {"tags": ["a"]} where
 * it is {"tags": ["b"], "action": "tag"}. Nothing is appended where it has none of them.
 */
void cert_was(const struct cert_row *cert, const struct json *change, struct buf *out);

/* The same of what is worth knowing of a record that goes. */
void cert_was_all(const struct cert_row *cert, struct buf *out);
