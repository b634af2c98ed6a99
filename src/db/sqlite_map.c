/*
 * db/sqlite_map: see the header.
 *
 * SQLite asks the methods of an open file for a mapped page (xFetch), and reads it where there is
 * none. So this one, and what gives the page back, are exchanged for ours (db/sqlite_shim).
 *
 * A page that SQLite asks for is one of its snapshot that is not in the log: a checkpoint does not
 * write it while somebody reads that. What is mapped once stays where it is until the last
 * connection is closed, so nothing has to be given back.
 */
#include "db/sqlite_map.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"
#include "db/sqlite_shim.h"

/* Mapped as the file grows into them. */
#define CHUNK_BITS 28
#define CHUNK_SIZE ((int64_t)1 << CHUNK_BITS)
#define N_CHUNKS 4096

#define REST_MS 60000

/* One for each file. Its descriptor must not be closed before the last connection is: that would
 * end the locks that they have on the file. */
struct mapping {
    dev_t device;
    ino_t inode;
    int fd;
    int n_users;
    struct mapping *next;
    atomic_bool is_warm;                 /* used since its pages were given back … */
    _Atomic(int64_t) used_at_ms;         /* … and last then */
    _Atomic(uint8_t *) chunks[N_CHUNKS]; /* NULL: not needed yet */
};

/* The mappings, their users, and the making of chunks. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mapping *mappings;

struct sqlite_map {
    struct sqlite_shim shim;
    struct mapping *mapping;
    int64_t max;
    sqlite3_int64 size; /* of the file, at least */
    bool is_used;
};

static struct mapping *find_mapping(const struct stat *status)
{
    for (struct mapping *m = mappings; m; m = m->next) {
        if (m->device == status->st_dev && m->inode == status->st_ino)
            return m;
    }
    return NULL;
}

static struct mapping *make_mapping(const char *path, const struct stat *status)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return NULL;
    struct mapping *mapping = xcalloc(1, sizeof *mapping);

    mapping->device = status->st_dev;
    mapping->inode = status->st_ino;
    mapping->fd = fd;
    mapping->next = mappings;
    mappings = mapping;
    return mapping;
}

static struct mapping *take_mapping(const char *path)
{
    struct stat status;
    struct mapping *mapping = NULL;

    (void)pthread_mutex_lock(&lock);
    if (stat(path, &status) == 0) {
        mapping = find_mapping(&status);
        if (!mapping)
            mapping = make_mapping(path, &status);
        if (mapping)
            mapping->n_users++;
    }
    (void)pthread_mutex_unlock(&lock);
    return mapping;
}

static void free_mapping(struct mapping *mapping)
{
    for (struct mapping **link = &mappings; *link; link = &(*link)->next) {
        if (*link == mapping) {
            *link = mapping->next;
            break;
        }
    }
    for (size_t i = 0; i < N_CHUNKS; i++) {
        uint8_t *chunk = atomic_load(&mapping->chunks[i]);

        if (chunk)
            (void)munmap(chunk, CHUNK_SIZE);
    }
    fd_close(mapping->fd);
    free(mapping);
}

static void give_mapping(struct mapping *mapping)
{
    (void)pthread_mutex_lock(&lock);
    if (--mapping->n_users == 0)
        free_mapping(mapping);
    (void)pthread_mutex_unlock(&lock);
}

/* Read here and there: the kernel need not read what lies around. Past the end of the file there
 * is nothing yet, and nothing is asked for. */
static uint8_t *map_chunk(struct mapping *mapping, size_t i)
{
    (void)pthread_mutex_lock(&lock);
    uint8_t *chunk = atomic_load(&mapping->chunks[i]);

    if (!chunk) {
        void *made =
            mmap(NULL, CHUNK_SIZE, PROT_READ, MAP_SHARED, mapping->fd, (off_t)i << CHUNK_BITS);

        if (made != MAP_FAILED) {
            (void)madvise(made, CHUNK_SIZE, MADV_RANDOM);
            chunk = made;
            atomic_store(&mapping->chunks[i], chunk);
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return chunk;
}

static int fetch(sqlite3_file *file, sqlite3_int64 offset, int n, void **ret)
{
    struct sqlite_map *const map = sqlite_shim_owner(file);
    const size_t i = (size_t)(offset >> CHUNK_BITS);

    *ret = NULL;
    if (!map->is_used || offset + n > map->max || (offset + n - 1) >> CHUNK_BITS != (int64_t)i)
        return SQLITE_OK;
    if (offset + n > map->size) {
        const int code = map->shim.real->xFileSize(file, &map->size);

        if (code != SQLITE_OK || offset + n > map->size)
            return code;
    }
    uint8_t *chunk = atomic_load_explicit(&map->mapping->chunks[i], memory_order_acquire);

    if (!chunk)
        chunk = map_chunk(map->mapping, i);
    if (chunk)
        *ret = chunk + (offset & (CHUNK_SIZE - 1));
    return SQLITE_OK;
}

static int unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
    (void)file;
    (void)offset;
    (void)page;
    return SQLITE_OK;
}

struct sqlite_map *sqlite_map_new(sqlite3 *handle, int64_t max)
{
    const char *path = sqlite3_db_filename(handle, "main");
    sqlite3_file *file = NULL;

    if (max <= 0 || !path || !*path ||
        sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        !file->pMethods || file->pMethods->iVersion < 3)
        return NULL;
    struct mapping *mapping = take_mapping(path);

    if (!mapping)
        return NULL;
    struct sqlite_map *map = xcalloc(1, sizeof *map);

    map->mapping = mapping;
    map->max = max < N_CHUNKS * CHUNK_SIZE ? max : N_CHUNKS * CHUNK_SIZE;
    sqlite_shim_init(&map->shim, file, map);
    map->shim.methods.xFetch = fetch;
    map->shim.methods.xUnfetch = unfetch;
    sqlite_shim_put(&map->shim, file);
    return map;
}

void sqlite_map_free(struct sqlite_map *map)
{
    if (!map)
        return;
    give_mapping(map->mapping);
    free(map);
}

void sqlite_map_rest(struct sqlite_map *map, int64_t idle_ms)
{
    struct mapping *mapping = map->mapping;

    if (!atomic_load(&mapping->is_warm) ||
        clock_mono_ms() - atomic_load(&mapping->used_at_ms) < idle_ms ||
        !atomic_exchange(&mapping->is_warm, false))
        return;
    for (size_t i = 0; i < N_CHUNKS; i++) {
        uint8_t *chunk = atomic_load(&mapping->chunks[i]);

        if (chunk)
            (void)madvise(chunk, CHUNK_SIZE, MADV_DONTNEED);
    }
}

void sqlite_map_use(struct sqlite_map *map, bool is_used)
{
    if (!map)
        return;
    map->is_used = is_used;
    if (!is_used) {
        sqlite_map_rest(map, REST_MS);
        return;
    }
    atomic_store(&map->mapping->used_at_ms, clock_mono_ms());
    atomic_store(&map->mapping->is_warm, true);
}
