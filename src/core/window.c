/* core/window: see the header. */
#include "core/window.h"

#include "base/clock.h"
#include "base/err.h"
#include "codec/json.h"
#include "codec/json_in.h"

static const char *const priority_names[N_PRIORITIES] = { "lowest", "low", "medium", "high",
    "highest" };

const char *priority_name(enum priority priority)
{
    ASSERT((size_t)priority < countof(priority_names));
    return priority_names[priority];
}

bool priority_from_name(const char *name, enum priority *ret)
{
    for (size_t i = 0; i < countof(priority_names); i++) {
        if (strcmp(name, priority_names[i]) == 0) {
            *ret = (enum priority)i;
            return true;
        }
    }
    return false;
}

/* ---- periods ---- */

void window_default_periods(struct window_periods *ret)
{
    static const int64_t days[] = { 90, 60, 30, 14, 7, 3, 1, -1, -7 };

    *ret = (struct window_periods){ .n = countof(days) };
    memcpy(ret->days, days, sizeof days);
}

static int compare_days(const void *a, const void *b)
{
    const int64_t one = *(const int64_t *)a;
    const int64_t other = *(const int64_t *)b;

    return one > other ? -1 : one < other;
}

static bool check_days(int64_t days, struct err *err)
{
    if (days == 0 || days < -WINDOW_DAYS_MAX || days > WINDOW_DAYS_MAX)
        return fail(err, ERR_INVALID,
            "a period is a number of days from 1 to %d before the end, or from -1 to -%d after it",
            WINDOW_DAYS_MAX, WINDOW_DAYS_MAX);
    return true;
}

bool window_periods_from_json(const char *json, struct window_periods *ret, struct err *err)
{
    autofree(json) struct json *list = NULL;
    struct window_periods periods = { 0 };

    if (!json_parse(span_text(json), &list, err))
        return false;
    if (json_list_size(list) > WINDOW_PERIODS_MAX)
        return fail(err, ERR_LIMIT, "there are more than %d periods", WINDOW_PERIODS_MAX);
    for (size_t i = 0; i < json_list_size(list); i++) {
        const int64_t days = json_as_i64(json_list_item(list, i), 0);

        if (!check_days(days, err))
            return false;
        periods.days[periods.n++] = days;
    }
    qsort(periods.days, periods.n, sizeof periods.days[0], compare_days);
    for (size_t i = 1; i < periods.n; i++)
        if (periods.days[i] == periods.days[i - 1])
            return fail(err, ERR_INVALID, "the period %" PRId64 " is there twice", periods.days[i]);
    *ret = periods;
    return true;
}

enum priority window_priority(const struct window_periods *periods, int64_t period)
{
    size_t n_before = 0;
    size_t n_passed = 0;

    if (period < 0)
        return PRIORITY_HIGHEST;
    for (size_t i = 0; i < periods->n && periods->days[i] > 0; i++) {
        n_before++;
        n_passed += periods->days[i] >= period;
    }
    /* The last notice before the end is as loud as one after it. */
    if (n_passed >= n_before)
        return PRIORITY_HIGHEST;
    return n_passed * 3 <= n_before       ? PRIORITY_LOW
           : n_passed * 3 <= 2 * n_before ? PRIORITY_MEDIUM
                                          : PRIORITY_HIGH;
}

/* ---- what is due ---- */

/* When the period is reached. False where it is before the certificate's beginning, or cannot be.
 */
static bool begins(const struct window_input *input, int64_t days, int64_t *ret)
{
    return checked_add_i64(input->expires_at, -days * SECONDS_PER_DAY, ret) &&
           *ret > input->begins_at;
}

/* Has this period, or a later one, been told of? */
static bool was_told(const struct window_input *input, int64_t days)
{
    for (size_t i = 0; i < input->n_noticed; i++)
        if (input->noticed[i] <= days)
            return true;
    return false;
}

void window_look(const struct window_input *input, struct window_answer *ret)
{
    int64_t next_at = 0;
    int64_t at = 0;

    *ret = (struct window_answer){ 0 };
    /* From the first period to the last: the latest that was reached is the one to tell of. */
    for (size_t i = 0; i < input->periods->n && next_at == 0; i++) {
        const int64_t days = input->periods->days[i];

        if (!begins(input, days, &at) || was_told(input, days))
            continue;
        if (at > input->now) {
            next_at = at;
        } else {
            ret->is_due = true;
            ret->period = days;
        }
    }
    ret->next_at = next_at;
    if (!ret->is_due)
        return;
    ret->priority = window_priority(input->periods, ret->period);
    if (input->snoozed_until > input->now) {
        /* Not before then; nor is it forgotten. */
        ret->is_due = false;
        ret->next_at = input->snoozed_until;
    }
}
