/* db/sqlite_sync: nobody is told before it is on the disk, and nobody else waits for that
 * (adr/0018). */
#include "testing_db.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "db/driver.h"

#define N_OTHERS 3

/* The disk, which SQLite asks by that name. */
int ask_disk(int fd) __asm__("fdatasync");

static atomic_bool is_stuck;
static atomic_bool is_broken;
static atomic_int n_asked;

int ask_disk(int fd)
{
    atomic_fetch_add(&n_asked, 1);
    while (atomic_load(&is_stuck))
        (void)usleep(500);
    if (!atomic_load(&is_broken))
        return fsync(fd);
    errno = EIO;
    return -1;
}

struct writer {
    struct db *db;
    pthread_t thread;
    atomic_bool has_ended;
    bool works;
    struct err err;
};

typedef bool (*commit_fn)(struct tx *tx, struct err *err);

static bool write_row_by(struct db *db, enum tx_mode mode, commit_fn commit, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, mode, &tx, err))
        return false;
    autofree(stmt) struct stmt *q = tx_prepare(tx, "INSERT INTO thing(name) VALUES ('x')");

    return stmt_run(q, err) && commit(take(&tx), err);
}

static bool write_row(struct db *db, struct err *err)
{
    return write_row_by(db, TX_WRITE, tx_commit, err);
}

static void *run_writer(void *arg)
{
    struct writer *const w = arg;

    w->works = write_row(w->db, &w->err);
    atomic_store(&w->has_ended, true);
    return NULL;
}

static void start(const struct test_db *test, struct writer *w)
{
    w->db = test_db_open_again(test);
    assert_int_equal(pthread_create(&w->thread, NULL, run_writer, w), 0);
}

static void finish(struct writer *w)
{
    (void)pthread_join(w->thread, NULL);
    db_close(w->db);
    assert_works(w->works, &w->err);
}

static int64_t n_rows(const struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_READ);
    struct stmt *q = tx_prepare(tx, "SELECT count(*) FROM thing");
    const int64_t n = stmt_next(q) ? stmt_i64(q, 0) : -1;

    stmt_free(q);
    tx_free(tx);
    return n;
}

static void wait_for_rows(const struct test_db *test, int64_t n)
{
    const int64_t deadline = clock_mono_ms() + 10000;

    while (n_rows(test) < n && clock_mono_ms() < deadline)
        (void)usleep(1000);
    assert_int_equal(n_rows(test), n);
}

static void wait_until_asked(void)
{
    const int64_t deadline = clock_mono_ms() + 10000;

    while (atomic_load(&n_asked) == 0 && clock_mono_ms() < deadline)
        (void)usleep(1000);
    assert_int_equal(atomic_load(&n_asked), 1);
}

static void set_up(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    if (test_db_is_postgres(test))
        skip();
    assert_works(test->db->ops->script(test->db,
                     "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT)", &err),
        &err);
    assert_works(write_row(test->db, &err), &err);
    atomic_store(&n_asked, 0);
}

static void others_write_while_the_disk_is_waited_for(void **state)
{
    const struct test_db *test = *state;
    struct writer first = { 0 };
    struct writer others[N_OTHERS] = { 0 };

    set_up(state);
    atomic_store(&is_stuck, true);
    start(test, &first);
    wait_until_asked();
    for (size_t i = 0; i < N_OTHERS; i++) {
        start(test, &others[i]);
        wait_for_rows(test, 3 + (int64_t)i); /* each has committed … */
    }
    assert_false(atomic_load(&first.has_ended)); /* … and none has been told */
    for (size_t i = 0; i < N_OTHERS; i++)
        assert_false(atomic_load(&others[i].has_ended));
    assert_int_equal(atomic_load(&n_asked), 1);
    atomic_store(&is_stuck, false);
    finish(&first);
    for (size_t i = 0; i < N_OTHERS; i++)
        finish(&others[i]);
    assert_int_equal(atomic_load(&n_asked), 2); /* once for the first, once for all the others */
}

