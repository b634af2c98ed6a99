/*
 * db/: what was answered outlives a cut of the power (adr/0018).
 *
 * SQLite writes through a file system of ours that notes what it is told: writes, cuts and waits
 * for the disk, and between them which transactions were answered. From that the files are made as
 * a disk may have them at any moment: all that was waited for, and of the rest, sector by sector,
 * anything.
 */
#include "testing_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "db/driver.h"
#include "store/audit.h"

#define N_WRITERS 4
#define N_EACH 40
#define N_ROUNDS 3
#define N_ALL (N_ROUNDS * N_EACH)
#define N_CUTS 20
#define PAD_SIZE ((size_t)150 << 10)
#define SECTOR 512

enum { DATABASE, LOG, N_FILES };

enum kind { WRITE, CUT, SYNC, ANSWER };

struct event {
    enum kind kind;
    int file;
    int64_t offset; /* of a cut: the size that is left */
    size_t size;
    uint8_t *bytes;
    size_t n_before; /* of a wait: so many events had been then */
    int64_t writer;  /* of an answer: whose, and which */
    int64_t number;
};

static struct {
    pthread_mutex_t lock;
    bool is_noting;
    struct event *events;
    size_t n;
    size_t room;
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void note(struct event event)
{
    (void)pthread_mutex_lock(&journal.lock);
    if (journal.n == journal.room) {
        journal.room = journal.room ? 2 * journal.room : 1024;
        journal.events = xreallocarray(journal.events, journal.room, sizeof *journal.events);
    }
    journal.events[journal.n++] = event;
    (void)pthread_mutex_unlock(&journal.lock);
}

static size_t n_events(void)
{
    (void)pthread_mutex_lock(&journal.lock);
    const size_t n = journal.n;

    (void)pthread_mutex_unlock(&journal.lock);
    return n;
}

static void forget_all(void)
{
    for (size_t i = 0; i < journal.n; i++)
        free(journal.events[i].bytes);
    free(journal.events);
    journal.events = NULL;
    journal.n = journal.room = 0;
}

/* ---- the file system ---- */

struct file {
    sqlite3_file base;
    int number; /* -1: nothing is noted of it */
    sqlite3_file real[];
};

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)(void *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int file_read(sqlite3_file *file, void *to, int n, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), to, n, offset);
}

static int file_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 offset)
{
    const int number = ((const struct file *)(void *)file)->number;
    struct event event = { .kind = WRITE, .file = number, .offset = offset, .size = (size_t)n };

    if (number >= 0) {
        event.bytes = xmalloc((size_t)n);
        memcpy(event.bytes, from, (size_t)n);
        note(event);
    }
    return real_of(file)->pMethods->xWrite(real_of(file), from, n, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    const int number = ((const struct file *)(void *)file)->number;

    if (number >= 0)
        note((struct event){ .kind = CUT, .file = number, .offset = size });
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

/* The real disk need not be asked. */
static int file_sync(sqlite3_file *file, int flags)
{
    const int number = ((const struct file *)(void *)file)->number;
    const size_t n = n_events();

    (void)flags;
    (void)usleep(200);
    if (number >= 0)
        note((struct event){ .kind = SYNC, .file = number, .n_before = n });
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret);
}

static int file_lock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int file_unlock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int file_is_locked(sqlite3_file *file, int *ret)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret);
}

static int file_control(sqlite3_file *file, int what, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), what, arg);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int page, int size, int extends, void volatile **ret)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extends, ret);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int deletes)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), deletes);
}

