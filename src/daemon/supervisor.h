/*
 * daemon/supervisor: the process that a user starts; it starts the others and keeps them alive.
 *
 * It holds the data directory's lock and the settings, and nothing else: no socket to the network,
 * no database, no key. TERM and INT end everything in order, HUP has the settings read again.
 */
#pragma once

#include "base/base.h"

struct conf;
struct conf_sources;

/*
 * Serve until told to end. Takes `conf`; `sources` are read again on SIGHUP and live as long.
 * Returns the exit status: 0 after an orderly end.
 */
int supervisor_run(struct conf *conf, const struct conf_sources *sources);
