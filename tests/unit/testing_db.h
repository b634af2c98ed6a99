/*
 * A fresh database for each store test: a temporary SQLite file, or, with CERTDESK_TEST_POSTGRES
 * set (tests/with-postgres does that), a schema of its own on that server.
 */
#pragma once

#include "testing.h"

#include "db/db.h"

struct test_db {
    struct db *db;
    char *url;
    char *directory; /* of the SQLite file; NULL on PostgreSQL */
};

/* cmocka set-up and tear-down: *state is a struct test_db with the present schema. */
int test_db_setup(void **state);
int test_db_teardown(void **state);

/* The same without any table. */
int test_db_setup_empty(void **state);

/* Another connection to the same database; the caller closes it. */
struct db *test_db_open_again(const struct test_db *test);

/* A transaction, or the test has failed. */
struct tx *test_tx(const struct test_db *test, enum tx_mode mode);
void test_commit(struct tx *tx);

/* One statement: does it work? */
bool test_db_answers(const struct test_db *test, struct err *err) must_check;

bool test_db_is_postgres(const struct test_db *test);

/* What `q` gives, which is freed: a number in one row. */
int64_t test_one_number(struct stmt *q);

/* The table "thing": a number that is its key, and a name that no two have. */
void test_make_things(struct test_db *test);
int64_t test_count_things(struct test_db *test);
bool test_add_thing(struct tx *tx, int64_t id, const char *name, struct err *err) must_check;
