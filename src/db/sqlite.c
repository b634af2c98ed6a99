/*
 * db/sqlite: the driver for SQLite.
 *
 * "$1" is a named parameter to SQLite, numbered by first appearance, so parameters are looked up by
 * name. One writer at a time in the whole file: writers of this process queue up in db/turn, those
 * of other processes are waited for by busy_timeout. A transaction that reads runs no statement
 * that could write.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "db/cache.h"
#include "db/driver.h"
#include "db/turn.h"

#define MAX_PARAMETERS 64
#define DEFAULT_CACHE_KIB 8192
#define DEFAULT_BUSY_MS 10000

enum word { WORD_BEGIN, WORD_BEGIN_IMMEDIATE, WORD_COMMIT, WORD_ROLLBACK, N_WORDS };

struct sqlite_db {
    struct db db;
    sqlite3 *handle;
    struct stmt_cache cache;
    struct turn *turn;
    int64_t busy_ms;
    bool is_reading; /* the transaction may not write */

    /* What stands around transactions, kept prepared; NULL until the first of its kind. */
    sqlite3_stmt *words[N_WORDS];

    bool has_turn;
    char version[32];
};

struct sqlite_stmt {
    struct stmt stmt;
    sqlite3_stmt *handle;
    int parameters[MAX_PARAMETERS + 1]; /* $N to SQLite's index; 0: not in the text */
    bool in_use;
    bool is_cached;
    bool is_done;
};

static bool fail_constraint(struct err *err, int code)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return fail(err, ERR_CONFLICT, "it is there already");
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
        return fail(err, ERR_CONFLICT, "something else still needs it");
    return fail(err, ERR_INTERNAL, "the database refused a value");
}

/* The file, or a transaction that was only meant to read? */
static bool fail_read_only(struct err *err, sqlite3 *handle)
{
    if (sqlite3_db_readonly(handle, "main") == 1)
        return fail(err, ERR_UNAVAILABLE, "the database file is read-only");
    return fail(err, ERR_INTERNAL, "a transaction that only reads was about to write");
}

static bool fail_sqlite(struct err *err, sqlite3 *handle, const char *sql)
{
    int code = handle ? sqlite3_extended_errcode(handle) : SQLITE_NOMEM;
    const char *words = handle ? sqlite3_errmsg(handle) : "out of memory";

    switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
        fail_constraint(err, code);
        break;
    case SQLITE_FULL:
        fail(err, ERR_UNAVAILABLE, "the disk of the database is full");
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        fail(err, ERR_UNAVAILABLE, "the database is busy");
        break;
    case SQLITE_READONLY:
        fail_read_only(err, handle);
        break;
    case SQLITE_IOERR:
        fail(err, ERR_UNAVAILABLE, "the database file could not be read or written");
        break;
    case SQLITE_CANTOPEN:
        fail(err, ERR_UNAVAILABLE, "the database file could not be opened");
        break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        fail(err, ERR_INTERNAL, "the database file is damaged, or is no SQLite database");
        break;
    default:
        fail(err, ERR_INTERNAL, "the database failed");
        break;
    }
    return err_detail(err, "%s (%d): %s", words, code, sql);
}

static bool sqlite_accepts(const char *url)
{
    return strncmp(url, "sqlite:", 7) == 0 || !strstr(url, "://");
}

