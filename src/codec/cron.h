/*
 * codec/cron: when something is to run, in five fields: minute, hour, day, month, weekday.
 *
 * Each is a list of numbers, ranges ("1-5") and steps ("0-30/10", "5/10" from 5 on); "*" is all of
 * them. Months and weekdays have names ("jan", "sun"), and Sunday is 0 and 7. As in cron(8), where
 * both day and weekday are restricted, either is enough. "@hourly", "@daily", "@weekly", "@monthly"
 * and "@yearly" are understood.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;

/* Bit n of a field: n is in it. Any caller may copy and compare it. */
struct cron {
    uint64_t minutes;
    uint64_t hours;
    uint64_t days;      /* 1 to 31 */
    uint64_t months;    /* 1 to 12 */
    uint64_t weekdays;  /* 0 to 6, 0 is Sunday */
    bool is_either_day; /* day or weekday is enough; else both are needed */
};

/*
 * ERR_INVALID names the field: "hour: 24 is not between 0 and 23". What would never run ("0 0 30 2
 * *") is an error, too.
 */
bool cron_parse(struct span text, struct cron *ret, struct err *err) must_check;

/*
 * The first run later than `after`. The fields are about a clock that shows `offset_seconds` more
 * than UTC; 0 is UTC. (A named zone is its offset at that instant, asked for by the caller.)
 */
int64_t cron_next(const struct cron *cron, int64_t after, int offset_seconds);

/* The next `n` of them. */
void cron_next_runs(const struct cron *cron, int64_t after, int offset_seconds, int64_t *runs,
    size_t n);
