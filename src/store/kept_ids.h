/*
 * store/kept_ids: the ids that a query gives, kept in memory until something is changed that it
 * reads: those of a tag, a word or of what somebody may see are asked for again with other
 * conditions beside, and change seldom. On SQLite; of PostgreSQL nothing is kept.
 *
 * All threads share what is kept, up to some megabytes: what was asked for the longest ago goes
 * first. Not for others than store/.
 */
#pragma once

#include "store/select.h"

struct id_list;

/* What a query is known by. */
struct kept_question {
    uint8_t bytes[32];
    struct stmt_stamp stamp;
    bool is_there; /* false: nothing is found, and nothing kept */
};

/* Of a query that is prepared and bound, and has not been run. */
void kept_ids_ask(const struct select *select, const struct stmt *q, struct kept_question *ret);

/* How many are kept? -1: it is not known. */
int64_t kept_ids_count(const struct kept_question *question);

/* All of them, ascending, into an empty `ids`; at least those among `ids`, which are ascending.
 * False: they are not kept, and `ids` is as it was. */
bool kept_ids_find(const struct kept_question *question, struct id_list *ids);
bool kept_ids_pick(const struct kept_question *question, struct id_list *ids);

/* Ascending, once each. Fewer than are worth it are not kept. */
void kept_ids_keep(const struct kept_question *question, const struct id_list *ids);

/* Forget what nobody has asked for in the last `idle_ms`. */
void kept_ids_rest(int64_t idle_ms);
