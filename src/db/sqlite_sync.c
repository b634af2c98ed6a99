/* db/sqlite_sync: see the header. */
#include "db/sqlite_sync.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/log.h"
#include "db/sqlite_log.h"

struct sqlite_sync {
    const struct sqlite_log *log;
    pthread_mutex_t lock; /* everything below */
    pthread_cond_t changed;
    int64_t n_noted;
    int64_t n_synced; /* of these, on the disk */
    bool is_syncing;  /* somebody asks the disk */
};

struct sqlite_sync *sqlite_sync_new(const struct sqlite_log *log)
{
    struct sqlite_sync *sync = xcalloc(1, sizeof *sync);

    sync->log = log;
    (void)pthread_mutex_init(&sync->lock, NULL);
    (void)pthread_cond_init(&sync->changed, NULL);
    return sync;
}

void sqlite_sync_free(struct sqlite_sync *sync)
{
    if (!sync)
        return;
    (void)pthread_cond_destroy(&sync->changed);
    (void)pthread_mutex_destroy(&sync->lock);
    free(sync);
}

void sqlite_sync_note(struct sqlite_sync *sync)
{
    (void)pthread_mutex_lock(&sync->lock);
    sync->n_noted++;
    (void)pthread_mutex_unlock(&sync->lock);
}

int64_t sqlite_sync_mark(struct sqlite_sync *sync)
{
    (void)pthread_mutex_lock(&sync->lock);
    const int64_t mark = sync->n_noted;

    (void)pthread_mutex_unlock(&sync->lock);
    return mark;
}

/* With the lock held, which is given up meanwhile. */
static void sync_all(struct sqlite_sync *sync)
{
    const int64_t mark = sync->n_noted;

    sync->is_syncing = true;
    (void)pthread_mutex_unlock(&sync->lock);
    if (!sqlite_log_sync(sync->log)) {
        log_error("database.disk_failed",
            KV_STR("what", "the log could not be brought to the disk"));
        abort();
    }
    (void)pthread_mutex_lock(&sync->lock);
    sync->is_syncing = false;
    sync->n_synced = mark;
    (void)pthread_cond_broadcast(&sync->changed);
}

void sqlite_sync_wait(struct sqlite_sync *sync, int64_t mark)
{
    (void)pthread_mutex_lock(&sync->lock);
    while (sync->n_synced < mark) {
        if (sync->is_syncing)
            (void)pthread_cond_wait(&sync->changed, &sync->lock);
        else
            sync_all(sync);
    }
    (void)pthread_mutex_unlock(&sync->lock);
}