static void what_is_committed_is_asked_for(void **state)
{
    const struct test_db *test = *state;
    struct err err = { 0 };

    set_up(state);
    assert_works(write_row(test->db, &err), &err);
    assert_int_equal(atomic_load(&n_asked), 1);
    assert_works(test->db->ops->script(test->db, "INSERT INTO thing(name) VALUES ('y')", &err),
        &err);
    assert_int_equal(atomic_load(&n_asked), 2);
    assert_int_equal(n_rows(test), 3); /* who only reads has nothing to wait for */
    assert_int_equal(atomic_load(&n_asked), 2);
}

/* One of many transactions does not wait; the next that does waits for both. */
static void what_is_committed_soon_is_asked_for_with_the_next(void **state)
{
    const struct test_db *test = *state;
    struct err err = { 0 };

    set_up(state);
    assert_works(write_row_by(test->db, TX_WRITE_LONG, tx_commit_soon, &err), &err);
    assert_int_equal(atomic_load(&n_asked), 0);
    assert_int_equal(n_rows(test), 2);
    assert_works(write_row_by(test->db, TX_WRITE_LONG, tx_commit, &err), &err);
    assert_int_equal(atomic_load(&n_asked), 1);
    assert_int_equal(n_rows(test), 3);
}

/* Where others may be committed with it, it waits. */
static void who_shares_a_commit_waits_for_the_disk(void **state)
{
    const struct test_db *test = *state;
    struct err err = { 0 };

    set_up(state);
    assert_works(write_row_by(test->db, TX_WRITE, tx_commit_soon, &err), &err);
    assert_int_equal(atomic_load(&n_asked), 1);
}

static void *run_settler(void *arg)
{
    struct writer *const w = arg;

    w->works = db_settle(w->db, &w->err);
    atomic_store(&w->has_ended, true);
    return NULL;
}

/* Who repeats what another was not told yet waits for the disk as well. */
static void what_was_seen_can_be_waited_for(void **state)
{
    const struct test_db *test = *state;
    struct writer first = { 0 }, settler = { 0 };

    set_up(state);
    atomic_store(&is_stuck, true);
    start(test, &first);
    wait_until_asked();
    assert_int_equal(n_rows(test), 2); /* seen, and not safe */
    settler.db = test_db_open_again(test);
    assert_int_equal(pthread_create(&settler.thread, NULL, run_settler, &settler), 0);
    for (int i = 0; i < 50; i++) { /* it would end at once */
        assert_false(atomic_load(&settler.has_ended));
        (void)usleep(1000);
    }
    atomic_store(&is_stuck, false);
    finish(&first);
    finish(&settler);
}

/* What others see already cannot be taken back, and must not be answered either. */
static void a_disk_that_fails_ends_the_process(void **state)
{
    struct test_db *test = *state;
    int status = 0;

    set_up(state);
    db_close(test->db);
    test->db = NULL;
    const pid_t child = fork();

    if (child == 0) {
        struct err err = { 0 };

        (void)signal(SIGABRT, SIG_DFL);
        test->db = test_db_open_again(test);
        if (!write_row(test->db, &err)) /* the log begins, for which SQLite asks itself */
            _exit(2);
        atomic_store(&is_broken, true);
        _exit(write_row(test->db, &err) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    test->db = test_db_open_again(test);
    assert_true(n_rows(test) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, test_db_setup_empty, test_db_teardown)
        TEST(what_is_committed_is_asked_for),
        TEST(what_is_committed_soon_is_asked_for_with_the_next),
        TEST(who_shares_a_commit_waits_for_the_disk),
        TEST(others_write_while_the_disk_is_waited_for),
        TEST(what_was_seen_can_be_waited_for),
        TEST(a_disk_that_fails_ends_the_process),
    };
    return cmocka_run_group_tests_name("db sync", tests, NULL, NULL);
}
