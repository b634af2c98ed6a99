/*
 * db/sqlite_log: a commit is written to SQLite's log in few pieces, and is there for everybody when
 * it has ended; where a write fails, all of it does. What a crash would leave is asked of a copy of
 * the files: SQLite finds there what the log says, checksum by checksum.
 */
#include "testing_db.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "db/driver.h"
#include "db/sqlite_log.h"

/* ---- the disk ---- */

enum fault { NO_SPACE, NO_DISK, CUT_SHORT, INTERRUPTED };

static struct {
    bool is_counting;
    int n;         /* writes to the log */
    int fails_at;  /* that one; 0: none */
    int fails_for; /* and so many from there on */
    enum fault fault;
} disk;

/* SQLite asks for it by that name. */
ssize_t write_at(int fd, const void *bytes, size_t size, off_t offset) __asm__("pwrite64");

static bool is_log(int fd)
{
    char link[64];
    char path[PATH_MAX];

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path);

    return n > 4 && memcmp(path + n - 4, "-wal", 4) == 0;
}

static ssize_t fail_write(int fd, const void *bytes, size_t size, off_t offset)
{
    static const int numbers[] = { [NO_SPACE] = ENOSPC, [NO_DISK] = EIO, [INTERRUPTED] = EINTR };

    if (disk.fault == CUT_SHORT)
        return syscall(SYS_pwrite64, fd, bytes, size / 2 + 1, offset);
    errno = numbers[disk.fault];
    return -1;
}

