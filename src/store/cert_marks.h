/*
 * store/cert_marks: what other tables say of a record, as bits on the record itself:
 * certificate.letters (of its words), .labels (tags, custom fields' values, issuer) and .holders
 * (who may see it). On PostgreSQL the indexes carry them, so that a walk passes over nearly all
 * records that lack what is asked for without a look at any table (Bloom 1970; docs/adr/0025).
 *
 * A record that has a thing has all bits of it; one that has not may have them too, so the thing
 * itself is asked for as well. Bits of what is taken away may stay: they cost time, and nothing
 * else. No bits: a thing that cannot be told by them. Not for others than store/.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;
struct tx;

/*
 * Of a text as certificate_search keeps it, or of a pattern for it (store/trigram): a bit for each
 * three bytes in a row. Not of those with a blank or a wildcard, nor of hexadecimal digits alone: a
 * fingerprint would set nearly all there are.
 */
int64_t cert_marks_of_words(struct span text);

/* The labels: of tags as they are kept, separated by ";"; of custom fields as they are kept
 * (store/kept_text), whichever field has the value; of an issuer, "" of which has none. */
int64_t cert_marks_of_tags(const char *tags);
int64_t cert_marks_of_fields(const char *fields);
int64_t cert_marks_of_value(struct span value);
int64_t cert_marks_of_issuer(const char *issuer);

/* The record's labels anew, from what it keeps of the three. */
bool cert_marks_write_labels(struct tx *tx, int64_t certificate_id, struct err *err) must_check;

int64_t cert_marks_of_account(int64_t account_id);
int64_t cert_marks_of_group(int64_t group_id);
