/*
 * F15, F16: when a certificate is renewed. Tables for single plans, and a made-up house of a
 * thousand 47-day certificates whose CA comes and goes, over ten years of a clock that nobody waits
 * for.
 */
#include "testing.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "core/renewal.h"

#define NOW INT64_C(1795239000) /* 2026-11-21T05:30:00Z */
#define DAY INT64_C(86400)
#define HOUR INT64_C(3600)

/* ---- single plans ---- */

static struct profile_row a_profile(void)
{
    return (struct profile_row){ .name = (char[]){ "web" },
        .ca = (char[]){ "internal" },
        .renews_itself = true };
}

static void windows_open(void **state)
{
    static const struct {
        int64_t seconds;
        int64_t percent;
        int64_t lifetime;
        int64_t before_end; /* the window opens so long before the end */
    } rows[] = {
        { 0, 0, 90 * DAY, 30 * DAY },
        { 0, 33, 100 * DAY, 33 * DAY },
        { 0, 40, 100 * DAY, 40 * DAY },
        { 0, 66, 100, 66 },
        { 0, 33, 10, 3 },
        { 30 * DAY, 0, 90 * DAY, 30 * DAY },
        { 30 * DAY, 0, 30 * DAY, 20 * DAY }, /* never open from the first day on */
        { 30 * DAY, 0, 6 * DAY, 4 * DAY },
        { 30 * DAY, 0, -5, 0 },
        { 0, 33, INT64_C(9999) * 366 * DAY, INT64_C(9999) * 366 * DAY / 100 * 33 },
    };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        struct profile_row profile = a_profile();

        profile.window_seconds = rows[i].seconds;
        profile.window_percent = rows[i].percent;
        assert_int_equal(renewal_opens_at(&profile, NOW, NOW + rows[i].lifetime),
            NOW + rows[i].lifetime - rows[i].before_end);
    }
}

/* A certificate of 90 days with a window of 30: `age` days old. */
static const struct {
    const char *what;
    int64_t age;
    struct renewal_input input;
    struct profile_row profile;
    struct life_row life;
    bool may_now;
    bool may_forced;
    bool is_due;
    bool has_instant;
    enum renewal_why why;
    const char *reason;
    const char *text;
} plans[] = {
    { "fresh", 10, { .now = 0 }, { .renews_itself = true }, { 0 }, false, true, false, true,
        RENEWAL_PLANNED, "window", "It renews by itself at 20" },
    { "window open, instant to come", 60, { .now = 0 }, { .renews_itself = true }, { 0 }, true,
        true, false, true, RENEWAL_PLANNED, "window", "It renews by itself" },
    { "due", 62, { .now = 0 }, { .renews_itself = true }, { 0 }, true, true, true, true,
        RENEWAL_DUE, "window", "is renewed now" },
    { "expired", 91, { .now = 0 }, { .renews_itself = true }, { 0 }, true, true, true, true,
        RENEWAL_EXPIRED, "expired", "It has expired" },
    { "a scan of its own, to come", 62, { .now = 0 },
        { .renews_itself = true, .scan_seconds = NOW + 63 * DAY }, { 0 }, true, true, false, true,
        RENEWAL_PLANNED, "window", "It renews by itself" },
    { "a scan of its own so rare that half the window would pass", 75, { .now = 0 },
        { .renews_itself = true, .scan_seconds = 7000 * DAY }, { 0 }, true, true, true, true,
        RENEWAL_DUE, "window", "" },
    { "by a person, too early", 10, { .now = 0 }, { 0 }, { 0 }, false, true, false, false,
        RENEWAL_BY_PERSON, NULL, "A person may renew it from 20" },
    { "by a person", 70, { .now = 0 }, { 0 }, { 0 }, true, true, false, false, RENEWAL_BY_PERSON,
        NULL, "does not renew by itself" },
    { "forced", 10, { .now = 0 }, { .is_forcing = true, .force_serial = 2 }, { .forced_serial = 1 },
        false, true, true, true, RENEWAL_FORCED, "forced", "Force Renewal is on" },
    { "forced before", 10, { .now = 0 }, { .is_forcing = true, .force_serial = 2 },
        { .forced_serial = 2 }, false, true, false, false, RENEWAL_BY_PERSON, NULL, "" },
    { "force stopped", 10, { .now = 0 }, { .force_serial = 2 }, { .forced_serial = 1 }, false, true,
        false, false, RENEWAL_BY_PERSON, NULL, "" },
    { "forced and in the window", 70, { .now = 0 },
        { .renews_itself = true, .is_forcing = true, .force_serial = 1 }, { 0 }, true, true, true,
        true, RENEWAL_FORCED, "forced", "" },
    { "failed", 70, { .now = 0 }, { .renews_itself = true },
        { .n_failures = 3, .retry_at = NOW + 70 * DAY + 600 }, true, true, false, true,
        RENEWAL_FAILED, "window", "the 3. in a row. The next is at 20" },
    { "failed, and its time has come", 70, { .now = 0 }, { .renews_itself = true },
        { .n_failures = 3, .retry_at = NOW + 70 * DAY }, true, true, true, true, RENEWAL_DUE,
        "window", "" },
    { "an old failure", 10, { .now = 0 }, { .renews_itself = true },
        { .n_failures = 1, .retry_at = NOW }, false, true, false, true, RENEWAL_FAILED, "window",
        "" },
    { "ordered", 70, { .is_ordered = true }, { .renews_itself = true }, { 0 }, false, false, false,
        true, RENEWAL_ORDERED, NULL, "being issued now" },
    { "waits for a request", 70, { .wants_csr = true }, { .renews_itself = true }, { 0 }, true,
        true, false, false, RENEWAL_WANTS_CSR, NULL, "a new request (CSR)" },
    { "will want a request", 10, { .wants_csr = true }, { .renews_itself = true }, { 0 }, false,
        true, false, true, RENEWAL_PLANNED, NULL, "" },
    { "revoked", 70, { .is_revoked = true }, { .renews_itself = true }, { 0 }, false, false, false,
        false, RENEWAL_REVOKED, NULL, "A revoked certificate cannot be renewed" },
    { "profile off", 70, { .now = 0 }, { .renews_itself = true, .is_disabled = true }, { 0 }, false,
        false, false, false, RENEWAL_PROFILE_OFF, NULL, "Its profile \"web\" is disabled" },
    { "CA off", 70, { .is_ca_disabled = true }, { .renews_itself = true }, { 0 }, false, false,
        false, true, RENEWAL_CA_OFF, NULL, "The CA \"internal\"" },
};

