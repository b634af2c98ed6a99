/* daemon/hang: see the header. */
#include "daemon/hang.h"

#include <time.h>

#define PAUSE_MS 2500

/* A thread that is woken to answer something else needs less; one of a hundred that compete for a
 * processor gets more. */
#define WORK_US_PER_SECOND 1000

/* Of all threads of a process; 0 where it has ended meanwhile. */
static int64_t cpu_us(pid_t pid)
{
    struct timespec used = { 0 };
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return used.tv_sec * INT64_C(1000000) + used.tv_nsec / 1000;
}

bool hang_is_certain(struct hang *hang, pid_t pid, int64_t silent_ms, int64_t now_ms)
{
    int64_t cpu = cpu_us(pid);
    int64_t idle_ms = now_ms - hang->since_ms;
    bool is_new = hang->pid != pid || now_ms - hang->seen_ms > PAUSE_MS;
    bool works = (cpu - hang->cpu_us) * 1000 > idle_ms * WORK_US_PER_SECOND;

    hang->seen_ms = now_ms;
    if (is_new || works) {
        *hang = (struct hang){ pid, cpu, now_ms, now_ms };
        idle_ms = 0;
    }
    return idle_ms >= HANG_IDLE_MS || silent_ms >= HANG_SILENT_MS;
}
