/* db/sqlite: several that write are committed together, and each is undone for itself (adr/0018).
 */
#include "testing_db.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/driver.h"
#include "db/turn.h"

#define MAX_WRITERS 4

/* One who writes a row in a transaction of their own. */
struct writer {
    int64_t id;
    enum tx_mode mode;
    bool gives_up;   /* rolls back instead */
    bool breaks;     /* the commit of all fails of this one's work */
    bool dies;       /* and everybody with it */
    int64_t n_found; /* rows that were there before */
    struct db *db;
    bool works;
    struct err err;
};

static struct turn *turn_of(const struct test_db *test)
{
    return turn_open(test->url);
}

/* PostgreSQL commits what comes together by itself. */
static void set_up(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    if (test_db_is_postgres(test))
        skip();
    assert_works(test->db->ops->script(test->db,
                     "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
                     "CREATE TABLE part (of INTEGER NOT NULL REFERENCES thing (id))",
                     &err),
        &err);
}

static bool run_sql(struct tx *tx, struct stmt *q, int64_t value, struct err *err)
{
    (void)tx;
    stmt_bind_i64(q, 1, value);
    const bool ok = stmt_run(q, err);

    stmt_free(q);
    return ok;
}

static int64_t count(struct tx *tx)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT count(*) FROM thing");

    return stmt_next(q) ? stmt_i64(q, 0) : -1;
}

static bool write_row(struct writer *w, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(w->db, w->mode, &tx, err))
        return false;
    w->n_found = count(tx);
    if (!run_sql(tx, tx_prepare(tx, "INSERT INTO thing(id) VALUES ($1)"), w->id, err))
        return false;
    if (w->breaks &&
        (!w->db->ops->script(w->db, "PRAGMA defer_foreign_keys = ON", err) ||
            !run_sql(tx, tx_prepare(tx, "INSERT INTO part(of) VALUES ($1 + 1000)"), w->id, err)))
        return false;
    if (w->dies)
        (void)kill(getpid(), SIGKILL);
    return w->gives_up ? fail(err, ERR_CONFLICT, "given up") : tx_commit(take(&tx), err);
}

static void *run_writer(void *arg)
{
    struct writer *const w = arg;

    w->works = write_row(w, &w->err);
    return NULL;
}

/* All of them at once: they wait, in this order, for one who then leaves without having written. */
static void run_together(const struct test_db *test, struct writer *writers, size_t n)
{
    struct turn *turn = turn_of(test);
    struct tx *tx = test_tx(test, TX_WRITE);
    const int64_t deadline = clock_mono_ms() + 10000;
    pthread_t threads[MAX_WRITERS];

    assert_true(n <= MAX_WRITERS);
    assert_false(tx_is_waited_for(tx));
    for (size_t i = 0; i < n; i++) {
        writers[i].db = test_db_open_again(test);
        assert_int_equal(pthread_create(&threads[i], NULL, run_writer, &writers[i]), 0);
        while (turn_n_waiting(turn) <= i && clock_mono_ms() < deadline)
            (void)usleep(1000);
        assert_int_equal(turn_n_waiting(turn), i + 1);
        assert_true(tx_is_waited_for(tx));
    }
    tx_free(tx);
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
        db_close(writers[i].db);
    }
    turn_close(turn);
}

/* The ids that are there, in order, as digits: 1 and 3 are 13. */
static int64_t ids_in(const struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct stmt *q = tx_prepare(tx, "SELECT id FROM thing ORDER BY id");
    int64_t ids = 0;

    while (stmt_next(q))
        ids = ids * 10 + stmt_i64(q, 0);
    stmt_free(q);
    tx_free(tx);
    return ids;
}

static void all_are_there(void **state)
{
    struct writer writers[] = { { .id = 1, .mode = TX_WRITE }, { .id = 2, .mode = TX_WRITE },
        { .id = 3, .mode = TX_WRITE_LONG }, { .id = 4, .mode = TX_WRITE } };

    set_up(state);
    run_together(*state, writers, countof(writers));
    for (size_t i = 0; i < countof(writers); i++) {
        assert_works(writers[i].works, &writers[i].err);
        assert_int_equal(writers[i].n_found, i);
    }
    assert_int_equal(ids_in(*state), 1234);
}

static void who_fails_undoes_only_their_own(void **state)
{
    struct writer writers[] = { { .id = 1, .mode = TX_WRITE },
        { .id = 2, .mode = TX_WRITE, .gives_up = true }, { .id = 3, .mode = TX_WRITE },
        { .id = 1, .mode = TX_WRITE } };

    set_up(state);
    run_together(*state, writers, countof(writers));
    assert_works(writers[0].works, &writers[0].err);
    assert_fails(writers[1].works, &writers[1].err, ERR_CONFLICT);
    assert_works(writers[2].works, &writers[2].err);
    assert_int_equal(writers[2].n_found, 1);
    assert_fails(writers[3].works, &writers[3].err, ERR_CONFLICT); /* 1 is there already */
    assert_int_equal(ids_in(*state), 13);
}

