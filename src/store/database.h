/*
 * store/database: the database that the settings name: where it is, that it can be written, that
 * its schema is this binary's.
 */
#pragma once

#include "base/base.h"
#include "db/db.h"

struct conf;
struct err;

/* Is trying again later of any use? A file that cannot be opened stays that way; a server may come.
 */
bool database_is_remote(const struct conf *conf);

/* Open a connection, bring the schema up to date, and make sure that it can be written. */
bool database_prepare(const struct conf *conf, int64_t now, struct err *err) must_check;

/* For the workers: one connection more. */
bool database_open(const struct conf *conf, struct db **ret, struct err *err) must_check;

/* The same for a thread that may not wait: what others have locked is ERR_UNAVAILABLE at once. */
bool database_open_impatient(const struct conf *conf, struct db **ret, struct err *err) must_check;

/* For words that read what a server has written: ERR_NOT_FOUND where there is no database yet. */
bool database_open_existing(const struct conf *conf, struct db **ret, struct err *err) must_check;
