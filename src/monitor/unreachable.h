/*
 * monitor/unreachable: tell people of endpoints that have not answered for a while, and of their
 * return.
 */
#pragma once

#include "base/base.h"

struct db;
struct err;

/*
 * After a check: endpoints that failed `unreachable_after` times in a row, and those that are back.
 * Mails only where `has_mail` says that there is a server for them.
 * When everything that was checked since `since` fails, it is probably us, and nobody is told.
 */
bool unreachable_scan(struct db *db, int64_t since, bool has_mail, int64_t now, struct err *err)
    must_check;
