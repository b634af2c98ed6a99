/*
 * db/sqlite_map: the file of an SQLite database as memory, for transactions that read a few records
 * of many: a page of the file is then there without a system call and a copy, which take most of
 * what looking up one record of a million costs.
 *
 * SQLite could do so itself (mmap_size), but would map the file once for each connection, and no
 * more than 2 GiB of it. Here all connections of the process share one map, as far as `max` goes;
 * what lies beyond it is read, as is everything outside such transactions, so that whoever reads
 * all there is does not have all of it in the process. The pages are the kernel's, which may take
 * them back. A disk that fails to read a mapped page ends the process (SIGBUS). For
 * db/sqlite_conn alone.
 */
#pragma once

#include <sqlite3.h>

#include "base/base.h"

struct sqlite_map;

/* The map of the file that `handle` has open. Freed after the handle is closed. NULL where the file
 * cannot be mapped, and NULL may be given to the others. */
struct sqlite_map *sqlite_map_new(sqlite3 *handle, int64_t max);
void sqlite_map_free(struct sqlite_map *map);

/* From now on, pages of this connection come from the map, or are read. Not while statements run.
 */
void sqlite_map_use(struct sqlite_map *map, bool is_used);

/* Give the pages that are in the process back to the kernel, if nobody has used the map for as long
 * as `idle_ms`. sqlite_map_use(map, false) does so after a minute. */
void sqlite_map_rest(struct sqlite_map *map, int64_t idle_ms);
