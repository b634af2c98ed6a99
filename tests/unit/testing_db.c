#include "testing_db.h"

#include <unistd.h>

#include "base/alloc.h"
#include "base/rand.h"
#include "db/driver.h"
#include "store/schema.h"

static void run_script(struct db *db, const char *sql)
{
    struct err err = { 0 };

    assert_works(db->ops->script(db, sql, &err), &err);
}

static void make_postgres(struct test_db *test, const char *server)
{
    uint64_t number;
    struct err err = { 0 };
    struct db_conf conf = { .url = server };
    autofree(db) struct db *db = NULL;
    autofree(str) char *sql = NULL;

    rand_bytes(&number, sizeof number);
    sql = xasprintf("CREATE DATABASE test_%016" PRIx64, number);
    assert_works(db_open(&conf, &db, &err), &err);
    run_script(db, sql);
    const char *slash = strrchr(server, '/');

    test->url = xasprintf("%.*s/test_%016" PRIx64, (int)(slash - server), server, number);
}

int test_db_setup_empty(void **state)
{
    struct test_db *test = xcalloc(1, sizeof *test);
    const char *server = getenv("CERTDESK_TEST_POSTGRES");
    struct err err = { 0 };

    if (server && server[0]) {
        make_postgres(test, server);
    } else {
        test->directory = xstrdup("/tmp/certdesk-test.XXXXXX");
        assert_non_null(mkdtemp(test->directory));
        test->url = xasprintf("%s/test.db", test->directory);
    }
    struct db_conf conf = { .url = test->url };

    assert_works(db_open(&conf, &test->db, &err), &err);
    *state = test;
    return 0;
}

int test_db_setup(void **state)
{
    struct err err = { 0 };
    int64_t n = 0;

    (void)test_db_setup_empty(state);
    struct test_db *test = *state;

    assert_works(migrate(test->db, schema_steps, n_schema_steps, 1000, &n, &err), &err);
    return 0;
}

int test_db_teardown(void **state)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    struct test_db *test = *state;

    db_close(test->db);
    for (size_t i = 0; test->directory && i < countof(endings); i++) {
        autofree(str) char *path = xasprintf("%s%s", test->url, endings[i]);

        (void)unlink(path);
    }
    if (test->directory)
        (void)rmdir(test->directory);
    free(test->directory);
    free(test->url);
    free(test);
    return 0;
}

struct db *test_db_open_again(const struct test_db *test)
{
    struct db_conf conf = { .url = test->url };
    struct err err = { 0 };
    struct db *db = NULL;

    assert_works(db_open(&conf, &db, &err), &err);
    return db;
}

struct tx *test_tx(const struct test_db *test, enum tx_mode mode)
{
    struct err err = { 0 };
    struct tx *tx = NULL;

    assert_works(tx_begin(test->db, mode, &tx, &err), &err);
    return tx;
}

void test_commit(struct tx *tx)
{
    struct err err = { 0 };

    assert_works(tx_commit(tx, &err), &err);
}

bool test_db_is_postgres(const struct test_db *test)
{
    return db_is_postgres(test->db);
}

int64_t test_one_number(struct stmt *q)
{
    struct err err = { 0 };
    int64_t n = -1;

    while (stmt_next(q))
        n = stmt_i64(q, 0);
    assert_works(stmt_end(q, &err), &err);
    stmt_free(q);
    return n;
}

void test_make_things(struct test_db *test)
{
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE);
    struct stmt *q = tx_prepare(tx, "CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT UNIQUE)");

    assert_works(stmt_run(q, &err), &err);
    stmt_free(q);
    test_commit(tx);
}

int64_t test_count_things(struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_READ);
    int64_t n = test_one_number(tx_prepare(tx, "SELECT COUNT(*) FROM thing"));

    tx_free(tx);
    return n;
}

bool test_db_answers(const struct test_db *test, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(test->db, TX_READ, &tx, err))
        return false;
    autofree(stmt) struct stmt *q = tx_prepare(tx, "SELECT 1");

    return stmt_run(q, err);
}

bool test_add_thing(struct tx *tx, int64_t id, const char *name, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx, "INSERT INTO thing(id, name) VALUES ($2, $1)");

    stmt_bind_i64(q, 2, id);
    stmt_bind_text(q, 1, name);
    return stmt_run(q, err);
}