ssize_t write_at(int fd, const void *bytes, size_t size, off_t offset)
{
    if (disk.is_counting && is_log(fd)) {
        disk.n++;
        if (disk.fails_at && disk.n >= disk.fails_at && disk.n < disk.fails_at + disk.fails_for)
            return fail_write(fd, bytes, size, offset);
    }
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static void watch_disk(int fails_at, int fails_for, enum fault fault)
{
    disk.is_counting = true;
    disk.n = 0;
    disk.fails_at = fails_at;
    disk.fails_for = fails_for;
    disk.fault = fault;
}

static int forget_disk(void)
{
    disk.is_counting = false;
    return disk.n;
}

/* ---- what is found there ---- */

#define COUNT "SELECT coalesce(sum(n), 0) * 100000 + count(*) FROM thing"

static int64_t number(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;

    if (sqlite3_prepare_v2(handle, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    (void)sqlite3_finalize(q);
    return n;
}

/* By another connection, with nothing of ours; -1 if the file is not whole. */
static int64_t look(const char *path)
{
    sqlite3 *handle = NULL;
    int64_t n = -1;

    if (sqlite3_open(path, &handle) == SQLITE_OK) {
        (void)sqlite3_busy_timeout(handle, 10000);
        n = number(handle, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") == 1
                ? number(handle, COUNT)
                : -1;
    }
    (void)sqlite3_close(handle);
    return n;
}

/* What a crash would leave now. */
static int64_t look_at_copy(const char *path)
{
    static const char *const endings[] = { "", "-wal", "-shm" };
    autofree(str) char *to = xasprintf("%s.copy", path);
    struct err err = { 0 };
    bool works = true;

    for (size_t i = 0; i < 2; i++) {
        autofree(str) char *from = xasprintf("%s%s", path, endings[i]);
        autofree(str) char *file = xasprintf("%s%s", to, endings[i]);
        autodone(buf) struct buf bytes = BUF_INIT((size_t)256 << 20);

        works = works && fs_read(from, &bytes, &err) &&
                fs_write_atomic(file, buf_span(&bytes), 0600, &err);
    }
    const int64_t n = works ? look(to) : -1;

    for (size_t i = 0; i < countof(endings); i++) {
        autofree(str) char *file = xasprintf("%s%s", to, endings[i]);

        (void)unlink(file);
    }
    return n;
}

/*
 * A process that looks whenever it is told a path: begun before this one has opened anything. It
 * copies, too, as that opens and closes the files, and would end the locks that SQLite has on them.
 */
static struct {
    pid_t pid;
    int ask;
    int answer;
} other;

struct answer {
    int64_t now;
    int64_t after_crash;
};

static void start_other(void)
{
    int ask[2];
    int answer[2];

    assert_int_equal(pipe(ask), 0);
    assert_int_equal(pipe(answer), 0);
    other.pid = fork();
    if (other.pid == 0) {
        char path[PATH_MAX];

        (void)close(ask[1]);
        while (read(ask[0], path, sizeof path) == sizeof path) {
            const struct answer found = { look(path), look_at_copy(path) };

            if (write(answer[1], &found, sizeof found) != sizeof found)
                break;
        }
        _exit(0);
    }
    (void)close(ask[0]);
    (void)close(answer[1]);
    other.ask = ask[1];
    other.answer = answer[0];
}

static void end_other(void)
{
    int status;

    (void)close(other.ask);
    (void)close(other.answer);
    (void)waitpid(other.pid, &status, 0);
}

/* For another connection, another process, and whoever comes after a crash. */
static void assert_there(const struct test_db *test, int64_t expected)
{
    struct answer answer = { 0 };
    char path[PATH_MAX] = "";

    assert_int_equal(look(test->url), expected);
    (void)snprintf(path, sizeof path, "%s", test->url);
    assert_int_equal(write(other.ask, path, sizeof path), sizeof path);
    assert_int_equal(read(other.answer, &answer, sizeof answer), sizeof answer);
    assert_int_equal(answer.now, expected);
    assert_int_equal(answer.after_crash, expected);
}

/* ---- who writes ---- */

static void script(struct db *db, const char *sql)
{
    struct err err = { 0 };

    assert_works(db->ops->script(db, sql, &err), &err);
}

/* With words, so that there is an index which writes when the transaction is committed. */
static struct test_db *make(void **state)
{
    struct test_db *test = *state;

    if (test_db_is_postgres(test))
        skip();
    script(test->db, "CREATE TABLE thing (id INTEGER PRIMARY KEY, n INTEGER, bytes BLOB);"
                     "CREATE INDEX thing_n ON thing(n, id);"
                     "CREATE VIRTUAL TABLE word USING fts5(words, content='')");
    return test;
}

/* The same, but of what is changed there is room for a few pages only. */
static struct test_db *make_small(void **state)
{
    struct test_db *test = *state;
    struct err err = { 0 };

    if (test_db_is_postgres(test))
        skip();
    const struct db_conf conf = { .url = test->url, .cache_kib = 80 };

    db_close(test->db);
    test->db = NULL;
    assert_works(db_open(&conf, &test->db, &err), &err);
    return make(state);
}

/* A row of a page, and for it forty words. */
static bool add(struct tx *tx, int64_t first, int64_t n, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare(tx,
        "WITH RECURSIVE i(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM i WHERE i < $1 + $2 - 1)"
        " INSERT INTO thing(id, n, bytes) SELECT i, 1, zeroblob(3000) FROM i");
    autofree(stmt) struct stmt *words = tx_prepare(tx,
        "WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 40)"
        " INSERT INTO word(rowid, words)"
        " SELECT t.id, group_concat(t.id * 7919 + i.i * 104729, ' ') FROM thing t, i"
        "  WHERE t.id >= $1 GROUP BY t.id");

    stmt_bind_i64(q, 1, first);
    stmt_bind_i64(q, 2, n);
    stmt_bind_i64(words, 1, first);
    return stmt_run(q, err) && stmt_run(words, err);
}

static bool change(struct tx *tx, const char *sql, struct err *err)
{
    autofree(stmt) struct stmt *q = tx_prepare_text(tx, sql);

    return stmt_run(q, err);
}

static bool write_some(const struct test_db *test, int64_t first, int64_t n, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(test->db, TX_WRITE_LONG, &tx, err) && add(tx, first, n, err) &&
           tx_commit(take(&tx), err);
}

static int64_t of(int64_t n_rows)
{
    return n_rows * 100000 + n_rows;
}

/* ---- the tests ---- */

static void a_commit_is_few_writes(void **state)
{
    const struct test_db *test = make(state);
    struct err err = { 0 };

    watch_disk(0, 0, NO_SPACE);
    assert_works(write_some(test, 1, 1000, &err), &err);
    assert_in_range(forget_disk(), 2, 200); /* 4 MB; with each page apart some 2000 */
    assert_there(test, of(1000));
}

static void each_commit_is_seen_at_once_by_all(void **state)
{
    const struct test_db *test = make(state);
    struct err err = { 0 };

    for (int64_t i = 0; i < 30; i++) {
        assert_works(write_some(test, 1 + i * 10, 10, &err), &err);
        assert_there(test, of((i + 1) * 10));
        if (i % 7 == 3) /* the log begins anew */
            script(test->db, "PRAGMA wal_checkpoint(RESTART)");
    }
}

/* Each write of a commit in turn. */
static void where_a_write_fails_all_of_the_commit_does(void **state)
{
    static const enum fault faults[] = { NO_SPACE, NO_DISK };
    const struct test_db *test = make(state);
    struct err err = { 0 };
    bool ends = false;

    assert_works(write_some(test, 1, 10, &err), &err);
    for (int at = 1; !ends; at++) {
        for (size_t i = 0; i < countof(faults) && !ends; i++) {
            err_clear(&err);
            watch_disk(at, 1, faults[i]);
            ends = write_some(test, 1001, 300, &err);
            assert_true(ends == (forget_disk() < at));
            assert_true(ends || err.kind == ERR_UNAVAILABLE);
            assert_there(test, of(ends ? 310 : 10));
        }
        if (at % 5 == 0 && !ends)
            script(test->db, "PRAGMA wal_checkpoint(RESTART)");
        assert_in_range(at, 1, 100);
    }
    assert_works(write_some(test, 2001, 10, &err), &err);
    assert_there(test, of(320));
}

static void what_is_written_in_part_is_written_on(void **state)
{
    static const enum fault faults[] = { CUT_SHORT, INTERRUPTED };
    const struct test_db *test = make(state);
    struct err err = { 0 };

    for (int i = 0; i < (int)countof(faults); i++) {
        watch_disk(2, 6, faults[i]);
        assert_works(write_some(test, 1 + i * 1000, 300, &err), &err);
        assert_true(forget_disk() > 8);
        assert_there(test, of(300 * (i + 1)));
    }
}

/* The next writer of another process finds the lock free, and writes where ours would have. */
static void nothing_is_written_after_a_failure(void **state)
{
    const struct test_db *test = make(state);
    struct err err = { 0 };
    sqlite3 *stranger = NULL;

    assert_works(write_some(test, 1, 10, &err), &err);
    watch_disk(3, 1, NO_SPACE);
    assert_fails(write_some(test, 1001, 300, &err), &err, ERR_UNAVAILABLE);
    (void)forget_disk();
    assert_int_equal(sqlite3_open(test->url, &stranger), SQLITE_OK);
    assert_int_equal(sqlite3_exec(stranger, "INSERT INTO thing(id, n) VALUES (500, 1)", NULL, NULL,
                         NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_close(stranger), SQLITE_OK);
    assert_there(test, of(11));
    assert_works(write_some(test, 1001, 300, &err), &err);
    assert_there(test, of(311));
}

/* Pages that had no room go to the log before, are read again, and written where they are. */
static void what_had_no_room_is_written_once_more(void **state)
{
    const struct test_db *test = make_small(state);
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE_LONG);

    assert_works(add(tx, 1, 300, &err), &err);
    assert_works(change(tx, "UPDATE thing SET n = n + 1 WHERE id % 3 = 0", &err), &err);
    assert_int_equal(look(test->url), 0);
    assert_works(change(tx, "UPDATE thing SET n = n - 1 WHERE id % 3 = 0", &err), &err);
    test_commit(tx);
    assert_there(test, of(300));
}

static void what_is_undone_is_not_in_the_log(void **state)
{
    const struct test_db *test = make_small(state);
    struct err err = { 0 };
    struct tx *tx = test_tx(test, TX_WRITE_LONG);

    assert_works(add(tx, 1, 100, &err), &err);
    script(test->db, "SAVEPOINT here");
    assert_works(add(tx, 1001, 200, &err), &err);
    assert_works(change(tx, "UPDATE thing SET n = 5", &err), &err);
    script(test->db, "ROLLBACK TO here");
    assert_works(add(tx, 2001, 50, &err), &err);
    test_commit(tx);
    assert_there(test, of(150));

    tx = test_tx(test, TX_WRITE_LONG);
    assert_works(add(tx, 5001, 300, &err), &err);
    tx_free(tx); /* rolled back */
    assert_there(test, of(150));
    assert_works(write_some(test, 5001, 10, &err), &err);
    assert_there(test, of(160));
}

/* The same with faults: in what has no room, and in what the commit reads back. */
static void where_there_is_no_room_a_failure_is_whole_as_well(void **state)
{
    const struct test_db *test = make_small(state);
    struct err err = { 0 };
    bool ends = false;

    assert_works(write_some(test, 1, 10, &err), &err);
    for (int at = 1; !ends; at += 7) {
        err_clear(&err);
        watch_disk(at, 1, NO_SPACE);
        ends = write_some(test, 1001, 60, &err);
        assert_true(ends == (forget_disk() < at));
        assert_there(test, of(ends ? 70 : 10));
    }
}

/* To allocate it again each time costs more than its place. */
static void a_long_log_is_not_cut(void **state)
{
    const struct test_db *test = make(state);
    autofree(str) char *path = xasprintf("%s-wal", test->url);
    struct err err = { 0 };
    struct stat log;

    script(test->db, "WITH RECURSIVE i(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 100)"
                     " INSERT INTO thing SELECT i, 1, zeroblob(1000000) FROM i;"
                     "PRAGMA wal_checkpoint(RESTART)");
    assert_works(write_some(test, 1001, 10, &err), &err);
    assert_int_equal(stat(path, &log), 0);
    assert_true(log.st_size > 100000000);
    script(test->db, "DELETE FROM thing WHERE id < 1000");
    assert_there(test, of(10));
}

/* The log of a connection of its own, as SQLite has it. */
struct bare {
    sqlite3 *handle;
    struct sqlite_log *log;
    sqlite3_file *file;
};

static void open_bare(const struct test_db *test, struct bare *bare)
{
    assert_int_equal(sqlite3_open(test->url, &bare->handle), SQLITE_OK);
    assert_int_equal(number(bare->handle, COUNT), 0); /* from here on the log is open */
    bare->log = sqlite_log_new(bare->handle);
    assert_non_null(bare->log);
    (void)sqlite3_file_control(bare->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &bare->file);
}

static void close_bare(const struct bare *bare)
{
    assert_int_equal(sqlite3_close(bare->handle), SQLITE_OK);
    sqlite_log_free(bare->log);
}

static void what_is_asked_for_has_been_written(void **state)
{
    const struct test_db *test = make(state);
    const sqlite3_int64 far = 1 << 20;
    uint8_t bytes[4096];
    uint8_t found[4096] = { 0 };
    struct bare bare = { 0 };
    sqlite3_int64 size = 0;

    memset(bytes, 7, sizeof bytes);
    open_bare(test, &bare);
    const sqlite3_io_methods *const methods = bare.file->pMethods;

    sqlite_log_begin(bare.log);
    assert_int_equal(methods->xWrite(bare.file, bytes, sizeof bytes, far), SQLITE_OK);
    assert_int_equal(methods->xRead(bare.file, found, sizeof found, far), SQLITE_OK);
    assert_memory_equal(found, bytes, sizeof bytes);
    assert_int_equal(methods->xWrite(bare.file, bytes, sizeof bytes, 2 * far), SQLITE_OK);
    assert_int_equal(methods->xFileSize(bare.file, &size), SQLITE_OK);
    assert_int_equal(size, 2 * far + (sqlite3_int64)sizeof bytes);
    assert_int_equal(methods->xTruncate(bare.file, far), SQLITE_OK);
    sqlite_log_end(bare.log, false);
    close_bare(&bare);
    assert_there(test, 0);
}

/* Whatever SQLite makes of the first failure. */
static void what_follows_a_failure_fails(void **state)
{
    const struct test_db *test = make(state);
    static const uint8_t piece[60000];
    struct bare bare = { 0 };
    sqlite3_int64 size = 0;

    open_bare(test, &bare);
    const sqlite3_io_methods *const methods = bare.file->pMethods;

    sqlite_log_begin(bare.log);
    watch_disk(1, 1, NO_SPACE);
    assert_int_equal(methods->xWrite(bare.file, piece, sizeof piece, 1 << 20), SQLITE_OK);
    assert_int_equal(methods->xWrite(bare.file, piece, sizeof piece, 2 << 20), SQLITE_FULL);
    assert_int_equal(methods->xWrite(bare.file, piece, sizeof piece, 3 << 20), SQLITE_FULL);
    assert_int_equal(methods->xFileSize(bare.file, &size), SQLITE_FULL);
    assert_int_equal(methods->xSync(bare.file, SQLITE_SYNC_NORMAL), SQLITE_FULL);
    assert_int_equal(forget_disk(), 1);
    sqlite_log_end(bare.log, false);
    assert_int_equal(methods->xFileSize(bare.file, &size), SQLITE_OK);
    close_bare(&bare);
    assert_there(test, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup_empty, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_commit_is_few_writes),
        T(each_commit_is_seen_at_once_by_all),
        T(where_a_write_fails_all_of_the_commit_does),
        T(what_is_written_in_part_is_written_on),
        T(nothing_is_written_after_a_failure),
        T(a_long_log_is_not_cut),
        T(what_is_asked_for_has_been_written),
        T(what_follows_a_failure_fails),
        T(what_had_no_room_is_written_once_more),
        T(what_is_undone_is_not_in_the_log),
        T(where_there_is_no_room_a_failure_is_whole_as_well),
    };

    start_other();
    const int n_failed = cmocka_run_group_tests_name("db/sqlite_log", tests, NULL, NULL);

    end_other();
    return n_failed;
}
