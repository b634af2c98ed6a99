/* core/jql_date: see the header. */
#include "core/jql_date.h"

#include <string.h>

#include "base/clock.h"
#include "base/parse.h"

/* "2w" and its kin; months and years are the calendar's. `*at` moves. */
static bool move(struct span part, bool is_back, int64_t *at)
{
    int64_t n;
    char unit = part.size > 0 ? (char)part.data[part.size - 1] : 0;

    if (part.size < 2 || !parse_i64(span_slice(part, 0, part.size - 1), 0, 1000000, &n, NULL))
        return false;
    if (is_back)
        n = -n;
    switch (unit) {
    case 'm':
        *at += n * 60;
        return true;
    case 'h':
        *at += n * 3600;
        return true;
    case 'd':
        *at += n * SECONDS_PER_DAY;
        return true;
    case 'w':
        *at += n * 7 * SECONDS_PER_DAY;
        return true;
    case 'M':
    case 'y':
        if (n < -10000 || n > 10000)
            return false;
        *at = clock_add_months(*at, (int)(unit == 'y' ? n * 12 : n));
        return true;
    default:
        return false;
    }
}

/* "-1w 2d": one sign for all. */
static bool move_all(struct span text, char bare_unit, int64_t *at)
{
    bool is_back = false;
    struct span part;
    size_t n = 0;

    text = span_trim(text);
    if (text.size > 0 && (text.data[0] == '-' || text.data[0] == '+')) {
        is_back = text.data[0] == '-';
        text = span_slice(text, 1, SIZE_MAX);
    }
    while (span_split(&text, ' ', &part)) {
        char with_unit[32];

        if (part.size == 0)
            continue;
        if (part.size > 20)
            return false;
        span_copy_text(part, with_unit, sizeof with_unit - 1);
        if (bare_unit && strspn(with_unit, "0123456789") == part.size) {
            with_unit[part.size] = bare_unit;
            with_unit[part.size + 1] = '\0';
        }
        if (!move(span_text(with_unit), is_back, at))
            return false;
        n++;
    }
    return n > 0;
}

/* Exactly as many digits. */
static bool take_number(struct span *rest, size_t n, int *ret)
{
    int64_t number;

    if (rest->size < n || !parse_i64(span_slice(*rest, 0, n), 0, 9999, &number, NULL))
        return false;
    *ret = (int)number;
    *rest = span_slice(*rest, n, SIZE_MAX);
    return true;
}

static bool take_mark(struct span *rest, const char *marks)
{
    if (rest->size == 0 || !strchr(marks, rest->data[0]))
        return false;
    *rest = span_slice(*rest, 1, SIZE_MAX);
    return true;
}

/* "2026-01-31", "2026/01/31 10:00". */
static bool absolute(struct span text, int64_t *ret)
{
    struct civil civil = { 0 };

    if (!take_number(&text, 4, &civil.year) || !take_mark(&text, "-/") ||
        !take_number(&text, 2, &civil.month) || !take_mark(&text, "-/") ||
        !take_number(&text, 2, &civil.day) || civil.month < 1 || civil.month > 12 ||
        civil.day < 1 || civil.day > 31)
        return false;
    if (text.size > 0 && (!take_mark(&text, " T") || !take_number(&text, 2, &civil.hour) ||
                             !take_mark(&text, ":") || !take_number(&text, 2, &civil.minute) ||
                             text.size > 0 || civil.hour > 23 || civil.minute > 59))
        return false;
    *ret = clock_from_civil(&civil);
    return true;
}

bool jql_date_value(const char *text, int64_t now, int64_t *ret)
{
    struct span trimmed = span_trim(span_text(text));
    int64_t at = now;

    if (absolute(trimmed, ret))
        return true;
    if (!move_all(trimmed, 0, &at))
        return false;
    *ret = at;
    return true;
}

enum period { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_YEAR };

static int64_t start_of(enum period period, int64_t at)
{
    struct civil civil = clock_to_civil(at);

    civil.hour = civil.minute = civil.second = 0;
    if (period == PERIOD_WEEK)
        civil.day -= civil.weekday;
    if (period == PERIOD_MONTH || period == PERIOD_YEAR)
        civil.day = 1;
    if (period == PERIOD_YEAR)
        civil.month = 1;
    return clock_from_civil(&civil);
}

static int64_t end_of(enum period period, int64_t at)
{
    int64_t start = start_of(period, at);

    if (period == PERIOD_DAY)
        return start + SECONDS_PER_DAY - 1;
    if (period == PERIOD_WEEK)
        return start + 7 * SECONDS_PER_DAY - 1;
    return clock_add_months(start, period == PERIOD_MONTH ? 1 : 12) - 1;
}

bool jql_date_function(const struct jql_operand *function, int64_t now, int64_t *ret)
{
    static const struct {
        const char *name;
        enum period period;
        bool is_end;
        char unit;
    } functions[] = {
        { "startOfDay", PERIOD_DAY, false, 'd' },
        { "startOfWeek", PERIOD_WEEK, false, 'w' },
        { "startOfMonth", PERIOD_MONTH, false, 'M' },
        { "startOfYear", PERIOD_YEAR, false, 'y' },
        { "endOfDay", PERIOD_DAY, true, 'd' },
        { "endOfWeek", PERIOD_WEEK, true, 'w' },
        { "endOfMonth", PERIOD_MONTH, true, 'M' },
        { "endOfYear", PERIOD_YEAR, true, 'y' },
    };
    struct span name = span_text(function->text);

    /* When somebody signed in: programs do with each request. */
    if ((span_is_nocase(name, "now") || span_is_nocase(name, "currentLogin")) && function->n == 0) {
        *ret = now;
        return true;
    }
    for (size_t i = 0; i < countof(functions); i++) {
        int64_t at = now;

        if (!span_is_nocase(name, functions[i].name))
            continue;
        if (function->n > 1 || (function->n == 1 && !move_all(span_text(function->items[0].text),
                                                        functions[i].unit, &at)))
            return false;
        *ret = functions[i].is_end ? end_of(functions[i].period, at)
                                   : start_of(functions[i].period, at);
        return true;
    }
    return false;
}
