/*
 * daemon/server: the process that serves HTTP, runs jobs and speaks SQL.
 */
#pragma once

#include "base/base.h"

/* Serve until the supervisor says stop. `control_fd` is the channel of daemon/control. */
int server_process_main(int control_fd);