static sqlite3_vfs *real_vfs;

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret)
{
    static const sqlite3_io_methods methods = { .iVersion = 2,
        .xClose = file_close,
        .xRead = file_read,
        .xWrite = file_write,
        .xTruncate = file_truncate,
        .xSync = file_sync,
        .xFileSize = file_size,
        .xLock = file_lock,
        .xUnlock = file_unlock,
        .xCheckReservedLock = file_is_locked,
        .xFileControl = file_control,
        .xSectorSize = file_sector_size,
        .xDeviceCharacteristics = file_characteristics,
        .xShmMap = file_shm_map,
        .xShmLock = file_shm_lock,
        .xShmBarrier = file_shm_barrier,
        .xShmUnmap = file_shm_unmap };
    struct file *const file = (struct file *)(void *)base;
    const int code = real_vfs->xOpen(real_vfs, name, file->real, flags, ret);

    (void)vfs;
    file->number = !journal.is_noting            ? -1
                   : flags & SQLITE_OPEN_MAIN_DB ? DATABASE
                   : flags & SQLITE_OPEN_WAL     ? LOG
                                                 : -1;
    base->pMethods = file->real->pMethods ? &methods : NULL;
    return code;
}

static void use_our_files(void)
{
    static sqlite3_vfs ours;

    real_vfs = sqlite3_vfs_find(NULL);
    ours = *real_vfs;
    ours.pNext = NULL;
    ours.zName = "noting";
    ours.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
    ours.xOpen = vfs_open;
    assert_int_equal(sqlite3_vfs_register(&ours, 1), SQLITE_OK);
}

/* ---- those who write ---- */

struct writer {
    struct db *db;
    int64_t number;
    int64_t n; /* of its last transaction */
    pthread_t thread;
    struct err err;
};

static bool say(struct tx *tx, const char *what, const struct writer *writer, int64_t n,
    struct err *err)
{
    const struct audit_entry entry = { .at = NOW,
        .actor = "x",
        .action = what,
        .object_type = "thing",
        .object_id = writer->number * N_ALL + n };

    return store_audit_add(tx, &entry, err);
}

/* What belongs together lies far apart: the number at the beginning of the pad, and an entry. */
static bool write_once(struct writer *writer, int64_t n, struct err *err)
{
    static const uint8_t pad[PAD_SIZE];
    autofree(tx) struct tx *tx = NULL;

    if (!tx_begin(writer->db, TX_WRITE, &tx, err))
        return false;
    autofree(stmt) struct stmt *q =
        tx_prepare(tx, "UPDATE pad SET n = $1, bytes = $2, n_again = $1 WHERE writer = $3");

    stmt_bind_i64(q, 1, n);
    stmt_bind_blob(q, 2, span_of(pad, PAD_SIZE - (size_t)n * 100));
    stmt_bind_i64(q, 3, writer->number);
    if (!stmt_run(q, err) || !say(tx, "thing.write", writer, n, err))
        return false;
    if (n % 10 == 3) /* some come to nothing */
        return true;
    return tx_commit(take(&tx), err);
}

static bool chain_some(struct writer *writer, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t n;

    return tx_begin(writer->db, TX_WRITE, &tx, err) && store_audit_chain(tx, 100, &n, err) &&
           tx_commit(take(&tx), err);
}

static void *write_all(void *arg)
{
    struct writer *const writer = arg;

    for (int i = 0; i < N_EACH; i++) {
        const int64_t n = ++writer->n;

        if (!write_once(writer, n, &writer->err) ||
            (n % 20 == 0 && !chain_some(writer, &writer->err)))
            break;
        if (n % 10 != 3)
            note((struct event){ .kind = ANSWER,
                .file = N_FILES,
                .writer = writer->number,
                .number = n });
    }
    return NULL;
}

static size_t count(enum kind kind, int file)
{
    size_t n = 0;

    (void)pthread_mutex_lock(&journal.lock);
    for (size_t i = 0; i < journal.n; i++)
        n += journal.events[i].kind == kind && journal.events[i].file == file;
    (void)pthread_mutex_unlock(&journal.lock);
    return n;
}

/* The log gets to the file while they write, and as a whole at the end: then it begins anew. */
static void write_round(const struct test_db *test, struct writer *writers)
{
    const size_t n_before = count(WRITE, DATABASE);
    struct err err = { 0 };

    for (int i = 0; i < N_WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]), 0);
    for (int i = 0; i < N_WRITERS; i++) {
        (void)pthread_join(writers[i].thread, NULL);
        assert_works(writers[i].err.kind == ERR_NONE, &writers[i].err);
    }
    assert_true(count(WRITE, DATABASE) > n_before);
    assert_works(test->db->ops->script(test->db, "PRAGMA wal_checkpoint", &err), &err);
}

