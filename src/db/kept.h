/*
 * db/kept: what a connection keeps of what it has read, for as long as the database is as it was.
 *
 * For the few small things that almost every request asks for again: whose a token is, which custom
 * fields there are. What is kept is looked at in a transaction only if that sees the very state of
 * the database in which it was read: any commit, by whomever, in this process or another, and it is
 * read anew. So it is never older than what a statement would say. On SQLite, in transactions that
 * read; elsewhere nothing is found again.
 */
#pragma once

#include "base/base.h"

struct err;
struct tx;

#define DB_KEPT_MAX 4

/* `key` is the address of something static, one of at most DB_KEPT_MAX in the program. NULL where
 * nothing is kept, or something else may be there by now. What is found may be changed; it lives
 * until the transaction ends, or another is kept under its key. */
bool kept_find(struct tx *tx, const void *key, void **ret, struct err *err) must_check;

/* Takes `value`, which lives as long as if it had been found. It is of this transaction, and there
 * was a kept_find() for it in it. */
void kept_add(struct tx *tx, const void *key, void *value, void (*release)(void *value));