static bool run_script(struct sqlite_db *self, const char *sql, struct err *err)
{
    if (sqlite3_exec(self->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return fail_sqlite(err, self->handle, sql);
}

static void release_cached(void *value)
{
    struct sqlite_stmt *stmt = value;

    (void)sqlite3_finalize(stmt->handle);
    free(stmt);
}

static void sqlite_close(struct db *db)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    stmt_cache_done(&self->cache);
    for (size_t i = 0; i < countof(self->words); i++)
        (void)sqlite3_finalize(self->words[i]);
    (void)sqlite3_close(self->handle);
    turn_close(self->turn);
    free(self);
}

/*
 * The file, made by us if it is new: nobody else may read it, and SQLite gives its own files beside
 * it the same mode. One that is there is not opened here, because closing it would end the locks
 * that other connections of this process have on it.
 */
static bool make_file(const char *path, struct err *err)
{
    int fd;

    if (path[0] == '\0' || path[0] == ':')
        return fail(err, ERR_INVALID, "\"%s\" is no path of a database file", path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return fail_errno(err, ERR_INVALID, "cannot make the database file \"%s\"", path);
    if (fd < 0 && access(path, W_OK) != 0)
        return fail_errno(err, ERR_INVALID, "cannot write the database file \"%s\"", path);
    fd_close(fd);
    return true;
}

static bool set_up(struct sqlite_db *self, const struct db_conf *conf, struct err *err)
{
    char pragmas[512];

    (void)sqlite3_extended_result_codes(self->handle, 1);
    self->busy_ms = conf->busy_ms ? conf->busy_ms : DEFAULT_BUSY_MS;
    (void)sqlite3_busy_timeout(self->handle, (int)self->busy_ms);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_db_config(self->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)snprintf(pragmas, sizeof pragmas,
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -%" PRId64 ";"
        "PRAGMA journal_size_limit = 67108864; PRAGMA mmap_size = 0;",
        conf->cache_kib ? conf->cache_kib : DEFAULT_CACHE_KIB);
    return run_script(self, pragmas, err);
}

/* SQLite would count the bytes of every allocation, behind a lock that all workers share: a tenth
 * of what a large import costs, for a number that nobody asks for. */
static void set_up_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool sqlite_open(const struct db_conf *conf, struct db **ret, struct err *err)
{
    const char *path = strncmp(conf->url, "sqlite:", 7) == 0 ? conf->url + 7 : conf->url;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sqlite_db *self;

    (void)pthread_once(&once, set_up_library);
    if (!make_file(path, err))
        return false;
    self = xcalloc(1, sizeof *self);
    self->turn = turn_open(path);
    stmt_cache_init(&self->cache, release_cached);
    if (sqlite3_open_v2(path, &self->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
        SQLITE_OK)
        fail_sqlite(err, self->handle, "open");
    else if (self->turn && set_up(self, conf, err)) {
        *ret = &self->db;
        return true;
    }
    sqlite_close(&self->db);
    return err_wrap(err, "could not open the database \"%s\"", path);
}

static const char *sqlite_version(struct db *db)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    (void)snprintf(self->version, sizeof self->version, "SQLite %s", sqlite3_libversion());
    return self->version;
}

/* The words around every transaction are not worth a parser's while each time. */
static bool run_word(struct sqlite_db *self, enum word word, struct err *err)
{
    static const char *const texts[N_WORDS] = { [WORD_BEGIN] = "BEGIN",
        [WORD_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
        [WORD_COMMIT] = "COMMIT",
        [WORD_ROLLBACK] = "ROLLBACK" };
    int code = SQLITE_OK;

    if (!self->words[word])
        code = sqlite3_prepare_v3(self->handle, texts[word], -1, SQLITE_PREPARE_PERSISTENT,
            &self->words[word], NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(self->words[word]);
    const bool ok = code == SQLITE_DONE || fail_sqlite(err, self->handle, texts[word]);

    (void)sqlite3_reset(self->words[word]);
    return ok;
}

static void leave_turn(struct sqlite_db *self)
{
    if (!self->has_turn)
        return;
    self->has_turn = false;
    turn_give(self->turn);
}

static bool sqlite_begin(struct db *db, enum tx_mode mode, struct err *err)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    self->is_reading = mode == TX_READ;
    if (mode == TX_READ)
        return run_word(self, WORD_BEGIN, err);
    self->has_turn = turn_take(self->turn, self->busy_ms);
    if (!self->has_turn)
        return fail(err, ERR_UNAVAILABLE, "the database is busy");
    if (run_word(self, WORD_BEGIN_IMMEDIATE, err))
        return true;
    leave_turn(self);
    return false;
}

/* What has not been read to its end would keep the transaction open behind our back. */
static void reset_all(struct sqlite_db *self)
{
    for (sqlite3_stmt *handle = NULL; (handle = sqlite3_next_stmt(self->handle, handle));)
        if (sqlite3_stmt_busy(handle))
            (void)sqlite3_reset(handle);
}

static bool sqlite_commit(struct db *db, struct err *err)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    reset_all(self);
    if (!run_word(self, WORD_COMMIT, err))
        return false;
    leave_turn(self);
    return true;
}

static void sqlite_rollback(struct db *db)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    reset_all(self);
    struct err ignored = { 0 };

    if (!sqlite3_get_autocommit(self->handle))
        (void)run_word(self, WORD_ROLLBACK, &ignored);
    leave_turn(self);
}

static bool sqlite_script(struct db *db, const char *sql, struct err *err)
{
    struct sqlite_db *self = (struct sqlite_db *)db;

    if (db->in_tx && self->is_reading)
        return fail_read_only(err, self->handle);
    return run_script(self, sql, err);
}

static void find_parameters(struct sqlite_stmt *self)
{
    char name[16];

    for (int i = 1; i <= MAX_PARAMETERS; i++) {
        (void)snprintf(name, sizeof name, "$%d", i);
        self->parameters[i] = sqlite3_bind_parameter_index(self->handle, name);
    }
}

static struct stmt *sqlite_prepare(struct db *db, const char *sql)
{
    struct sqlite_db *owner = (struct sqlite_db *)db;
    struct sqlite_stmt *self = stmt_cache_find(&owner->cache, sql);
    bool is_taken = self && self->in_use;

    if (!self || is_taken) {
        self = xcalloc(1, sizeof *self);
        if (sqlite3_prepare_v3(owner->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &self->handle,
                NULL) != SQLITE_OK)
            fail_sqlite(&self->stmt.err, owner->handle, sql);
        else if (!is_taken)
            self->is_cached = stmt_cache_add(&owner->cache, sql, self);
        find_parameters(self);
    }
    self->in_use = true;
    self->is_done = false;
    return &self->stmt;
}

static void sqlite_bind(struct stmt *stmt, int parameter, enum db_type type, int64_t number,
    struct span bytes)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;
    int index;
    int code = SQLITE_OK;

    ASSERT(parameter >= 1 && parameter <= MAX_PARAMETERS);
    index = self->parameters[parameter];
    if (index == 0)
        return; /* one text serves both databases, but not every variant uses every parameter */
    switch (type) {
    case DB_NULL:
        code = sqlite3_bind_null(self->handle, index);
        break;
    case DB_I64:
    case DB_BOOL:
        code = sqlite3_bind_int64(self->handle, index, number);
        break;
    case DB_TEXT:
        code = sqlite3_bind_text64(self->handle, index, bytes.data ? (const char *)bytes.data : "",
            bytes.size, SQLITE_TRANSIENT, SQLITE_UTF8);
        break;
    case DB_BLOB:
        code = sqlite3_bind_blob64(self->handle, index,
            bytes.data ? bytes.data : (const uint8_t *)"", bytes.size, SQLITE_TRANSIENT);
        break;
    }
    if (code != SQLITE_OK)
        fail_sqlite(&stmt->err, sqlite3_db_handle(self->handle), sqlite3_sql(self->handle));
}

