/* db/: files and servers that are not as they should be. */
#include "testing_db.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "db/driver.h"

static const struct test_db *sqlite_only(void **state)
{
    if (test_db_is_postgres(*state))
        skip();
    return *state;
}

static const struct test_db *postgres_only(void **state)
{
    if (!test_db_is_postgres(*state))
        skip();
    return *state;
}

static void run(struct db *db, const char *sql)
{
    struct err err = { 0 };

    assert_works(db->ops->script(db, sql, &err), &err);
}

static mode_t mode_of(const char *path)
{
    struct stat file;

    assert_int_equal(stat(path, &file), 0);
    return file.st_mode & 0777;
}

static void only_we_may_read_the_file(void **state)
{
    const struct test_db *test = sqlite_only(state);
    autofree(str) char *wal = xasprintf("%s-wal", test->url);

    run(test->db, "CREATE TABLE a (b INTEGER)");
    assert_int_equal(mode_of(test->url), 0600);
    assert_int_equal(mode_of(wal), 0600);
}

static void a_path_that_leads_nowhere_is_told(void **state)
{
    static const struct {
        const char *url;
        const char *says;
    } cases[] = {
        { "/nowhere/at/all/certdesk.db", "/nowhere/at/all/certdesk.db" },
        { "sqlite:/nowhere/at/all/certdesk.db", "/nowhere/at/all/certdesk.db" },
        { "sqlite:", "no path" },
        { ":memory:", "no path" },
        { "mysql://host/name", "neither" },
    };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        struct db_conf conf = { .url = cases[i].url };
        struct err err = { 0 };
        struct db *db = NULL;

        assert_fails(db_open(&conf, &db, &err), &err, ERR_INVALID);
        assert_contains(err.msg, cases[i].says);
        assert_null(db);
    }
}

