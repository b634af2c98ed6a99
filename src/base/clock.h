/*
 * base/clock: instants and durations.
 *
 * An instant is UTC seconds since 1970-01-01, int64_t, from the database to the JSON parser. Only
 * the loop, the job runner and the dispatcher call clock_now(), once each time round; everybody
 * else gets `now` as a parameter. Time-outs use clock_mono_ms().
 */
#pragma once

#include <pthread.h>
#include <time.h>

#include "base/base.h"
#include "base/span.h"

struct err;

#define SECONDS_PER_DAY INT64_C(86400)

/* Room for "2026-11-21T05:30:00Z" and its NUL; years beyond 9999 are shown as 9999-12-31T23:59:59Z.
 */
#define CLOCK_RFC3339_SIZE 21

struct civil {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour;
    int minute;
    int second;
    int weekday; /* 0 is Sunday */
};

int64_t clock_now(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* For pthread_cond_timedwait(): a condition whose deadlines the clock of the day does not move, and
 * the deadline in so many milliseconds. */
void clock_cond_init(pthread_cond_t *cond);
struct timespec clock_deadline(int64_t in_ms);

/* Proleptic Gregorian calendar, UTC, any int64_t the year of which fits an int. */
struct civil clock_to_civil(int64_t at);

/* Out-of-range days and months are carried over (month 13 is January of the next year). */
int64_t clock_from_civil(const struct civil *civil);

/* `at` moved by whole months; the day is cut to the last of a shorter month (31 May + 1 = 30 June).
 */
int64_t clock_add_months(int64_t at, int months);

/* Writes into `field` and returns it (RFC 3339, 5.6, with "Z"). */
const char *clock_rfc3339(int64_t at, char field[static CLOCK_RFC3339_SIZE]);

/* Accepts "2026-11-21T05:30:00Z", a numeric offset, a fraction (dropped), and a bare date (its
 * first second). */
bool clock_from_rfc3339(struct span text, int64_t *ret, struct err *err) must_check;

/* Whole days from `now` to `at`, rounded down: 0 on the last day, -1 once it has passed. */
int64_t clock_days_between(int64_t now, int64_t at);
