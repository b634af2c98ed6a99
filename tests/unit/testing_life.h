/*
 * A desk with one profile, whose CA is the test's own: it does as it is told, and counts.
 */
#pragma once

#include "testing_store.h"

#include "ca/ca.h"
#include "life/life.h"
#include "store/order.h"
#include "store/ticket.h"

#define LIFETIME (90 * DAY)

enum mood {
    ISSUES,
    PENDS,
    REFUSES,
    IS_AWAY,
    OTHER_KEY,
    OTHER_NAME,
    MORE_NAMES,
    EXPIRED,
    FORGED,
    A_CA,
    NONSENSE
};

extern enum mood mood; /* of what is asked for next */
extern enum mood revoke_mood;
extern int n_submitted;
extern int n_polled;
extern int n_issued;
extern int n_revoked;
extern int64_t last_order; /* that was submitted */

extern int64_t clock_at; /* NOW, until a test moves it */
extern struct principal alice;
extern struct principal certdesk;

/* fake_ops, unless a test says forgetful_ops: of a CA that signs at once and forgets it. */
extern const struct ca_ops *ops;
extern const struct ca_ops fake_ops;
extern const struct ca_ops forgetful_ops;

#define LIFE_TEST(name) cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)

int life_setup(void **state);
int life_teardown(void **state);

struct life life_of(const struct test_db *test, const struct principal *who);

/* Alice asks for a certificate for www.example.org. Returns the ticket. */
int64_t a_request_ticket(const struct test_db *test);

/* A transition; must() fails the test where it does not work. */
bool try(const struct test_db *test, const struct principal *who, int64_t id,
    const char *transition, struct err *err) must_check;
void must(const struct test_db *test, const struct principal *who, int64_t id,
    const char *transition);

/* As they are now; the caller frees. */
struct ticket_row *ticket(const struct test_db *test, int64_t id) must_check;
struct order_row *last_order_of(const struct test_db *test, int64_t id) must_check;

/* It has this status, and is resolved where that is an end. */
void assert_status(const struct test_db *test, int64_t id, const char *status);