static bool sqlite_next(struct stmt *stmt)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;
    sqlite3 *handle = ((struct sqlite_db *)stmt->db)->handle;

    if (self->is_done)
        return false;
    /* Not by "PRAGMA query_only": each change of it has every statement prepared anew. */
    if (((struct sqlite_db *)stmt->db)->is_reading && !sqlite3_stmt_readonly(self->handle)) {
        self->is_done = true;
        return fail_read_only(&stmt->err, handle) ||
               err_detail(&stmt->err, "%s", sqlite3_sql(self->handle));
    }
    switch (sqlite3_step(self->handle)) {
    case SQLITE_ROW:
        return true;
    case SQLITE_DONE:
        self->is_done = true;
        stmt->n_changed = sqlite3_stmt_readonly(self->handle) ? 0 : sqlite3_changes64(handle);
        return false;
    default:
        self->is_done = true;
        return fail_sqlite(&stmt->err, handle, sqlite3_sql(self->handle));
    }
}

static int64_t sqlite_i64(struct stmt *stmt, int column)
{
    return sqlite3_column_int64(((struct sqlite_stmt *)stmt)->handle, column);
}

static struct span sqlite_bytes(struct stmt *stmt, int column)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;
    bool is_blob = sqlite3_column_type(self->handle, column) == SQLITE_BLOB;
    const void *data = is_blob ? sqlite3_column_blob(self->handle, column)
                               : sqlite3_column_text(self->handle, column);

    return span_of(data, data ? (size_t)sqlite3_column_bytes(self->handle, column) : 0);
}

static bool sqlite_is_null(struct stmt *stmt, int column)
{
    return sqlite3_column_type(((struct sqlite_stmt *)stmt)->handle, column) == SQLITE_NULL;
}

static void sqlite_reset(struct stmt *stmt)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;

    (void)sqlite3_reset(self->handle);
    self->is_done = false;
}

static void sqlite_release(struct stmt *stmt)
{
    struct sqlite_stmt *self = (struct sqlite_stmt *)stmt;

    if (!self->is_cached) {
        release_cached(self);
        return;
    }
    (void)sqlite3_reset(self->handle);
    (void)sqlite3_clear_bindings(self->handle);
    err_clear(&stmt->err);
    stmt->n_changed = 0;
    self->in_use = false;
}

const struct db_ops sqlite_ops = {
    .name = "sqlite",
    .accepts = sqlite_accepts,
    .open = sqlite_open,
    .close = sqlite_close,
    .version = sqlite_version,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .script = sqlite_script,
    .prepare = sqlite_prepare,
    .bind = sqlite_bind,
    .next = sqlite_next,
    .i64 = sqlite_i64,
    .bytes = sqlite_bytes,
    .is_null = sqlite_is_null,
    .reset = sqlite_reset,
    .release = sqlite_release,
};
