/* codec/cron: see the header. */
#include "codec/cron.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/parse.h"

/* The weekdays of a date come back after 28 years, or 40 where 2100 is between: no run in that time
 * is no run ever. */
#define SEARCH_DAYS INT64_C(14700)

struct field {
    const char *name;
    int64_t min;
    int64_t max;
    const char *const *words; /* of min, min + 1, …; ends with NULL */
};

static const char *const month_words[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug",
    "sep", "oct", "nov", "dec", NULL };
static const char *const weekday_words[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat",
    NULL };

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, N_FIELDS };

static const struct field fields[N_FIELDS] = {
    [MINUTE] = { "minute", 0, 59, NULL },
    [HOUR] = { "hour", 0, 23, NULL },
    [DAY] = { "day", 1, 31, NULL },
    [MONTH] = { "month", 1, 12, month_words },
    [WEEKDAY] = { "weekday", 0, 7, weekday_words },
};

static const struct {
    const char *name;
    const char *meaning;
} shortcuts[] = {
    { "@hourly", "0 * * * *" },
    { "@daily", "0 0 * * *" },
    { "@midnight", "0 0 * * *" },
    { "@weekly", "0 0 * * 0" },
    { "@monthly", "0 0 1 * *" },
    { "@yearly", "0 0 1 1 *" },
    { "@annually", "0 0 1 1 *" },
};

/* ---- parsing ---- */

static bool parse_number(const struct field *field, struct span text, int64_t *ret, struct err *err)
{
    struct err ignored = { 0 };
    int64_t number = 0;

    for (int64_t i = 0; field->words && field->words[i]; i++) {
        if (span_is_nocase(text, field->words[i])) {
            *ret = field->min + i;
            return true;
        }
    }
    if (!parse_i64(text, INT64_MIN, INT64_MAX, &number, &ignored))
        return fail(err, ERR_INVALID, "%s: \"%.*s\" is not understood", field->name,
            (int)(text.size < 40 ? text.size : 40), (const char *)text.data);
    if (number < field->min || number > field->max)
        return fail(err, ERR_INVALID, "%s: %" PRId64 " is not between %" PRId64 " and %" PRId64,
            field->name, number, field->min, field->max);
    *ret = number;
    return true;
}

/* "*", "5", "1-5" */
static bool parse_range(const struct field *field, struct span text, int64_t *from, int64_t *to,
    struct err *err)
{
    const size_t dash = span_find_char(text, '-');

    if (span_is(text, "*")) {
        *from = field->min;
        *to = field == &fields[WEEKDAY] ? 6 : field->max;
        return true;
    }
    if (dash == SIZE_MAX || dash == 0) {
        if (!parse_number(field, text, from, err))
            return false;
        *to = *from;
        return true;
    }
    if (!parse_number(field, span_slice(text, 0, dash), from, err) ||
        !parse_number(field, span_slice(text, dash + 1, SIZE_MAX), to, err))
        return false;
    if (*from > *to)
        return fail(err, ERR_INVALID, "%s: the range %" PRId64 "-%" PRId64 " runs backwards",
            field->name, *from, *to);
    return true;
}

/* A range and its step: "*\/15", "1-30/5"; "5/10" goes on to the end. */
static bool parse_part(const struct field *field, struct span text, uint64_t *bits, struct err *err)
{
    const size_t slash = span_find_char(text, '/');
    const struct span range = span_slice(text, 0, slash);
    const struct span step_text = span_slice(text, slash, SIZE_MAX);
    struct err ignored = { 0 };
    int64_t from = 0;
    int64_t to = 0;
    int64_t step = 1;

    if (!parse_range(field, range, &from, &to, err))
        return false;
    if (step_text.size > 0 &&
        !parse_i64(span_slice(step_text, 1, SIZE_MAX), 1, field->max, &step, &ignored))
        return fail(err, ERR_INVALID, "%s: the step \"%.*s\" is not between 1 and %" PRId64,
            field->name, (int)(step_text.size < 40 ? step_text.size - 1 : 39),
            (const char *)step_text.data + 1, field->max);
    if (step_text.size > 0 && span_find_char(range, '-') == SIZE_MAX && from == to)
        to = field->max;
    for (int64_t i = from; i <= to; i += step)
        *bits |= UINT64_C(1) << i;
    return true;
}