/* Root may write any file, so the question is put by somebody else. */
static void a_file_that_cannot_be_written_is_told(void **state)
{
    const struct test_db *test = sqlite_only(state);
    pid_t child;
    int status = 0;

    run(test->db, "CREATE TABLE a (b INTEGER)");
    assert_int_equal(chmod(test->url, 0444), 0);
    assert_int_equal(chmod(test->directory, 0755), 0);
    child = fork();
    if (child == 0) {
        struct db_conf conf = { .url = test->url };
        struct err err = { 0 };
        struct db *db = NULL;

        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        _exit(!db_open(&conf, &db, &err) && err.kind == ERR_INVALID &&
                      strstr(err.msg, "cannot write the database file")
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_file_that_is_no_database_is_told(void **state)
{
    const struct test_db *test = sqlite_only(state);
    autofree(str) char *path = xasprintf("%s-wal", test->url);
    struct db_conf conf = { .url = path };
    struct err err = { 0 };
    struct db *db = NULL;

    assert_works(fs_write_atomic(path,
                     SPAN_LITERAL("It was a dark and stormy night; the rain fell in torrents, "
                                  "except at occasional intervals, when it was checked by wind"),
                     0600, &err),
        &err);
    assert_fails(db_open(&conf, &db, &err), &err, ERR_INTERNAL);
    assert_contains(err.msg, "no SQLite database");
}

static bool fill(struct db *db, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, TX_WRITE, &tx, err))
        return false;
    autofree(stmt) struct stmt *q = tx_prepare(tx, "INSERT INTO a(b) VALUES (zeroblob(1000000))");

    return stmt_run(q, err) && tx_commit(take(&tx), err);
}

static void a_full_disk_is_told_and_passes(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct err err = { 0 };

    run(test->db, "CREATE TABLE a (b BLOB); PRAGMA max_page_count = 10");
    assert_fails(fill(test->db, &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.msg, "full");
    run(test->db, "PRAGMA max_page_count = 100000");
    assert_works(fill(test->db, &err), &err);
}

static void a_writer_that_never_ends_is_not_waited_for_forever(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct db_conf conf = { .url = test->url, .busy_ms = 30 };
    struct err err = { 0 };
    autofree(db) struct db *other = NULL;
    struct tx *tx = test_tx(test, TX_WRITE);
    struct tx *second = NULL;

    assert_works(db_open(&conf, &other, &err), &err);
    assert_fails(tx_begin(other, TX_WRITE, &second, &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.msg, "busy");
    assert_works(tx_begin(other, TX_READ, &second, &err), &err);
    tx_free(second);
    tx_free(tx);
    assert_works(tx_begin(other, TX_WRITE, &second, &err), &err);
    tx_free(second);
}

/* The other process holds the file until its end of the pipe is closed. */
static pid_t start_writer(const char *url, int ready, int hold)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    struct db_conf conf = { .url = url };
    struct db *db = NULL;
    struct tx *tx = NULL;
    char byte = 0;
    bool works = db_open(&conf, &db, NULL) && tx_begin(db, TX_WRITE, &tx, NULL) &&
                 write(ready, "r", 1) == 1 && read(hold, &byte, 1) == 1;

    _exit(works ? 0 : 1);
}

static void another_process_that_writes_is_waited_for(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct db_conf conf = { .url = test->url, .busy_ms = 30 };
    struct err err = { 0 };
    struct db *db = NULL;
    struct tx *tx = NULL;
    int ready[2];
    int hold[2];
    char byte;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
    pid_t child = start_writer(test->url, ready[1], hold[0]);

    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_works(db_open(&conf, &db, &err), &err);
    assert_fails(tx_begin(db, TX_WRITE, &tx, &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.msg, "busy");
    assert_int_equal(write(hold[1], "x", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_works(tx_begin(db, TX_WRITE, &tx, &err), &err);
    tx_free(tx);
    db_close(db);
    for (int i = 0; i < 2; i++) {
        fd_close(ready[i]);
        fd_close(hold[i]);
    }
}

static void a_malformed_url_gives_no_password_away(void **state)
{
    static const char *const urls[] = {
        "postgresql://user:pa:sesame@ss@host:port/name",
        "postgresql://user:x@host/name?sesame",
        "postgres://[sesame/",
    };

    (void)state;
    for (size_t i = 0; i < countof(urls); i++) {
        struct db_conf conf = { .url = urls[i] };
        struct err err = { 0 };
        struct db *db = NULL;

        assert_false(db_open(&conf, &db, &err));
        assert_null(strstr(err.msg, "sesame"));
        assert_null(strstr(err.detail, "sesame"));
    }
}

static void a_server_that_is_not_there_is_worth_another_try(void **state)
{
    struct db_conf conf = { .url = "postgresql://certdesk@127.0.0.1:1/certdesk" };
    struct err err = { 0 };
    struct db *db = NULL;

    (void)state;
    assert_fails(db_open(&conf, &db, &err), &err, ERR_UNAVAILABLE);
    assert_contains(err.detail, "127.0.0.1");
}

/* Every other connection to this database is cut. */
static void cut_connections(const struct test_db *test)
{
    struct db *other = test_db_open_again(test);

    run(other, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
               " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    db_close(other);
}

static void a_lost_connection_is_made_anew(void **state)
{
    const struct test_db *test = postgres_only(state);
    struct err err = { 0 };

    assert_works(test_db_answers(test, &err), &err);
    cut_connections(test);
    assert_works(test_db_answers(test, &err), &err);
    struct tx *tx = test_tx(test, TX_WRITE);

    cut_connections(test);
    struct stmt *q = tx_prepare(tx, "SELECT 1");

    assert_fails(stmt_run(q, &err), &err, ERR_UNAVAILABLE);
    stmt_free(q);
    tx_free(tx);
    assert_works(test_db_answers(test, &err), &err);
    tx = test_tx(test, TX_WRITE);
    q = tx_prepare(tx, "SELECT 1");
    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    cut_connections(test);
    assert_fails(tx_commit(tx, &err), &err, ERR_UNAVAILABLE);
    assert_works(test_db_answers(test, &err), &err);
}

static bool add_and_count(struct tx *tx, void *arg, struct err *err)
{
    int *const n_runs = arg;

    ++*n_runs;
    return test_add_thing(tx, *n_runs, NULL, err);
}

/* It may be there: a second try might do it twice. */
static void what_may_have_been_committed_is_not_tried_again(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };
    int n_runs = 0;

    (void)postgres_only(state);
    test_make_things(test);
    run(test->db, "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
                  " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'");
    run(test->db, "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON thing"
                  " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die()");
    assert_fails(tx_run(test->db, TX_WRITE, add_and_count, &n_runs, &err), &err, ERR_UNAVAILABLE);
    assert_true(db_is_unsure(test->db));
    assert_int_equal(n_runs, 1);
    assert_works(test_db_answers(test, &err), &err);
    assert_false(db_is_unsure(test->db));
}

static void what_the_server_forgot_is_prepared_anew(void **state)
{
    const struct test_db *test = postgres_only(state);
    struct err err = { 0 };

    assert_works(test_db_answers(test, &err), &err);
    run(test->db, "DEALLOCATE ALL");
    assert_fails(test_db_answers(test, &err), &err, ERR_UNAVAILABLE);
    assert_works(test_db_answers(test, &err), &err);
}

static bool count_columns(struct db *db, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(db, TX_READ, &tx, err))
        return false;
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT * FROM a");

    return stmt_run(q, err);
}

static void tables_may_change_under_a_prepared_statement(void **state)
{
    const struct test_db *test = *state;
    struct err err = { 0 };

    run(test->db, "CREATE TABLE a (b INTEGER)");
    assert_works(count_columns(test->db, &err), &err);
    run(test->db, "ALTER TABLE a ADD COLUMN c INTEGER");
    if (!count_columns(test->db, &err))
        assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_works(count_columns(test->db, &err), &err);
}

/* As PostgreSQL tells one of two that wait for each other. */
static void a_deadlock_is_worth_another_try(void **state)
{
    const struct test_db *test = postgres_only(state);

    run(test->db, "CREATE FUNCTION deadlock() RETURNS void LANGUAGE plpgsql AS"
                  " $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$");
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *q = tx_prepare(tx, "SELECT deadlock()");

    assert_fails(stmt_run(q, &err), &err, ERR_UNAVAILABLE);
    stmt_free(q);
    tx_free(tx);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, test_db_setup_empty, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(only_we_may_read_the_file),
        cmocka_unit_test(a_path_that_leads_nowhere_is_told),
        WITH(a_file_that_cannot_be_written_is_told),
        WITH(a_file_that_is_no_database_is_told),
        WITH(a_full_disk_is_told_and_passes),
        WITH(a_writer_that_never_ends_is_not_waited_for_forever),
        WITH(another_process_that_writes_is_waited_for),
        cmocka_unit_test(a_malformed_url_gives_no_password_away),
        cmocka_unit_test(a_server_that_is_not_there_is_worth_another_try),
        WITH(a_lost_connection_is_made_anew),
        WITH(what_may_have_been_committed_is_not_tried_again),
        WITH(what_the_server_forgot_is_prepared_anew),
        WITH(tables_may_change_under_a_prepared_statement),
        WITH(a_deadlock_is_worth_another_try),
    };
    return cmocka_run_group_tests_name("db_faults", tests, NULL, NULL);
}
