/*
 * daemon/hang: does a process that does not answer hang, or is it only slow?
 *
 * One that is stopped, or waits for what never comes, uses no time of any processor; one that
 * makes a large key on a machine with much else to do uses some of it, however little. So it is
 * looked at several times before it is ended. What it does in an endless loop nobody can tell from
 * work: for that there is a limit.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"

/* So long must it have done nothing, and so long may it be silent whatever it does: by then who
 * asked has given up, or is about to. */
#define HANG_IDLE_MS 3000
#define HANG_SILENT_MS 55000

/* Zero to begin with. */
struct hang {
    pid_t pid;
    int64_t cpu_us;   /* what it had used at since_ms */
    int64_t since_ms; /* clock_mono_ms(): it has done nothing to speak of since then */
    int64_t seen_ms;  /* when it was looked at last */
};

/*
 * Does process `pid`, which has been silent for `silent_ms`, hang? To be asked about once a second
 * for as long as it is silent; after a longer pause the looking begins anew.
 */
bool hang_is_certain(struct hang *hang, pid_t pid, int64_t silent_ms, int64_t now_ms);