/* Returns where in the journal they began. */
static size_t write_much(const struct test_db *test)
{
    static const char sql[] =
        "CREATE TABLE pad (writer INTEGER PRIMARY KEY, n INTEGER, bytes BLOB, n_again INTEGER);"
        "INSERT INTO pad VALUES (0, 0, NULL, 0), (1, 0, NULL, 0), (2, 0, NULL, 0), (3, 0, NULL, 0)";
    struct writer writers[N_WRITERS] = { 0 };
    struct err err = { 0 };

    assert_works(test->db->ops->script(test->db, sql, &err), &err);
    const size_t begun = n_events();

    for (int i = 0; i < N_WRITERS; i++) {
        writers[i].number = i;
        writers[i].db = test_db_open_again(test);
    }
    for (int i = 0; i < N_ROUNDS; i++)
        write_round(test, writers);
    for (int i = 0; i < N_WRITERS; i++)
        db_close(writers[i].db);
    return begun;
}

/* ---- the disk after a cut ---- */

struct image {
    uint8_t *bytes;
    size_t size;
    size_t room;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void put(struct image *image, int64_t offset, const uint8_t *bytes, size_t size)
{
    const size_t end = (size_t)offset + size;

    if (end > image->room) {
        image->bytes = xreallocarray(image->bytes, 2 * end, 1);
        memset(image->bytes + image->room, 0, 2 * end - image->room);
        image->room = 2 * end;
    }
    memcpy(image->bytes + offset, bytes, size);
    if (end > image->size)
        image->size = end;
}

/* Not waited for: of each sector nobody knows. `luck` of 256 is there. */
static void put_some(struct image *image, const struct event *event, uint64_t luck,
    uint64_t *random)
{
    for (size_t at = 0; at < event->size; at += SECTOR) {
        const size_t n = event->size - at < SECTOR ? event->size - at : SECTOR;

        if (next_random(random) % 256 < luck)
            put(image, event->offset + (int64_t)at, event->bytes + at, n);
    }
}

static void cut(struct image *image, int64_t size)
{
    if (image->size <= (size_t)size)
        return;
    memset(image->bytes + size, 0, image->size - (size_t)size);
    image->size = (size_t)size;
}

/* Up to which event had the disk been waited for? */
static size_t n_safe(int file, size_t n)
{
    size_t safe = 0;

    for (size_t i = 0; i < n; i++) {
        const struct event *const event = &journal.events[i];

        if (event->kind == SYNC && event->file == file && event->n_before > safe)
            safe = event->n_before;
    }
    return safe;
}

static void make_image(int file, size_t n, uint64_t luck, uint64_t *random, struct image *image)
{
    const size_t safe = n_safe(file, n);

    for (size_t i = 0; i < n; i++) {
        const struct event *const event = &journal.events[i];

        if (event->file != file || (event->kind != WRITE && event->kind != CUT))
            continue;
        if (event->kind == WRITE && i < safe)
            put(image, event->offset, event->bytes, event->size);
        else if (event->kind == WRITE)
            put_some(image, event, luck, random);
        else if (i < safe || next_random(random) % 256 < luck)
            cut(image, event->offset);
    }
}

static char *write_image(const char *directory, size_t n, uint64_t luck, uint64_t *random)
{
    static const char *const names[N_FILES] = { "cut.db", "cut.db-wal" };
    struct err err = { 0 };

    for (int file = 0; file < N_FILES; file++) {
        autofree(str) char *path = xasprintf("%s/%s", directory, names[file]);
        struct image image = { 0 };

        make_image(file, n, luck, random, &image);
        assert_works(fs_write_atomic(path, span_of(image.bytes, image.size), 0600, &err), &err);
        free(image.bytes);
    }
    return xasprintf("%s/%s", directory, names[DATABASE]);
}

/* ---- what is found there ---- */

static int64_t last_answer(int64_t writer, size_t n)
{
    int64_t last = 0;

    for (size_t i = 0; i < n; i++) {
        const struct event *const event = &journal.events[i];

        if (event->kind == ANSWER && event->writer == writer)
            last = event->number;
    }
    return last;
}

static int64_t number_of(struct tx *tx, const char *sql, int64_t writer)
{
    struct stmt *q = tx_prepare_text(tx, sql);

    stmt_bind_i64(q, 1, writer);
    return test_one_number(q);
}

/* Numbers up to `n`, without those that came to nothing. */
static int64_t n_committed(int64_t n)
{
    return n - (n + 7) / 10;
}

static void check_writer(struct tx *tx, int64_t writer, size_t n)
{
    const int64_t there = number_of(tx, "SELECT n FROM pad WHERE writer = $1", writer);

    assert_true(there >= last_answer(writer, n));
    assert_int_equal(number_of(tx, "SELECT n_again FROM pad WHERE writer = $1", writer), there);
    assert_int_equal(number_of(tx,
                         "SELECT count(*) FROM audit WHERE action = 'thing.write'"
                         " AND (object_id - 1) / 120 = $1",
                         writer),
        n_committed(there));
}

static void check_image(const char *path, size_t n)
{
    const struct db_conf conf = { .url = path };
    struct audit_verdict verdict = { 0 };
    struct err err = { 0 };
    autofree(db) struct db *db = NULL;
    struct tx *tx = NULL;

    assert_works(db_open(&conf, &db, &err), &err);
    assert_works(tx_begin(db, TX_READ, &tx, &err), &err);
    struct stmt *q = tx_prepare(tx, "PRAGMA integrity_check");

    assert_true(stmt_next(q));
    assert_string_equal(stmt_text(q, 0), "ok");
    stmt_free(q);
    for (int64_t i = 0; i < N_WRITERS; i++)
        check_writer(tx, i, n);
    assert_works(store_audit_verify(tx, &verdict, &err), &err);
    assert_int_equal(verdict.broken_seq, 0);
    tx_free(tx);
}

static void remove_image(const char *directory)
{
    static const char *const names[] = { "cut.db", "cut.db-wal", "cut.db-shm" };

    for (size_t i = 0; i < countof(names); i++) {
        autofree(str) char *path = xasprintf("%s/%s", directory, names[i]);

        (void)unlink(path);
    }
    (void)rmdir(directory);
}

/* Anywhere, or just after an answer. */
static size_t choose_cut(size_t begun, bool after_answer, uint64_t *random)
{
    size_t n = begun + next_random(random) % (journal.n - begun);

    while (after_answer && n < journal.n && journal.events[n - 1].kind != ANSWER)
        n++;
    return n;
}

static void what_was_answered_outlives_a_power_cut(void **state)
{
    static const uint64_t lucks[] = { 0, 128, 250, 256 };
    const struct test_db *test = *state;
    uint64_t random = 0x9E3779B97F4A7C15u;

    if (test_db_is_postgres(test))
        skip();
    const size_t begun = write_much(test);

    journal.is_noting = false;
    for (size_t i = 0; i < N_CUTS; i++) {
        const size_t n = choose_cut(begun, i % 3 != 0, &random);
        char directory[] = "/tmp/certdesk-cut.XXXXXX";

        assert_non_null(mkdtemp(directory));
        autofree(str) char *path = write_image(directory, n, lucks[i % countof(lucks)], &random);

        check_image(path, n);
        remove_image(directory);
    }
}

static int set_up(void **state)
{
    journal.is_noting = true;
    return test_db_setup(state);
}

static int tear_down(void **state)
{
    journal.is_noting = false;
    forget_all();
    return test_db_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_answered_outlives_a_power_cut, set_up, tear_down),
    };

    use_our_files();
    return cmocka_run_group_tests_name("db power", tests, NULL, NULL);
}
