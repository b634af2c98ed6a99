/* db/sqlite_map: who reads a few records looks at SQLite's file as memory, and sees what all see.
 */
#include "testing_db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "db/driver.h"
#include "db/sqlite_map.h"

#define N_ROWS 3000

static struct test_db *sqlite_only(void **state)
{
    struct test_db *test = *state;

    if (test_db_is_postgres(test))
        skip();
    return test;
}

static void script(struct db *db, const char *sql)
{
    struct err err = { 0 };

    assert_works(db->ops->script(db, sql, &err), &err);
}

/* Some hundred pages, all of them in the file. */
static void make_rows(struct db *db)
{
    script(db, "CREATE TABLE thing(id INTEGER PRIMARY KEY, n INTEGER, filler TEXT);"
               "WITH RECURSIVE i(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM i WHERE id < 3000)"
               " INSERT INTO thing SELECT id, 1, hex(zeroblob(100)) FROM i;"
               "PRAGMA wal_checkpoint(TRUNCATE)");
}

static struct db *open_mapped(const struct test_db *test, int64_t max)
{
    const struct db_conf conf = { .url = test->url, .map_bytes = max };
    struct db *db = NULL;
    struct err err = { 0 };

    assert_works(db_open(&conf, &db, &err), &err);
    return db;
}

static struct tx *begin(struct db *db, enum tx_mode mode)
{
    struct tx *tx = NULL;
    struct err err = { 0 };

    assert_works(tx_begin(db, mode, &tx, &err), &err);
    return tx;
}

static int64_t sum(struct tx *tx)
{
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "SELECT sum(n) FROM thing WHERE filler <> 'none'");
    struct err err = { 0 };
    int64_t n = 0;

    while (stmt_next(q))
        n = stmt_i64(q, 0);
    assert_works(stmt_end(q, &err), &err);
    return n;
}

/* Is the database's file among what the process has in its memory? */
static bool is_mapped(const struct test_db *test)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[4096];
    bool is_found = false;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps))
        is_found = is_found || (strstr(line, test->directory) && strstr(line, " r--s ") &&
                                   !strstr(line, "-shm"));
    assert_int_equal(fclose(maps), 0);
    return is_found;
}

static void only_who_reads_a_few_has_the_file_mapped(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct db *db = open_mapped(test, (int64_t)1 << 30);
    struct db *other = open_mapped(test, (int64_t)1 << 30);
    struct tx *tx;

    make_rows(db);
    tx = begin(db, TX_READ);
    assert_int_equal(sum(tx), N_ROWS);
    tx_free(tx);
    assert_false(is_mapped(test));
    tx = begin(db, TX_READ_FEW);
    assert_int_equal(sum(tx), N_ROWS);
    tx_free(tx);
    assert_true(is_mapped(test));
    db_close(db);
    assert_true(is_mapped(test));
    tx = begin(other, TX_READ_FEW);
    assert_int_equal(sum(tx), N_ROWS);
    tx_free(tx);
    db_close(other);
    assert_false(is_mapped(test));
}

static void a_map_shows_one_state_and_then_the_next(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct db *db = open_mapped(test, (int64_t)1 << 30);
    struct tx *tx;

    make_rows(test->db);
    tx = begin(db, TX_READ_FEW);
    assert_int_equal(sum(tx), N_ROWS);
    script(test->db, "UPDATE thing SET n = 2; PRAGMA wal_checkpoint(PASSIVE)");
    assert_int_equal(sum(tx), N_ROWS);
    tx_free(tx);
    tx = begin(db, TX_READ_FEW);
    assert_int_equal(sum(tx), 2 * N_ROWS);
    tx_free(tx);
    script(test->db, "INSERT INTO thing SELECT id + 3000, 1, filler FROM thing;"
                     "PRAGMA wal_checkpoint(TRUNCATE)");
    tx = begin(db, TX_READ_FEW);
    assert_int_equal(sum(tx), 3 * N_ROWS);
    tx_free(tx);
    script(test->db, "DELETE FROM thing WHERE id > 10; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    tx = begin(db, TX_READ_FEW);
    assert_int_equal(sum(tx), 20);
    tx_free(tx);
    db_close(db);
}

static void what_lies_beyond_the_map_is_read(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct db *db = open_mapped(test, 65536);
    struct tx *tx;

    make_rows(test->db);
    tx = begin(db, TX_READ_FEW);
    assert_int_equal(sum(tx), N_ROWS);
    tx_free(tx);
    db_close(db);
}

static void who_reads_a_few_cannot_write(void **state)
{
    const struct test_db *test = sqlite_only(state);
    struct db *db = open_mapped(test, (int64_t)1 << 30);
    struct err err = { 0 };

    make_rows(test->db);
    struct tx *tx = begin(db, TX_READ_FEW);
    struct stmt *q = tx_prepare(tx, "UPDATE thing SET n = 3");

    assert_fails(stmt_run(q, &err), &err, ERR_INTERNAL);
    stmt_free(q);
    tx_free(tx);
    tx = begin(db, TX_WRITE);
    tx_free(tx);
    db_close(db);
}

/* KiB of the file that are in the process. */
static int64_t resident(const struct test_db *test)
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[4096];
    bool is_ours = false;
    int64_t sum = 0;

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        const char *rss =
            span_starts_with(span_text(line), "Rss:") ? line + strcspn(line, "0123456789") : NULL;
        int64_t kib = 0;

        if (strchr("0123456789abcdef", line[0])) /* where a mapping lies; others are its figures */
            is_ours = strstr(line, test->directory) && strstr(line, " r--s ");
        if (is_ours && rss) {
            assert_true(
                parse_i64(span_of(rss, strspn(rss, "0123456789")), 0, INT32_MAX, &kib, NULL));
            sum += kib;
        }
    }
    assert_int_equal(fclose(maps), 0);
    return sum;
}

static void a_map_that_nobody_uses_takes_no_memory(void **state)
{
    const struct test_db *test = sqlite_only(state);
    sqlite3 *handle = NULL;

    make_rows(test->db);
    assert_int_equal(sqlite3_open(test->url, &handle), SQLITE_OK);
    struct sqlite_map *map = sqlite_map_new(handle, (int64_t)1 << 30);

    assert_non_null(map);
    for (int i = 0; i < 2; i++) {
        sqlite_map_use(map, true);
        assert_int_equal(sqlite3_exec(handle,
                             "PRAGMA mmap_size = 1; SELECT sum(n) FROM thing WHERE filler <> ''",
                             NULL, NULL, NULL),
            SQLITE_OK);
        assert_true(resident(test) > 100);
        sqlite_map_use(map, false);
        sqlite_map_rest(map, 50000);
        assert_true(resident(test) > 100);
        sqlite_map_rest(map, 0);
        assert_int_equal(resident(test), 0);
    }
    assert_int_equal(sqlite3_close(handle), SQLITE_OK);
    sqlite_map_free(map);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup_empty, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(only_who_reads_a_few_has_the_file_mapped),
        T(a_map_shows_one_state_and_then_the_next),
        T(what_lies_beyond_the_map_is_read),
        T(who_reads_a_few_cannot_write),
        T(a_map_that_nobody_uses_takes_no_memory),
    };
    return cmocka_run_group_tests_name("db/sqlite_map", tests, NULL, NULL);
}
