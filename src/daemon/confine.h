/*
 * daemon/confine: what the server process cannot reach.
 *
 * It may read what its user may read, but for DIR/vault; it may write in DIR/db, DIR/tmp, and
 * where its settings put an SQLite file. It starts no programs.
 */
#pragma once

#include "base/base.h"

struct conf;
struct err;

/* Before there are threads. */
bool confine_server(const struct conf *conf, struct err *err) must_check;
