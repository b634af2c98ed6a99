/*
 * base/clock: see the header.
 *
 * The calendar is computed here and not by libc, so that it neither looks at TZ nor shares a static
 * buffer. The algorithm counts days in 400-year eras that begin on 1 March.
 */
#include "base/clock.h"

#include "base/err.h"
#include "base/parse.h"

#define DAYS_PER_ERA INT64_C(146097)
#define MAX_RFC3339 INT64_C(253402300799)
#define MIN_RFC3339 INT64_C(-62167219200)

int64_t clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

int64_t clock_mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;

    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(cond, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

struct timespec clock_deadline(int64_t in_ms)
{
    const int64_t at_us = clock_mono_us() + in_ms * 1000;

    return (struct timespec){ .tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000 };
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;

    return a % b < 0 ? q - 1 : q;
}

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year += floor_div(month - 1, 12);
    month -= floor_div(month - 1, 12) * 12;
    if (month <= 2)
        year--;
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - 719468;
}

struct civil clock_to_civil(int64_t at)
{
    int64_t days = floor_div(at, SECONDS_PER_DAY);
    int64_t rest = at - days * SECONDS_PER_DAY;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, DAYS_PER_ERA);
    int64_t doe = z - era * DAYS_PER_ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    return (struct civil){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = (int)month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest / 60 % 60),
        .second = (int)(rest % 60),
        .weekday = (int)(((days + 4) % 7 + 7) % 7),
    };
}

int64_t clock_from_civil(const struct civil *c)
{
    return days_from_civil(c->year, c->month, c->day) * SECONDS_PER_DAY + c->hour * INT64_C(3600) +
           c->minute * INT64_C(60) + c->second;
}

int64_t clock_add_months(int64_t at, int months)
{
    struct civil c = clock_to_civil(at);
    struct civil first_of_next = { .year = c.year, .month = c.month + months + 1, .day = 1 };
    int last_day = clock_to_civil(clock_from_civil(&first_of_next) - 1).day;

    c.month += months;
    if (c.day > last_day)
        c.day = last_day;
    return clock_from_civil(&c);
}

/* The last digits of `number`, and what follows them. */
static char *add_number(char *to, unsigned number, size_t n_digits, char next)
{
    for (size_t i = n_digits; i-- > 0; number /= 10)
        to[i] = (char)('0' + number % 10);
    to[n_digits] = next;
    return to + n_digits + 1;
}

const char *clock_rfc3339(int64_t at, char field[static CLOCK_RFC3339_SIZE])
{
    if (at > MAX_RFC3339)
        at = MAX_RFC3339;
    if (at < MIN_RFC3339)
        at = MIN_RFC3339;
    struct civil c = clock_to_civil(at);
    char *to = field;

    /* By hand: a page of records has some three hundred of these. */
    to = add_number(to, (unsigned)c.year, 4, '-');
    to = add_number(to, (unsigned)c.month, 2, '-');
    to = add_number(to, (unsigned)c.day, 2, 'T');
    to = add_number(to, (unsigned)c.hour, 2, ':');
    to = add_number(to, (unsigned)c.minute, 2, ':');
    to = add_number(to, (unsigned)c.second, 2, 'Z');
    *to = '\0';
    return field;
}

static bool read_field(struct span text, size_t from, size_t size, int64_t max, int *ret)
{
    int64_t value;

    if (from + size > text.size || !parse_i64(span_slice(text, from, size), 0, max, &value, NULL))
        return false;
    *ret = (int)value;
    return true;
}

static bool is_at(struct span text, size_t at, char c)
{
    return at < text.size && text.data[at] == (uint8_t)c;
}

static bool read_date(struct span text, struct civil *c)
{
    return text.size >= 10 && read_field(text, 0, 4, 9999, &c->year) && is_at(text, 4, '-') &&
           read_field(text, 5, 2, 12, &c->month) && is_at(text, 7, '-') &&
           read_field(text, 8, 2, 31, &c->day) && c->month > 0 && c->day > 0 &&
           clock_to_civil(clock_from_civil(c)).day == c->day;
}

static bool read_time(struct span text, struct civil *c)
{
    return (is_at(text, 10, 'T') || is_at(text, 10, 't') || is_at(text, 10, ' ')) &&
           read_field(text, 11, 2, 23, &c->hour) && is_at(text, 13, ':') &&
           read_field(text, 14, 2, 59, &c->minute) && is_at(text, 16, ':') &&
           read_field(text, 17, 2, 60, &c->second);
}

/* What follows the seconds: an optional fraction, then "Z" or an offset. */
static bool read_zone(struct span zone, int64_t *offset)
{
    int hour;
    int minute;

    if (is_at(zone, 0, '.')) {
        size_t n = 1;

        while (n < zone.size && zone.data[n] >= '0' && zone.data[n] <= '9')
            n++;
        if (n == 1)
            return false;
        zone = span_slice(zone, n, SIZE_MAX);
    }
    *offset = 0;
    if (span_is_nocase(zone, "z"))
        return true;
    if (zone.size != 6 || (zone.data[0] != '+' && zone.data[0] != '-') || zone.data[3] != ':')
        return false;
    if (!read_field(zone, 1, 2, 23, &hour) || !read_field(zone, 4, 2, 59, &minute))
        return false;
    *offset = (hour * INT64_C(3600) + minute * INT64_C(60)) * (zone.data[0] == '-' ? -1 : 1);
    return true;
}

bool clock_from_rfc3339(struct span text, int64_t *ret, struct err *err)
{
    struct civil c = { 0 };
    int64_t offset = 0;

    if (!read_date(text, &c))
        return fail(err, ERR_INVALID, "not a date as in 2026-11-21 or 2026-11-21T05:30:00Z");
    if (text.size > 10 &&
        (!read_time(text, &c) || !read_zone(span_slice(text, 19, SIZE_MAX), &offset)))
        return fail(err, ERR_INVALID, "not a time as in 2026-11-21T05:30:00Z");
    *ret = clock_from_civil(&c) - offset;
    return true;
}

int64_t clock_days_between(int64_t now, int64_t at)
{
    int64_t seconds;

    if (__builtin_sub_overflow(at, now, &seconds))
        return at > now ? INT64_MAX / SECONDS_PER_DAY : INT64_MIN / SECONDS_PER_DAY;
    return floor_div(seconds, SECONDS_PER_DAY);
}
