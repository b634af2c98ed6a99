/*
 * daemon/serve: "certdesk serve": options, settings, and then the supervisor.
 */
#pragma once

#include "base/base.h"

#define SERVE_ARGUMENTS                                                                            \
    "[--config FILE] [--data DIR] [--listen ADDR:PORT] [--database URL] "                          \
    "[--tls-cert FILE --tls-key FILE]"

/* argv[0] is "serve". Returns the exit status. */
int serve_run(int argc, char **argv);
