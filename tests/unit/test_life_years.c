/* life/: F16 over years: what is planned, and a house with a CA that comes and goes. */
#include "testing_life.h"

#include "base/alloc.h"
#include "store/life.h"

/* ---- years in seconds ---- */

#define N_HOUSE 8
#define LOOK_EVERY (6 * INT64_C(3600))

static bool is_ca_up(int64_t at)
{
    static int64_t turns_at;
    static uint64_t random;
    static bool is_up;

    if (at == NOW) {
        turns_at = NOW;
        random = 1;
        is_up = false;
    }
    for (; turns_at <= at; turns_at += (int64_t)(random >> 33) % (is_up ? 2 * DAY : 6 * DAY)) {
        is_up = !is_up;
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
    }
    return is_up;
}

/* What the renewal scan does: everything that is due, each by itself. */
static void scan_house(const struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_READ);
    autodone(life_rows) struct life_rows rows = { 0 };
    struct err err = { 0 };

    assert_works(store_life_due(tx, clock_at, NULL, 100, &rows, &err), &err);
    tx_free(tx);
    for (size_t i = 0; i < rows.n; i++)
        (void)!try(test, &certdesk, rows.items[i].ticket_id, "renew", &err);
}

/* F16: the plan, as the store keeps it, carries a house through two years with a CA that is mostly
 * away: everything is renewed in its window, nothing twice, and no failure is left over. */
static void a_house_lives_through_two_years(void **state)
{
    int64_t tickets[N_HOUSE];
    int n_failed = 0;

    ops = &forgetful_ops;
    for (size_t i = 0; i < N_HOUSE; i++) {
        tickets[i] = a_request_ticket(*state);
        must(*state, &alice, tickets[i], "enroll");
        clock_at += DAY;
    }
    for (clock_at = NOW; clock_at < NOW + 2 * 365 * DAY; clock_at += LOOK_EVERY) {
        const int before = n_issued;
        const int asked = n_submitted;

        mood = is_ca_up(clock_at) ? ISSUES : IS_AWAY;
        scan_house(*state);
        n_failed += n_submitted - asked - (n_issued - before);
    }
    assert_in_range(n_failed, 10, 10000);
    /* The window is the last third: not before 60 days, and not after 90. */
    assert_in_range(n_issued, N_HOUSE * (1 + 2 * 365 / 90), N_HOUSE * (1 + 2 * 365 / 59));
    for (size_t i = 0; i < N_HOUSE; i++) {
        autofree(ticket_row) struct ticket_row *row = ticket(*state, tickets[i]);
        autodone(life_facts) struct life_facts facts = { 0 };
        struct tx *tx;
        struct err err = { 0 };

        assert_status(*state, tickets[i], "certificate_renewed");
        tx = test_tx(*state, TX_READ);
        assert_works(store_life_facts(tx, row->certificate_id, clock_at, &facts, &err), &err);
        tx_free(tx);
        assert_true(facts.input.not_after > clock_at);
    }
}

static int64_t next_renewal(const struct test_db *test, int64_t ticket_id)
{
    autofree(ticket_row) struct ticket_row *row = ticket(test, ticket_id);
    autodone(life_facts) struct life_facts facts = { 0 };
    struct tx *tx = test_tx(test, TX_READ);
    struct renewal_plan plan;
    struct err err = { 0 };

    assert_works(store_life_facts(tx, row->certificate_id, clock_at, &facts, &err), &err);
    tx_free(tx);
    renewal_plan(&facts.input, &plan);
    assert_int_equal(plan.why, RENEWAL_PLANNED);
    return plan.renew_at;
}

static int64_t next_due(const struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct err err = { 0 };
    int64_t at = 0;

    assert_works(store_life_next_due(tx, clock_at, &at, &err), &err);
    tx_free(tx);
    return at;
}

/* F16, F43: "when will this renew" is when it does, to the second. */
static void what_is_planned_is_what_happens(void **state)
{
    int64_t tickets[N_HOUSE];
    int64_t told[N_HOUSE];
    int n_told = 0;

    ops = &forgetful_ops;
    for (size_t i = 0; i < N_HOUSE; i++) {
        tickets[i] = a_request_ticket(*state);
        must(*state, &alice, tickets[i], "enroll");
        told[i] = next_renewal(*state, tickets[i]);
        clock_at += DAY;
    }
    const int before = n_issued;

    while ((clock_at = next_due(*state)) < NOW + 400 * DAY) {
        scan_house(*state);
        for (size_t i = 0; i < N_HOUSE; i++) {
            const int64_t next = next_renewal(*state, tickets[i]);

            assert_true(next > clock_at);
            assert_true(next == told[i] || told[i] == clock_at);
            n_told += next != told[i];
            told[i] = next;
        }
    }
    assert_int_equal(n_issued - before, n_told);
    assert_in_range(n_told, N_HOUSE * (400 / 90), N_HOUSE * (400 / 59));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIFE_TEST(a_house_lives_through_two_years),
        LIFE_TEST(what_is_planned_is_what_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