static bool parse_field(const struct field *field, struct span text, uint64_t *bits,
    struct err *err)
{
    struct span part;

    *bits = 0;
    while (span_split(&text, ',', &part)) {
        if (part.size == 0)
            return fail(err, ERR_INVALID, "%s: there is an empty entry", field->name);
        if (!parse_part(field, part, bits, err))
            return false;
    }
    return true;
}

static bool cut_fields(struct span text, struct span parts[static N_FIELDS], struct err *err)
{
    size_t n = 0;

    for (text = span_trim(text); text.size > 0; n++) {
        size_t end = 0;

        while (end < text.size && text.data[end] != ' ' && text.data[end] != '\t')
            end++;
        if (n < N_FIELDS)
            parts[n] = span_slice(text, 0, end);
        text = span_trim(span_slice(text, end, SIZE_MAX));
    }
    if (n == N_FIELDS)
        return true;
    return fail(err, ERR_INVALID,
        "a schedule has five fields (minute hour day month weekday), not %zu", n);
}

static struct span expand_shortcut(struct span text)
{
    for (size_t i = 0; i < countof(shortcuts); i++)
        if (span_is_nocase(span_trim(text), shortcuts[i].name))
            return span_text(shortcuts[i].meaning);
    return text;
}

/* ---- the next run ---- */

static bool has(uint64_t bits, int n)
{
    return (bits >> n & 1U) != 0;
}

static bool is_day(const struct cron *cron, const struct civil *civil)
{
    const bool is_in_days = has(cron->days, civil->day);
    const bool is_in_weekdays = has(cron->weekdays, civil->weekday);

    return has(cron->months, civil->month) &&
           (cron->is_either_day ? is_in_days || is_in_weekdays : is_in_days && is_in_weekdays);
}

/* The first minute of that day that is not before `from_minute`; -1 where there is none. */
static int minute_of_day(const struct cron *cron, int from_minute)
{
    for (int minute = from_minute; minute < 24 * 60; minute++)
        if (has(cron->hours, minute / 60) && has(cron->minutes, minute % 60))
            return minute;
    return -1;
}

static bool find_next(const struct cron *cron, int64_t after, int64_t *ret)
{
    /* The next full minute. */
    const struct civil begin = clock_to_civil(after + 60);
    const int64_t first_day = clock_from_civil(
        &(struct civil){ .year = begin.year, .month = begin.month, .day = begin.day });

    for (int64_t i = 0; i < SEARCH_DAYS; i++) {
        const int64_t day = first_day + i * SECONDS_PER_DAY;
        const struct civil civil = clock_to_civil(day);

        if (!is_day(cron, &civil))
            continue;
        const int minute = minute_of_day(cron, i == 0 ? begin.hour * 60 + begin.minute : 0);

        if (minute >= 0) {
            *ret = day + minute * INT64_C(60);
            return true;
        }
    }
    return false;
}

bool cron_parse(struct span text, struct cron *ret, struct err *err)
{
    struct span parts[N_FIELDS] = { 0 };
    struct cron cron = { 0 };
    uint64_t *const bits[N_FIELDS] = { &cron.minutes, &cron.hours, &cron.days, &cron.months,
        &cron.weekdays };
    int64_t at = 0;

    if (!cut_fields(expand_shortcut(text), parts, err))
        return false;
    for (size_t i = 0; i < N_FIELDS; i++)
        if (!parse_field(&fields[i], parts[i], bits[i], err))
            return false;
    if (has(cron.weekdays, 7))
        cron.weekdays = (cron.weekdays | 1U) & 0x7fU;
    cron.is_either_day = parts[DAY].data[0] != '*' && parts[WEEKDAY].data[0] != '*';
    if (!find_next(&cron, 0, &at))
        return fail(err, ERR_INVALID, "day: this never runs, for no such month has such a day");
    *ret = cron;
    return true;
}

int64_t cron_next(const struct cron *cron, int64_t after, int offset_seconds)
{
    int64_t at = 0;

    /* cron_parse() has made sure that there is one. */
    ASSERT(find_next(cron, after + offset_seconds, &at));
    return at - offset_seconds;
}

void cron_next_runs(const struct cron *cron, int64_t after, int offset_seconds, int64_t *runs,
    size_t n)
{
    for (size_t i = 0; i < n; i++) {
        runs[i] = cron_next(cron, after, offset_seconds);
        after = runs[i];
    }
}
