/* db/sqlite_checkpoint: see the header. */
#include "db/sqlite_checkpoint.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "db/sqlite_conn.h"
#include "db/turn.h"

/* So long may the log be before the thread takes the turn, … */
#define LONG_LOG (3 * SQLITE_CHECKPOINT_PAGES)

/* … and so long before whoever commits does what the thread does not come to. */
#define TOO_LONG_LOG (6 * SQLITE_CHECKPOINT_PAGES)

#define TURN_WAIT_MS 10000

struct sqlite_checkpoint {
    char *path;
    sqlite3 *writer;
    struct turn *turn;
    pthread_t thread;
    struct sqlite_conn *conn; /* the thread's */

    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool has_thread;
    bool is_wanted;
    bool is_ending;
    int n_pages; /* of the log */
    int n_done;  /* of these, the thread has seen to */
};

static int n_pages_now(struct sqlite_checkpoint *self)
{
    (void)pthread_mutex_lock(&self->lock);
    const int n = self->n_pages;

    (void)pthread_mutex_unlock(&self->lock);
    return n;
}

/* What fails stays in the log, where it is safe, and is tried again when there is more. */
static void bring_to_file(struct sqlite_checkpoint *self)
{
    (void)sqlite3_wal_checkpoint_v2(self->conn->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
        NULL);
}

static void bring_the_rest(struct sqlite_checkpoint *self)
{
    bool goes_on;

    if (!turn_take(self->turn, TURN_ALONE, TURN_WAIT_MS, &goes_on))
        return;
    bring_to_file(self);
    turn_give(self->turn);
}

static void work(struct sqlite_checkpoint *self)
{
    const struct db_conf conf = { 0 };
    struct err ignored = { 0 };

    if (!self->conn && !sqlite_conn_open(self->path, &conf, TURN_WAIT_MS, &self->conn, &ignored)) {
        err_clear(&ignored);
        return;
    }
    const int n_before = n_pages_now(self);

    bring_to_file(self);
    if (n_pages_now(self) > n_before && n_before >= LONG_LOG)
        bring_the_rest(self);
    (void)pthread_mutex_lock(&self->lock);
    if (self->n_pages >= n_before)
        self->n_done = n_before;
    (void)pthread_mutex_unlock(&self->lock);
}

static void *thread_main(void *context)
{
    struct sqlite_checkpoint *const self = context;

    (void)pthread_mutex_lock(&self->lock);
    while (!self->is_ending) {
        if (!self->is_wanted) {
            (void)pthread_cond_wait(&self->wake, &self->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&self->lock);
        work(self);
        (void)pthread_mutex_lock(&self->lock);
        self->is_wanted = false;
    }
    (void)pthread_mutex_unlock(&self->lock);
    sqlite_conn_free(self->conn);
    return NULL;
}

/* With the lock held. */
static void want(struct sqlite_checkpoint *self)
{
    if (!self->has_thread)
        self->has_thread = pthread_create(&self->thread, NULL, thread_main, self) == 0;
    self->is_wanted = true;
    (void)pthread_cond_signal(&self->wake);
}

void sqlite_checkpoint_note(struct sqlite_checkpoint *checkpoint, int n_pages)
{
    (void)pthread_mutex_lock(&checkpoint->lock);
    if (n_pages < checkpoint->n_pages)
        checkpoint->n_done = 0; /* the log has begun anew */
    checkpoint->n_pages = n_pages;
    if (n_pages - checkpoint->n_done >= SQLITE_CHECKPOINT_PAGES && !checkpoint->is_wanted)
        want(checkpoint);
    const bool is_ours = n_pages >= TOO_LONG_LOG;

    (void)pthread_mutex_unlock(&checkpoint->lock);
    if (is_ours)
        (void)sqlite3_wal_checkpoint_v2(checkpoint->writer, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
            NULL);
}

struct sqlite_checkpoint *sqlite_checkpoint_new(const char *path, sqlite3 *writer,
    struct turn *turn)
{
    struct sqlite_checkpoint *self = xcalloc(1, sizeof *self);

    self->path = xstrdup(path);
    self->writer = writer;
    self->turn = turn;
    (void)pthread_mutex_init(&self->lock, NULL);
    (void)pthread_cond_init(&self->wake, NULL);
    return self;
}

void sqlite_checkpoint_free(struct sqlite_checkpoint *checkpoint)
{
    if (!checkpoint)
        return;
    (void)pthread_mutex_lock(&checkpoint->lock);
    checkpoint->is_ending = true;
    (void)pthread_cond_signal(&checkpoint->wake);
    const bool has_thread = checkpoint->has_thread;

    (void)pthread_mutex_unlock(&checkpoint->lock);
    if (has_thread)
        (void)pthread_join(checkpoint->thread, NULL);
    (void)pthread_cond_destroy(&checkpoint->wake);
    (void)pthread_mutex_destroy(&checkpoint->lock);
    free(checkpoint->path);
    free(checkpoint);
}
