/*
 * db/sqlite_log: see the header.
 *
 * A commit is one pass of SQLite's over the pages that were changed: for each a frame's header and
 * the page. Before it, within the same statement, an index of words may write what it has
 * collected; pages for which the cache has no room then go to the log one by one, may be read
 * again, and be written once more where they are. So whatever does not go on where the last write
 * ended, and every other question to the file, is preceded by all that was collected.
 */
#include "db/sqlite_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "db/sqlite_shim.h"

/* More makes nothing faster (adr/0024), and SQLite's own write takes less than 128 KiB at once. */
#define ROOM (64 << 10)

/* A piece ends where one of the kernel's pages does: the next begins there, and no page is written
 * to twice. */
#define PIECE 4096

/* SQLite's file format, 4.1: a frame's header, and where it has the mark of a commit. */
#define FRAME_HEADER_SIZE 24
#define MARK_AT 4
#define MARK_SIZE 4

struct sqlite_log {
    struct sqlite_shim shim;
    sqlite3_file *file;
    bool is_collecting;
    int code;             /* of the write that has failed meanwhile; SQLITE_OK */
    sqlite3_int64 offset; /* where what is collected belongs … */
    int n;                /* … and its size */
    uint8_t bytes[ROOM];
};

/* The first `n` bytes of what is collected. */
static int write_out(struct sqlite_log *log, int n)
{
    if (log->code != SQLITE_OK || n == 0)
        return log->code;
    log->code = log->shim.real->xWrite(log->file, log->bytes, n, log->offset);
    log->offset += n;
    log->n -= n;
    memmove(log->bytes, log->bytes + n, (size_t)log->n);
    return log->code;
}

/* Room for `n` bytes that belong to `offset`; where there cannot be as much, nothing is left. */
static int make_room(struct sqlite_log *log, int n, sqlite3_int64 offset)
{
    if (offset != log->offset + log->n || n > ROOM - PIECE)
        return write_out(log, log->n);
    if (log->n + n <= ROOM)
        return log->code;
    return write_out(log, log->n - (int)((log->offset + log->n) % PIECE));
}

static bool has_commit_mark(const uint8_t *bytes, int n)
{
    static const uint8_t none[MARK_SIZE] = { 0 };

    return n == FRAME_HEADER_SIZE && memcmp(bytes + MARK_AT, none, MARK_SIZE) != 0;
}

static int collect(struct sqlite_log *log, const void *from, int n, sqlite3_int64 offset)
{
    if (make_room(log, n, offset) != SQLITE_OK)
        return log->code;
    if (n > ROOM - PIECE)
        return log->code = log->shim.real->xWrite(log->file, from, n, offset);
    if (log->n == 0)
        log->offset = offset;
    memcpy(log->bytes + log->n, from, (size_t)n);
    log->n += n;
    if (!has_commit_mark(from, n))
        return SQLITE_OK;
    log->is_collecting = write_out(log, log->n) != SQLITE_OK;
    return log->code;
}

/* What was collected is in the file, and nothing has failed. */
static int settle(struct sqlite_log *log)
{
    return log->is_collecting ? write_out(log, log->n) : SQLITE_OK;
}

/* ---- the methods ---- */

static int log_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 offset)
{
    struct sqlite_log *const log = sqlite_shim_owner(file);

    return log->is_collecting ? collect(log, from, n, offset)
                              : log->shim.real->xWrite(file, from, n, offset);
}

static int log_read(sqlite3_file *file, void *to, int n, sqlite3_int64 offset)
{
    struct sqlite_log *const log = sqlite_shim_owner(file);
    const int code = settle(log);

    return code == SQLITE_OK ? log->shim.real->xRead(file, to, n, offset) : code;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct sqlite_log *const log = sqlite_shim_owner(file);
    const int code = settle(log);

    return code == SQLITE_OK ? log->shim.real->xTruncate(file, size) : code;
}

static int log_sync(sqlite3_file *file, int flags)
{
    struct sqlite_log *const log = sqlite_shim_owner(file);
    const int code = settle(log);

    return code == SQLITE_OK ? log->shim.real->xSync(file, flags) : code;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret)
{
    struct sqlite_log *const log = sqlite_shim_owner(file);
    const int code = settle(log);

    return code == SQLITE_OK ? log->shim.real->xFileSize(file, ret) : code;
}

struct sqlite_log *sqlite_log_new(sqlite3 *writer)
{
    sqlite3_file *file = NULL;

    if (sqlite3_file_control(writer, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK ||
        !file || !file->pMethods)
        return NULL;
    struct sqlite_log *log = xcalloc(1, sizeof *log);

    log->file = file;
    sqlite_shim_init(&log->shim, file, log);
    log->shim.methods.xWrite = log_write;
    log->shim.methods.xRead = log_read;
    log->shim.methods.xTruncate = log_truncate;
    log->shim.methods.xSync = log_sync;
    log->shim.methods.xFileSize = log_size;
    sqlite_shim_put(&log->shim, file);
    return log;
}

void sqlite_log_free(struct sqlite_log *log)
{
    free(log);
}

void sqlite_log_begin(struct sqlite_log *log)
{
    if (!log)
        return;
    log->is_collecting = true;
    log->code = SQLITE_OK;
    log->n = 0;
}

void sqlite_log_end(struct sqlite_log *log, bool is_committed)
{
    if (!log)
        return;
    /* SQLite does not commit without a mark, nor where a write has failed. */
    ASSERT(!is_committed || (log->n == 0 && log->code == SQLITE_OK));
    log->is_collecting = false;
}

/* As SQLite itself would, the directory that has a new log included; but not by the method of ours,
 * as the one who writes may be collecting again. */
bool sqlite_log_sync(const struct sqlite_log *log)
{
    return log && log->shim.real->xSync(log->file, SQLITE_SYNC_NORMAL) == SQLITE_OK;
}
