/*
 * cli/offline: what words that open the database themselves have in common.
 *
 * They find it as the server does: by the file of settings, the environment, and --config, --data
 * and --database on the command line.
 */
#pragma once

#include "base/base.h"
#include "conf/conf.h"

struct err;

#define OFFLINE_USAGE "[--config FILE] [--data DIR] [--database URL]"

struct offline {
    struct conf_sources sources;
    struct conf_override overrides[2];
};

void offline_init(struct offline *offline);

/*
 * Is argv[*at] one of the three options? Then it is taken, with its value, and *at moves past them.
 * False also where its value is missing.
 */
bool offline_take(struct offline *offline, int argc, char **argv, int *at);

bool offline_conf(const struct offline *offline, struct conf **ret, struct err *err) must_check;