static void plans_follow_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(plans); i++) {
        struct profile_row profile = plans[i].profile;
        struct renewal_input input = plans[i].input;
        struct renewal_plan plan;
        struct err err = { 0 };

        profile.name = (char[]){ "web" };
        profile.ca = (char[]){ "internal" };
        profile.window_seconds = 30 * DAY;
        input.profile = &profile;
        input.life = &plans[i].life;
        input.certificate_id = 17;
        input.not_before = NOW;
        input.not_after = NOW + 90 * DAY;
        input.now = NOW + plans[i].age * DAY;
        renewal_plan(&input, &plan);
        if (plan.why != plans[i].why || plan.may_now != plans[i].may_now ||
            plan.may_forced != plans[i].may_forced || plan.is_due != plans[i].is_due ||
            (plan.renew_at != 0) != plans[i].has_instant || !strstr(plan.text, plans[i].text))
            fail_msg("%s: %s, now %d, forced %d, due %d at %" PRId64 ": %s", plans[i].what,
                renewal_why_name(plan.why), plan.may_now, plan.may_forced, plan.is_due,
                plan.renew_at, plan.text);
        if (plans[i].reason)
            assert_string_equal(plan.reason, plans[i].reason);
        assert_int_equal(plan.opens_at, NOW + 60 * DAY);
        assert_int_equal(renewal_permit(&plan, false, &err), plans[i].may_now);
        assert_int_equal(renewal_permit(&plan, true, &err),
            plans[i].may_now || plans[i].may_forced);
    }
}