/* The first of a row has no savepoint to go back to; the last commits for those before. */
static void the_first_or_the_last_may_fail(void **state)
{
    struct writer writers[] = { { .id = 1, .mode = TX_WRITE, .gives_up = true },
        { .id = 2, .mode = TX_WRITE }, { .id = 3, .mode = TX_WRITE, .gives_up = true } };

    set_up(state);
    run_together(*state, writers, countof(writers));
    assert_works(writers[1].works, &writers[1].err);
    assert_int_equal(writers[1].n_found, 0);
    assert_int_equal(writers[2].n_found, 1);
    assert_int_equal(ids_in(*state), 2);
}

static void a_commit_that_fails_is_told_to_all(void **state)
{
    struct writer writers[] = { { .id = 1, .mode = TX_WRITE },
        { .id = 2, .mode = TX_WRITE, .breaks = true }, { .id = 3, .mode = TX_WRITE } };
    struct writer after[] = { { .id = 4, .mode = TX_WRITE }, { .id = 5, .mode = TX_WRITE } };

    set_up(state);
    run_together(*state, writers, countof(writers));
    assert_fails(writers[0].works, &writers[0].err, ERR_UNAVAILABLE);
    assert_fails(writers[1].works, &writers[1].err, ERR_UNAVAILABLE);
    assert_fails(writers[2].works, &writers[2].err, ERR_UNAVAILABLE);
    assert_int_equal(ids_in(*state), 0);
    run_together(*state, after, countof(after));
    assert_int_equal(ids_in(*state), 45);
}

/* The log cannot grow: SQLite may roll everything back by itself. */
static void a_full_disk_is_told_to_all(void **state)
{
    struct writer writers[] = { { .id = 1, .mode = TX_WRITE }, { .id = 2, .mode = TX_WRITE } };
    struct rlimit before;
    struct rlimit tight;

    set_up(state);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = (struct rlimit){ 1, before.rlim_max };
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    run_together(*state, writers, countof(writers));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_fails(writers[0].works, &writers[0].err, ERR_UNAVAILABLE);
    assert_fails(writers[1].works, &writers[1].err, ERR_UNAVAILABLE);
    assert_int_equal(ids_in(*state), 0);
    run_together(*state, writers, countof(writers));
    assert_int_equal(ids_in(*state), 12);
}

/* Nobody has been told, so nothing need be there; what is there is whole. */
static void a_kill_before_the_commit_leaves_nothing(void **state)
{
    struct test_db *test = *state;
    struct writer writers[] = { { .id = 1, .mode = TX_WRITE },
        { .id = 2, .mode = TX_WRITE, .dies = true } };
    int status = 0;

    set_up(state);
    db_close(test->db);
    test->db = NULL;
    const pid_t child = fork();

    if (child == 0) {
        test->db = test_db_open_again(test);
        run_together(test, writers, countof(writers));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    test->db = test_db_open_again(test);
    assert_int_equal(ids_in(test), 0);
}

/* A statement that outlives its transaction touches nothing of whoever writes next. */
static void a_statement_may_be_freed_late(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    set_up(state);
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *late = tx_prepare(tx, "SELECT id FROM thing");

    assert_false(stmt_next(late));
    test_commit(tx);
    struct db *other = test_db_open_again(test);
    struct tx *theirs = NULL;

    assert_works(tx_begin(other, TX_WRITE, &theirs, &err), &err);
    assert_works(run_sql(theirs, tx_prepare(theirs, "INSERT INTO thing(id) VALUES ($1)"), 7, &err),
        &err);
    struct stmt *same = tx_prepare(theirs, "SELECT id FROM thing");

    assert_true(stmt_next(same));
    stmt_free(late);
    assert_int_equal(stmt_i64(same, 0), 7);
    stmt_free(same);
    assert_works(tx_commit(theirs, &err), &err);
    db_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_db_setup_empty, test_db_teardown)
        TEST(all_are_there),
        TEST(who_fails_undoes_only_their_own),
        TEST(the_first_or_the_last_may_fail),
        TEST(a_commit_that_fails_is_told_to_all),
        TEST(a_full_disk_is_told_to_all),
        TEST(a_kill_before_the_commit_leaves_nothing),
        TEST(a_statement_may_be_freed_late),
    };
    return cmocka_run_group_tests_name("db together", tests, NULL, NULL);
}
