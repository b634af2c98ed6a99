/*
 * api/at_once: see the header. Time is kept as credit in microseconds: each answer takes from it
 * what it took, and between answers it grows by four times what passes: four fifths of all time.
 */
#include "api/at_once.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "db/db.h"

/* What may be used up in one go: so long may others on the loop have to wait. */
#define MAX_CREDIT_US 4000

struct at_once {
    bool (*open)(void *arg, struct db **ret, struct err *err);
    void *arg;
    struct db *db;     /* NULL: not opened yet */
    int64_t credit_us; /* below 0 after something slow: that has to pass first */
    int64_t counted_at_us;
};

struct at_once *at_once_new(bool (*open)(void *arg, struct db **ret, struct err *err), void *arg)
{
    struct at_once *at_once = xcalloc(1, sizeof *at_once);

    at_once->open = open;
    at_once->arg = arg;
    at_once->credit_us = MAX_CREDIT_US;
    return at_once;
}

void at_once_free(struct at_once *at_once)
{
    if (!at_once)
        return;
    db_close(at_once->db);
    free(at_once);
}

static void count_credit(struct at_once *at_once, int64_t now_us)
{
    const int64_t passed = now_us - at_once->counted_at_us;

    at_once->counted_at_us = now_us;
    at_once->credit_us += passed * 4;
    if (at_once->credit_us > MAX_CREDIT_US)
        at_once->credit_us = MAX_CREDIT_US;
}

/* Tried once: without the connection everything goes on as it would for a remote database. */
static void open_connection(struct at_once *at_once)
{
    struct err err = { 0 };

    if (!at_once->open(at_once->arg, &at_once->db, &err))
        log_warning("api.no_connection_of_the_loop", KV_ERR(&err),
            KV_STR("action", "leaving all to the workers, ignoring"));
    at_once->open = NULL;
}

struct db *at_once_begin(struct at_once *at_once, int64_t now_us)
{
    if (!at_once->db && at_once->open)
        open_connection(at_once);
    if (!at_once->db)
        return NULL;
    count_credit(at_once, now_us);
    return at_once->credit_us > 0 ? at_once->db : NULL;
}

void at_once_end(struct at_once *at_once, int64_t now_us)
{
    const int64_t began_us = at_once->counted_at_us;

    at_once->counted_at_us = now_us;
    at_once->credit_us -= now_us - began_us;
}
