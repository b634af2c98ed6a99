/*
 * probe/process: the prober, a process that knows nothing and is trusted with nothing.
 *
 * It reads requests from the server on `fd` (one end of a socketpair) and sends results as they
 * come. It has no SQL, no keys and no files but those that name resolution and the system's trust
 * store need; once it is set up, Landlock and seccomp see to that.
 */
#pragma once

#include "base/base.h"

/* Runs until the other end closes; returns the process's exit status. */
int probe_process_main(int fd);
