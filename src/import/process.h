/*
 * import/process: the process that parses one upload, and ends.
 *
 * Started by the supervisor. It speaks on one socket and has nothing else: no network, no files, no
 * programs, limited memory and time. It holds private keys in the open, so it cannot be dumped or
 * debugged, and what it answers holds them only encrypted for the vault.
 */
#pragma once

#include "base/base.h"

/* Seconds of computing, and of being there at all: the kernel ends it then. */
#define IMPORT_PROCESS_CPU_S 20
#define IMPORT_PROCESS_LIFE_S 60

/* Parse what comes on `fd`, answer, and return the exit status. */
int import_process_main(int fd);
