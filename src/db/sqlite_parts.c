/* db/sqlite_parts: see the header. */
#include "db/sqlite_parts.h"

#include <string.h>

/* FNV-1a, with what cannot be in a name between the two. */
static void add_part(struct sqlite_parts *parts, const char *table, const char *column)
{
    uint64_t hash = 0xCBF29CE484222325u;

    for (const char *c = table; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001B3u;
    for (const char *c = column; *c; c++)
        hash = (hash ^ (unsigned char)*c ^ (c == column ? 0xFF00u : 0)) * 0x100000001B3u;
    hash = (hash ^ hash >> 32) % SQLITE_N_PARTS;
    parts->bits[hash / 64] |= (uint64_t)1 << hash % 64;
}

/* A virtual table of words is asked for by a column that has its name, whichever of its columns is
 * changed. */
int sqlite_parts_note(void *context, int action, const char *table, const char *column,
    const char *database, const char *trigger)
{
    struct sqlite_use *const use = *(struct sqlite_use *const *)context;

    (void)database;
    (void)trigger;
    if (!use || !table)
        return SQLITE_OK;
    if (action == SQLITE_INSERT || action == SQLITE_DELETE) {
        add_part(&use->changed, table, "");
    } else if (action == SQLITE_UPDATE && column) {
        add_part(&use->changed, table, column);
        add_part(&use->changed, table, table);
    } else if (action == SQLITE_READ) {
        add_part(&use->read, table, "");
        if (column)
            add_part(&use->read, table, column);
    }
    return SQLITE_OK;
}

void sqlite_parts_add(struct sqlite_parts *to, const struct sqlite_parts *from)
{
    for (size_t i = 0; i < countof(to->bits); i++)
        to->bits[i] |= from->bits[i];
}

void sqlite_parts_add_all(struct sqlite_parts *to)
{
    memset(to->bits, 0xFF, sizeof to->bits);
}

void sqlite_commits_init(struct sqlite_commits *commits)
{
    static _Atomic(int64_t) n_places;

    commits->place = atomic_fetch_add(&n_places, 1) + 1;
}

/* What is committed shows to others before sqlite_commits_end() is called: so it is told before. */
void sqlite_commits_begin(struct sqlite_commits *commits, const struct sqlite_parts *parts)
{
    const int64_t number = atomic_fetch_add(&commits->n_begun, 1) + 1;

    for (size_t i = 0; i < SQLITE_N_PARTS; i++) {
        if (parts->bits[i / 64] >> i % 64 & 1)
            atomic_store(&commits->last[i], number);
    }
}

void sqlite_commits_end(struct sqlite_commits *commits, struct sqlite_parts *parts)
{
    atomic_store(&commits->n_ended, atomic_load(&commits->n_begun));
    *parts = (struct sqlite_parts){ 0 };
}

int64_t sqlite_commits_seen(const struct sqlite_commits *commits)
{
    return atomic_load(&commits->n_ended);
}

int64_t sqlite_commits_last(const struct sqlite_commits *commits, const struct sqlite_parts *parts,
    int64_t seen)
{
    int64_t last = 0;

    for (size_t i = 0; i < SQLITE_N_PARTS; i++) {
        const int64_t number =
            parts->bits[i / 64] >> i % 64 & 1 ? atomic_load(&commits->last[i]) : 0;

        last = number > last ? number : last;
    }
    return last <= seen ? last : -1;
}
