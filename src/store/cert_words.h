/*
 * store/cert_words: what a record is found by: its name, the names, serial and fingerprint of its
 * current version, the hosts it is served at. Case folded. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct endpoint_key;
struct err;
struct many;
struct tx;

/* Write them as they are now, and the record's letters; a record that is gone has none.
 * store/pending calls this. */
bool cert_words_write(struct tx *tx, int64_t certificate_id, struct err *err) must_check;

/* Those of records that were not there before: nothing has to be looked up. store/pending has the
 * rows and writes them; their letters (store/cert_marks) are returned, for the record. */
struct many *cert_words_prepare(struct tx *tx) must_check;
int64_t cert_words_add_new(struct many *rows, int64_t certificate_id, const char *name_lower,
    const struct endpoint_key *places, size_t n_places);
