/*
 * daemon/roles: what a process does that the supervisor started.
 */
#pragma once

#include "base/base.h"

/* "internal ROLE LEVEL": argv[0] is "internal". Returns only for the server. */
int roles_run(int argc, char **argv);
