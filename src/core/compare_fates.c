/*
 * core/compare_fates: whether current versions are replaced, and which versions change their role.
 */
#include "core/compare.h"

#include <stdarg.h>

#include "codec/hostport.h"
#include "core/compare_work.h"

#define LAGGARDS_MAX (32U << 10)
#define LAGGARDS_NAMED 50

/* ---- fates ---- */

/* May it stand where `old` stood? A neighbour's own certificate may, if it outlives the old one. */
static bool is_accepted(const struct compare_work *work, size_t observation,
    const struct compare_version *old)
{
    const struct compare_version *const v = compare_version_of(work, observation);

    switch (work->result->sights[observation].kind) {
    case SIGHT_CURRENT:
    case SIGHT_SUCCESSOR:
        return v != old;
    case SIGHT_SIBLING:
        return v->facts.not_after >= work->input->now &&
               match_end(&v->facts) > match_end(&old->facts);
    case SIGHT_NOTHING:
    case SIGHT_ROLLED_BACK:
    case SIGHT_FOREIGN:
        break;
    }
    return false;
}

/* Where it is served for the old one's kind of key, that one decides; else any other will do. */
static size_t deciding(const struct compare_work *work, const struct place *place,
    const struct compare_version *old)
{
    size_t found = place->first;

    for (size_t i = place->first; i < place->first + place->n; i++) {
        const struct compare_version *const v = compare_version_of(work, i);

        if (v && compare_is_slot(v, old->slot))
            return i;
        if (is_accepted(work, i, old))
            found = i;
    }
    return found;
}

static void lag(struct compare_fate *fate, const char *format, ...) printf_like(2, 3);

static void lag(struct compare_fate *fate, const char *format, ...)
{
    char line[768];
    va_list args;

    /* The n-th place that lags: those after LAGGARDS_NAMED are counted at the end. */
    if (fate->n_places - fate->n_replaced > LAGGARDS_NAMED)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_addf(&fate->laggards, "%s\n", line);
}

static void take_into_account(const struct compare_work *work, size_t observation,
    const struct compare_version *old, struct compare_fate *fate)
{
    const struct compare_version *const v = compare_version_of(work, observation);

    fate->n_replaced++;
    fate->ends_later = fate->ends_later && match_end(&v->facts) > match_end(&old->facts);
    if (fate->successor_id == 0 || compare_is_slot(v, old->slot))
        fate->successor_id = v->id;
}

static const char *failure_at(const struct compare_work *work, const struct place *place)
{
    for (size_t i = place->first; i < place->first + place->n; i++) {
        const struct observation_row *const row = &work->input->observations[i];

        if (row->error_class[0])
            return row->error[0] ? row->error : row->error_class;
    }
    return "";
}

static void ask_place(const struct compare_work *work, const struct place *place,
    const struct compare_version *old, struct compare_fate *fate)
{
    const struct endpoint_row *const endpoint = &work->input->endpoints[place->endpoint];
    const struct hostport_text where = hostport_text(endpoint->host, endpoint->port);
    const size_t i = deciding(work, place, old);
    const struct compare_version *const v = compare_version_of(work, i);
    const char *const address = work->input->observations[i].address;

    fate->n_places++;
    if (place->is_failing)
        lag(fate, "%s at %s: not reached (%.300s)", where.text, address, failure_at(work, place));
    else if (v && is_accepted(work, i, old))
        take_into_account(work, i, old, fate);
    else if (v == old)
        lag(fate, "%s at %s: still serves %.100s", where.text, address, old->label);
    else
        lag(fate, "%s at %s: serves %.100s, which is no successor: %s", where.text, address,
            v ? v->label : "nothing",
            work->result->sights[i].reason[0] ? work->result->sights[i].reason
                                              : "it does not end later");
}

static bool has_failing_place(const struct compare_work *work, size_t endpoint)
{
    for (size_t i = 0; i < work->n_places; i++)
        if (work->places[i].endpoint == endpoint && work->places[i].counts &&
            work->places[i].is_failing)
            return true;
    return false;
}

/* A name that could not be looked up, or was not yet: nobody knows what its addresses serve. */
static void ask_endpoint(const struct compare_work *work, size_t i, struct compare_fate *fate)
{
    const struct endpoint_row *const endpoint = &work->input->endpoints[i];
    const struct hostport_text where = hostport_text(endpoint->host, endpoint->port);

    if (endpoint->last_checked_at == 0) {
        fate->n_places++;
        lag(fate, "%s: not checked yet", where.text);
    } else if (compare_is_endpoint_failing(work, i) && !has_failing_place(work, i)) {
        fate->n_places++;
        lag(fate, "%s: not reached (%.300s)", where.text,
            endpoint->error[0] ? endpoint->error : endpoint->error_class);
    }
}

void compare_decide_fate(const struct compare_work *work, const struct compare_version *old,
    struct compare_fate *fate)
{
    *fate = (struct compare_fate){ .version_id = old->id, .ends_later = true };
    buf_init(&fate->laggards, LAGGARDS_MAX);
    for (size_t i = 0; i < work->n_places; i++)
        if (work->places[i].counts && work->places[i].endpoint < work->input->n_endpoints)
            ask_place(work, &work->places[i], old, fate);
    for (size_t i = 0; i < work->input->n_endpoints; i++)
        ask_endpoint(work, i, fate);

