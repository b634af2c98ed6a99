/* job/types/life_of: the life service for a job. Not for others than job/types. */
#pragma once

#include "job/queue.h"
#include "life/life.h"

/* certdesk itself acts; nothing is waited for. `who` lives as long as the result. */
static inline struct life life_of_job(struct job_run *run, struct principal *who)
{
    *who = (struct principal){ .name = "certdesk", .role = ROLE_ADMIN, .scopes = SCOPE_ALL };
    return (struct life){ .db = run->db,
        .cas = run->services->cas,
        .who = who,
        .address = "",
        .now = run->now };
}