static void who_is_not_managed_is_told(void **state)
{
    struct profile_row profile = a_profile();
    struct life_row life = { 0 };
    struct renewal_input input = { .now = NOW };
    struct renewal_plan plan;
    struct err err = { 0 };

    (void)state;
    renewal_plan(&input, &plan);
    assert_int_equal(plan.why, RENEWAL_NOT_MANAGED);
    assert_fails(renewal_permit(&plan, true, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "No profile issues it");
    input.profile = &profile;
    renewal_plan(&input, &plan);
    assert_int_equal(plan.why, RENEWAL_NOT_MANAGED);
    input.life = &life;
    renewal_plan(&input, &plan);
    assert_int_equal(plan.why, RENEWAL_NOT_ISSUED);
    assert_int_equal(plan.opens_at, 0);
    assert_fails(renewal_permit(&plan, false, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "Nothing was issued yet");
}

static void outside_the_window_the_words_are_these(void **state)
{
    struct profile_row profile = a_profile();
    struct life_row life = { 0 };
    struct renewal_input input = { .profile = &profile,
        .life = &life,
        .not_before = NOW,
        .not_after = NOW + 90 * DAY,
        .now = NOW };
    struct renewal_plan plan;
    struct err err = { 0 };

    (void)state;
    renewal_plan(&input, &plan);
    assert_fails(renewal_permit(&plan, false, &err), &err, ERR_CONFLICT);
    assert_string_equal(err.msg, "The certificate's profile does not allow renewal outside of the"
                                 " configured expiry window");
    assert_works(renewal_permit(&plan, true, &err), &err);
}

/* F6: nobody needs to be told of what renews itself; of what is overdue, fails or is blocked they
 * do. */
static void who_renews_itself_needs_nobody(void **state)
{
    static const struct {
        int64_t age;
        int64_t n_failures;
        bool renews_itself;
        bool wants_csr;
        bool is_ca_disabled;
        bool is_ordered;
        bool is_in_hand;
    } rows[] = {
        { 10, 0, true, false, false, false, true }, { 61, 0, true, false, false, false, true },
        { 64, 0, true, false, false, false, false }, /* overdue */
        { 91, 0, true, false, false, false, false }, { 61, 2, true, false, false, false, true },
        { 61, 3, true, false, false, false, false }, { 10, 0, false, false, false, false, false },
        { 62, 0, true, true, false, false, false }, { 10, 0, true, false, true, false, false },
        { 61, 0, true, false, false, true, true },
        { 70, 0, true, false, false, true, false }, /* ordered, and nothing comes of it */
    };

    (void)state;
    for (size_t i = 0; i < countof(rows); i++) {
        struct profile_row profile = a_profile();
        const struct life_row life = { .n_failures = rows[i].n_failures };
        const struct renewal_input input = { .profile = &profile,
            .life = &life,
            .certificate_id = 17,
            .not_before = NOW,
            .not_after = NOW + 90 * DAY,
            .wants_csr = rows[i].wants_csr,
            .is_ca_disabled = rows[i].is_ca_disabled,
            .is_ordered = rows[i].is_ordered,
            .now = NOW + rows[i].age * DAY };
        struct renewal_plan plan;

        profile.renews_itself = rows[i].renews_itself;
        renewal_decide(&input, &plan);
        if (renewal_is_in_hand(&input, &plan) != rows[i].is_in_hand)
            fail_msg("row %zu: %s", i, renewal_why_name(plan.why));
    }
}

/* A hundred thousand that end on one second: no minute gets more than three times its share. */
static void a_crowd_is_spread(void **state)
{
    enum { N = 100000, MINUTES = 47 * 24 * 60 / 3 / 20 };
    struct profile_row profile = a_profile();
    struct life_row life = { 0 };
    static int counts[MINUTES + 1];
    int most = 0;

    (void)state;
    for (int64_t id = 1; id <= N; id++) {
        struct renewal_input input = { .profile = &profile,
            .life = &life,
            .certificate_id = id,
            .not_before = NOW,
            .not_after = NOW + 47 * DAY,
            .now = NOW };
        struct renewal_plan plan;
        struct renewal_plan again;

        renewal_decide(&input, &plan);
        renewal_decide(&input, &again);
        assert_int_equal(plan.renew_at, again.renew_at);
        assert_in_range(plan.renew_at - plan.opens_at, 0, 47 * DAY / 3 / 20);
        counts[(plan.renew_at - plan.opens_at) / 60]++;
    }
    for (size_t i = 0; i < countof(counts); i++)
        most = counts[i] > most ? counts[i] : most;
    assert_in_range(most, N / MINUTES, 3 * N / MINUTES);
}

/* ---- after failures ---- */

static void the_back_off_grows_and_ends(void **state)
{
    struct profile_row profile = a_profile();
    struct renewal_input input = { .profile = &profile,
        .certificate_id = 3,
        .not_before = NOW,
        .not_after = NOW + 90 * DAY,
        .now = NOW + 61 * DAY };
    int64_t before = 0;

    (void)state;
    for (int64_t n = 1; n < 100; n++) {
        const int64_t wait = renewal_retry_at(&input, n, ERR_UNAVAILABLE) - input.now;
        const int64_t refused = renewal_retry_at(&input, n, ERR_UPSTREAM) - input.now;

        assert_in_range(wait, 4 * 60, HOUR * 9 / 8);
        assert_true(refused > wait && refused <= 12 * HOUR * 9 / 8);
        if (n <= 4)
            assert_true(wait > before);
        before = wait;
    }
}

/* However many failures, an attempt is left before the end; and more as it comes near. */
static void the_end_is_never_waited_past(void **state)
{
    static const int64_t lifetimes[] = { 600, HOUR, DAY, 6 * DAY, 47 * DAY, 398 * DAY };

    (void)state;
    for (size_t i = 0; i < countof(lifetimes); i++) {
        struct profile_row profile = a_profile();
        struct renewal_input input = { .profile = &profile,
            .certificate_id = (int64_t)i,
            .not_before = NOW,
            .not_after = NOW + lifetimes[i] };
        int64_t n_attempts = 0;

        input.now = renewal_opens_at(&profile, NOW, input.not_after);
        for (; input.now < input.not_after; n_attempts++) {
            const int64_t at = renewal_retry_at(&input, n_attempts + 1, ERR_UPSTREAM);
            const int64_t left = input.not_after - input.now;

            assert_true(at > input.now);
            assert_true(left < 2 || at < input.not_after);
            assert_true(left > DAY || at - input.now <= (left / 16 > 60 ? left / 16 : 60));
            input.now = at;
        }
        assert_in_range(n_attempts, 8, 1000);
        assert_in_range(renewal_retry_at(&input, n_attempts, ERR_UNAVAILABLE) - input.now, 20,
            HOUR * 9 / 8);
    }
}

/* ---- ten years ---- */

#define N_CERTS 1000
#define YEARS 10
#define TICK HOUR /* how often the house is looked through */

struct subject {
    struct life_row life;
    int64_t not_before;
    int64_t not_after;
    int64_t renew_at;
    int64_t n_renewals;
    int64_t n_expired; /* while the CA was up for a tenth of its window and more */
    int64_t n_unlucky; /* while it was not */
    int64_t n_attempts;
};

struct house {
    struct profile_row profile;
    struct subject subjects[N_CERTS];
    uint64_t random;
    int64_t *up_seconds; /* of the CA, up to each tick */
    int64_t begins_at;
};

static uint64_t next_random(struct house *house)
{
    house->random ^= house->random << 13;
    house->random ^= house->random >> 7;
    house->random ^= house->random << 17;
    return house->random;
}

static int64_t up_to(const struct house *house, int64_t at)
{
    const int64_t end = YEARS * 365 * DAY / TICK;
    int64_t tick = (at - house->begins_at) / TICK;

    tick = tick < 0 ? 0 : tick > end ? end : tick;
    return house->up_seconds[tick];
}

static void look(struct house *house, size_t i, int64_t now, struct renewal_plan *plan)
{
    struct subject *const subject = &house->subjects[i];
    const struct renewal_input input = { .profile = &house->profile,
        .life = &subject->life,
        .certificate_id = (int64_t)i + 1,
        .not_before = subject->not_before,
        .not_after = subject->not_after,
        .now = now };

    renewal_decide(&input, plan);
    subject->renew_at = plan->renew_at;
}

static void attempt(struct house *house, size_t i, int64_t now, bool is_up)
{
    struct subject *const subject = &house->subjects[i];
    struct renewal_plan plan;

    subject->n_attempts++;
    if (!is_up) {
        const struct renewal_input input = { .profile = &house->profile,
            .life = &subject->life,
            .certificate_id = (int64_t)i + 1,
            .not_before = subject->not_before,
            .not_after = subject->not_after,
            .now = now };

        subject->life.n_failures++;
        subject->life.retry_at =
            renewal_retry_at(&input, subject->life.n_failures, ERR_UNAVAILABLE);
        look(house, i, now, &plan);
        assert_false(plan.is_due);
        return;
    }
    if (now > subject->not_after) {
        const int64_t opens =
            renewal_opens_at(&house->profile, subject->not_before, subject->not_after);
        const int64_t up = up_to(house, subject->not_after) - up_to(house, opens);

        if (up * 10 >= subject->not_after - opens)
            subject->n_expired++;
        else
            subject->n_unlucky++;
    }
    look(house, i, now, &plan);
    assert_true(plan.is_due);

    /* Not renewed twice: what it has now is in its window, or over. */
    assert_true(now >= renewal_opens_at(&house->profile, subject->not_before, subject->not_after));
    subject->n_renewals++;
    subject->life.n_failures = 0;
    subject->life.retry_at = 0;
    subject->not_before = now - HOUR;
    subject->not_after = now + 47 * DAY;
    look(house, i, now, &plan);
    assert_false(plan.is_due);
    assert_int_equal(plan.why, RENEWAL_PLANNED);
}

/* The CA is up and down for random whiles: minutes, hours or weeks, as the seed likes. */
static void run_house(struct house *house, int64_t longest_up, int64_t longest_down)
{
    const int64_t end = NOW + YEARS * 365 * DAY;
    int64_t turns_at = NOW;
    bool is_up = false;
    int64_t up = 0;

    house->begins_at = NOW;
    for (size_t i = 0; i < N_CERTS; i++) {
        const int64_t age = (int64_t)(next_random(house) % (uint64_t)(47 * DAY / 3));
        struct renewal_plan plan;

        house->subjects[i] =
            (struct subject){ .not_before = NOW - age, .not_after = NOW - age + 47 * DAY };
        look(house, i, NOW, &plan);
    }
    for (int64_t now = NOW; now <= end; now += TICK) {
        while (turns_at <= now) {
            is_up = !is_up;
            turns_at +=
                1 + (int64_t)(next_random(house) % (uint64_t)(is_up ? longest_up : longest_down));
        }
        up += is_up ? TICK : 0;
        house->up_seconds[(now - NOW) / TICK] = up;
        for (size_t i = 0; i < N_CERTS; i++)
            if (house->subjects[i].renew_at <= now)
                attempt(house, i, now, is_up);
    }
}

static void none_expires_while_the_ca_is_up_for_a_tenth(void **state)
{
    static const struct {
        int64_t longest_up;
        int64_t longest_down;
        int64_t least_renewals; /* of each, in ten years */
    } weathers[] = {
        { 400 * DAY, 2 * HOUR, 110 },
        { 2 * DAY, 2 * DAY, 105 },
        { 6 * HOUR, 2 * DAY, 100 },
        { 3 * DAY, 25 * DAY, 60 },
        { 20 * DAY, 60 * DAY, 40 },
    };
    struct house *const house = xcalloc(1, sizeof *house);

    (void)state;
    house->profile = a_profile();
    house->up_seconds = xcalloc(YEARS * 365 * DAY / TICK + 1, sizeof *house->up_seconds);
    house->random = UINT64_C(88172645463325252);
    for (size_t w = 0; w < countof(weathers); w++) {
        int64_t n_renewals = 0;
        int64_t n_attempts = 0;
        int64_t n_unlucky = 0;

        run_house(house, weathers[w].longest_up, weathers[w].longest_down);
        for (size_t i = 0; i < N_CERTS; i++) {
            const struct subject *const subject = &house->subjects[i];

            if (subject->n_expired > 0)
                fail_msg("weather %zu: certificate %zu expired", w, i + 1);
            assert_in_range(subject->n_renewals, weathers[w].least_renewals, YEARS * 365 / 31 + 1);
            n_renewals += subject->n_renewals;
            n_attempts += subject->n_attempts;
            n_unlucky += subject->n_unlucky;
        }
        print_message("weather %zu: %" PRId64 " renewals, %" PRId64 " attempts, %" PRId64
                      " ended while the CA was down too long\n",
            w, n_renewals, n_attempts, n_unlucky);
    }
    free(house->up_seconds);
    free(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_open),
        cmocka_unit_test(plans_follow_the_rules),
        cmocka_unit_test(who_is_not_managed_is_told),
        cmocka_unit_test(outside_the_window_the_words_are_these),
        cmocka_unit_test(who_renews_itself_needs_nobody),
        cmocka_unit_test(a_crowd_is_spread),
        cmocka_unit_test(the_back_off_grows_and_ends),
        cmocka_unit_test(the_end_is_never_waited_past),
        cmocka_unit_test(none_expires_while_the_ca_is_up_for_a_tenth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