    const size_t n_lagging = fate->n_places - fate->n_replaced;

    if (n_lagging > LAGGARDS_NAMED)
        buf_addf(&fate->laggards, "and %zu more\n", n_lagging - LAGGARDS_NAMED);
    fate->is_replaced = fate->n_places > 0 && n_lagging == 0;
    fate->ends_later = fate->ends_later && fate->n_replaced > 0;
}

void compare_decide_fates(struct compare_work *work)
{
    struct compare_result *const result = work->result;

    for (size_t i = 0; i < work->input->n_versions && result->n_fates < COMPARE_FATES_MAX; i++)
        if (work->is_current[i])
            compare_decide_fate(work, &work->input->versions[i], &result->fates[result->n_fates++]);
}

/* ---- moves ---- */

static const struct compare_fate *fate_of(const struct compare_work *work,
    const struct compare_version *version)
{
    for (size_t i = 0; i < work->result->n_fates; i++)
        if (work->result->fates[i].version_id == version->id)
            return &work->result->fates[i];
    return NULL;
}

static bool is_seen_anywhere(const struct compare_work *work, size_t version)
{
    for (size_t i = 0; i < work->input->n_observations; i++)
        if (work->versions[i] == version)
            return true;
    return false;
}

/* Does it belong to the record, and is it served at a place that counts? */
static bool is_kin(const struct compare_work *work, size_t version)
{
    for (size_t i = 0; i < work->input->n_observations; i++) {
        const struct compare_sight *const sight = &work->result->sights[i];

        if (work->versions[i] == version && sight->counts &&
            (sight->kind == SIGHT_SUCCESSOR || sight->kind == SIGHT_SIBLING))
            return true;
    }
    return false;
}

/* Of those in the slot, the one that ends first: what is worst is what counts. */
static size_t heir(const struct compare_work *work, const char *slot)
{
    const struct compare_input *const input = work->input;
    size_t best = NO_VERSION;

    for (size_t i = 0; i < input->n_versions; i++) {
        const struct compare_version *const v = &input->versions[i];

        if (!compare_is_slot(v, slot) || !is_kin(work, i))
            continue;
        if (best == NO_VERSION || match_end(&v->facts) < match_end(&input->versions[best].facts))
            best = i;
    }
    return best;
}

static bool are_all_replaced(const struct compare_work *work)
{
    for (size_t i = 0; i < work->result->n_fates; i++)
        if (!work->result->fates[i].is_replaced)
            return false;
    return work->result->n_fates > 0;
}

/* Does each place that counts answer, with something of the record's kin in that slot? */
static bool is_slot_everywhere(const struct compare_work *work, const char *slot)
{
    for (size_t p = 0; p < work->n_places; p++) {
        const struct place *const place = &work->places[p];
        bool is_there = !place->counts;

        for (size_t i = place->first; i < place->first + place->n && !is_there; i++) {
            const enum sight_kind kind = work->result->sights[i].kind;
            const struct compare_version *const v = compare_version_of(work, i);

            is_there = v && compare_is_slot(v, slot) && !place->is_failing &&
                       (kind == SIGHT_SUCCESSOR || kind == SIGHT_SIBLING);
        }
        if (!is_there)
            return false;
    }
    return true;
}

/* Is it time for an heir to take the slot? */
static bool is_slot_free(const struct compare_work *work, const char *slot)
{
    const struct compare_version *const current = compare_current_in(work, slot);

    if (!current)
        return are_all_replaced(work) || is_slot_everywhere(work, slot);
    const struct compare_fate *const fate = fate_of(work, current);

    return fate && fate->is_replaced;
}

/* A version that the record has on account of having been seen, and that nobody serves any more. */
static bool is_left_over(const struct compare_work *work, size_t version)
{
    const struct compare_version *const v = &work->input->versions[version];

    return v->is_known && v->role == VERSION_STAGED && v->origin == VERSION_SEEN &&
           !is_seen_anywhere(work, version);
}

/* What the version is to the record from now on. False where it is nothing. */
static bool role_of(const struct compare_work *work, size_t version, enum version_role *ret)
{
    const struct compare_version *const v = &work->input->versions[version];
    const struct compare_fate *const fate = work->is_current[version] ? fate_of(work, v) : NULL;

    if ((fate && fate->is_replaced) || is_left_over(work, version)) {
        *ret = VERSION_SUPERSEDED;
        return true;
    }
    if (work->is_current[version]) {
        *ret = VERSION_CURRENT;
        return true;
    }
    if (!is_kin(work, version))
        return false;
    *ret = !work->result->is_first && heir(work, v->slot) == version && is_slot_free(work, v->slot)
               ? VERSION_CURRENT
               : VERSION_STAGED;
    return true;
}

void compare_decide_moves(struct compare_work *work)
{
    for (size_t i = 0; i < work->input->n_versions; i++) {
        const struct compare_version *const v = &work->input->versions[i];
        enum version_role role = VERSION_STAGED;

        if (role_of(work, i, &role) && !(v->is_known && v->role == role))
            work->result->moves[work->result->n_moves++] =
                (struct compare_move){ .version_id = v->id, .role = role };
    }
}
