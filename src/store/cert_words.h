/*
 * store/cert_words: what a record is found by: its name, the names, serial and fingerprint of its
 * current version, the hosts it is served at. Case folded. Not for others than store/.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

/* Write them as they are now; a record that is gone has none. store/pending calls this. */
bool cert_words_write(struct tx *tx, int64_t certificate_id, struct err *err) must_check;
