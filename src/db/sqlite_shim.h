/*
 * db/sqlite_shim: some methods of a file that SQLite has open are ours.
 *
 * The methods are copied, some exchanged, and the copy is put in the place of the others: what
 * SQLite gives to a method, the file, leads to the copy, and from there to whom it belongs.
 * SQLite's interface allows that, and the tests would tell of a later SQLite that does not expect
 * it. For db/sqlite_map and db/sqlite_log.
 */
#pragma once

#include <sqlite3.h>

#include "base/base.h"

struct sqlite_shim {
    sqlite3_io_methods methods; /* the first member: the file leads here */
    const sqlite3_io_methods *real;
    void *owner;
};

/* The copy, still without methods of ours. `owner` is borrowed. */
static inline void sqlite_shim_init(struct sqlite_shim *shim, const sqlite3_file *file, void *owner)
{
    *shim =
        (struct sqlite_shim){ .methods = *file->pMethods, .real = file->pMethods, .owner = owner };
}

/* From now on, and until the file is closed: `shim` is borrowed for that long. */
static inline void sqlite_shim_put(const struct sqlite_shim *shim, sqlite3_file *file)
{
    file->pMethods = &shim->methods;
}

/* In a method of ours: whose file is it? */
static inline void *sqlite_shim_owner(const sqlite3_file *file)
{
    return ((const struct sqlite_shim *)(const void *)file->pMethods)->owner;
}
