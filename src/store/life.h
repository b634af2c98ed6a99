/*
 * store/life: how the records that profiles renew stand, and which of them are due.
 *
 * A row is made when a record gets its profile, and planned anew whenever something changes on
 * which core/renewal builds: a certificate was issued, failed or revoked, a request came, the
 * profile was edited. renew_at is then the next attempt, back-off included, so that one index finds
 * all that is due.
 */
#pragma once

#include "base/err.h"
#include "core/renewal.h"
#include "core/rows_lifecycle.h"

struct tx;

/* Make or replace the row as it is; renew_at is planned by store_life_replan(). */
bool store_life_put(struct tx *tx, const struct life_row *row, struct err *err) must_check;

/* *ret is NULL for a record that no profile renews. */
bool store_life_find(struct tx *tx, int64_t certificate_id, struct life_row **ret, struct err *err)
    must_check;
bool store_life_delete(struct tx *tx, int64_t certificate_id, struct err *err) must_check;

/* All that core/renewal asks; `input` borrows from the rows beside it. */
struct life_facts {
    struct life_row *life;
    struct profile_row *profile;
    struct renewal_input input; /* both NULL: not managed */
};
void life_facts_done(struct life_facts *facts);

bool store_life_facts(struct tx *tx, int64_t certificate_id, int64_t now, struct life_facts *ret,
    struct err *err) must_check;

/* Plan again what a clock that was ahead has put off after a failure, `limit` of them. Looks at all
 * of the rows. */
bool store_life_credible(struct tx *tx, int64_t limit, int64_t now, struct err *err) must_check;

/* Write the plan's renew_at. *ret is that plan; NULL: not wanted. */
bool store_life_replan(struct tx *tx, int64_t certificate_id, int64_t now, struct renewal_plan *ret,
    struct err *err) must_check;

/*
 * The same for up to `limit` records of a profile, in the order of their ids, from behind
 * `after_id` on. *ret_last is the last one's id, 0 when there are no more.
 */
bool store_life_replan_profile(struct tx *tx, int64_t profile_id, int64_t after_id, int64_t limit,
    int64_t now, int64_t *ret_last, struct err *err) must_check;

/*
 * A certificate was issued: failures are forgotten, an activation of Force Renewal is done with,
 * and the next renewal is planned. Call it after the record has the new version. When it was the
 * last that Force Renewal waited for, the profile's flag clears.
 */
bool store_life_issued(struct tx *tx, int64_t certificate_id, int64_t now, struct err *err)
    must_check;

/* An attempt has failed: counts it, remembers the message, and plans the next one. */
bool store_life_failed(struct tx *tx, int64_t certificate_id, enum err_kind kind,
    const char *message, int64_t now, struct err *err) must_check;

/*
 * Up to `limit` records that are due, longest first, without those that have an order under way or
 * a profile or CA that is disabled. Whether one really is tells its plan (store_life_facts), asked
 * for in the transaction that makes its order. `after` is the last row of the page before; NULL:
 * the first page.
 */
bool store_life_due(struct tx *tx, int64_t now, const struct life_row *after, int64_t limit,
    struct life_rows *rows, struct err *err) must_check;

/* When the next one is, after `now`; 0: none is planned. */
bool store_life_next_due(struct tx *tx, int64_t now, int64_t *ret, struct err *err) must_check;

DEFINE_AUTODONE(life_facts);
