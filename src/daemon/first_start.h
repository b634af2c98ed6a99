/*
 * daemon/first_start: what a new database needs before anybody can sign in.
 */
#pragma once

#include "base/base.h"

struct conf;
struct db;
struct err;

/*
 * Make the user admin if there is nobody, with the password of the settings, or a random one that
 * is printed once; write an API token of theirs where the settings say, if nothing is there yet;
 * and put the schedules into their table.
 */
bool first_start(const struct conf *conf, struct db *db, int64_t now, struct err *err) must_check;
