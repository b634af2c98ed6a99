/* core/compare: see the header. This file says what each place serves; compare_fates what follows.
 */
#include "core/compare.h"

#include "base/alloc.h"
#include "core/compare_work.h"

static const char *const alert_names[N_COMPARE_ALERTS] = {
    [COMPARE_NONE] = "",
    [COMPARE_MIXED] = "mixed",
    [COMPARE_UNREACHABLE] = "unreachable",
    [COMPARE_WRONG_HOST] = "wrong_host",
    [COMPARE_ROLLED_BACK] = "rolled_back",
    [COMPARE_FOREIGN] = "foreign",
};

const char *compare_alert_name(enum compare_alert alert)
{
    ASSERT((size_t)alert < countof(alert_names));
    return alert_names[alert];
}

bool compare_is_alert_name(const char *name)
{
    for (size_t i = COMPARE_NONE + 1; i < countof(alert_names); i++)
        if (strcmp(alert_names[i], name) == 0)
            return true;
    return false;
}

/* ---- what is where ---- */

const struct compare_version *compare_version_of(const struct compare_work *work,
    size_t observation)
{
    const size_t at = work->versions[observation];

    return at == NO_VERSION ? NULL : &work->input->versions[at];
}

bool compare_is_slot(const struct compare_version *version, const char *slot)
{
    return strcmp(version->slot, slot) == 0;
}

const struct compare_version *compare_current_in(const struct compare_work *work, const char *slot)
{
    for (size_t i = 0; i < work->input->n_versions; i++)
        if (work->is_current[i] && compare_is_slot(&work->input->versions[i], slot))
            return &work->input->versions[i];
    return NULL;
}

static size_t find_version(const struct compare_input *input, int64_t id)
{
    for (size_t i = 0; i < input->n_versions; i++)
        if (input->versions[i].id == id)
            return i;
    return NO_VERSION;
}

static size_t find_endpoint(const struct compare_input *input, int64_t id)
{
    size_t i = 0;

    while (i < input->n_endpoints && input->endpoints[i].id != id)
        i++;
    return i;
}

static const char *why_not_counted(const struct observation_row *row)
{
    if (!row->is_in_dns)
        return "gone";
    if (row->is_waived)
        return "waived";
    return strcmp(row->error_class, "not_routable") == 0 ? "not_routable" : "";
}

static void look_at(struct compare_work *work, size_t i)
{
    const struct observation_row *const row = &work->input->observations[i];
    struct compare_sight *const sight = &work->result->sights[i];

    sight->not_because = why_not_counted(row);
    sight->counts = sight->not_because[0] == '\0';
    sight->is_failing = row->error_class[0] != '\0';
    work->versions[i] = row->version_id ? find_version(work->input, row->version_id) : NO_VERSION;
}

static bool is_same_place(const struct observation_row *a, const struct observation_row *b)
{
    return a->endpoint_id == b->endpoint_id && strcmp(a->address, b->address) == 0;
}

/* Runs of observations become places; one that does not count takes its place with it. */
static void find_places(struct compare_work *work)
{
    const struct compare_input *const input = work->input;
    struct place *place = NULL;

    for (size_t i = 0; i < input->n_observations; i++) {
        const struct observation_row *const row = &input->observations[i];

        look_at(work, i);
        if (!place || !is_same_place(row, &input->observations[place->first])) {
            place = &work->places[work->n_places++];
            *place = (struct place){ .first = i, .counts = true };
            place->endpoint = find_endpoint(input, row->endpoint_id);
        }
        place->n++;
        place->counts = place->counts && work->result->sights[i].counts;
        place->is_failing = place->is_failing || work->result->sights[i].is_failing;
    }
    for (size_t i = 0; i < work->n_places; i++) {
        const struct place *const found = &work->places[i];

        work->result->n_not_checked +=
            strcmp(work->result->sights[found->first].not_because, "not_routable") == 0;
    }
}

/* ---- the first look ---- */

static bool is_seen(const struct compare_work *work, size_t version)
{
    for (size_t i = 0; i < work->input->n_observations; i++)
        if (work->versions[i] == version && work->result->sights[i].counts)
            return true;
    return false;
}

/* Is it served where it covers the name that it is served for? */
static bool has_the_name(const struct compare_work *work, size_t version)
{
    for (size_t i = 0; i < work->input->n_observations; i++)
        if (work->versions[i] == version && work->result->sights[i].counts &&
            !compare_is_wrong_host(work, i))
            return true;
    return false;
}

static bool ends_before(const struct compare_version *a, const struct compare_version *b)
{
    return a->facts.not_after != b->facts.not_after ? a->facts.not_after < b->facts.not_after
                                                    : a->id < b->id;
}

/* The earliest-ending version seen that is related to `first` (NULL: any) and in `slot` (NULL:
 * any); of those that cover the name they are served for, if there are any. */
static size_t earliest(const struct compare_work *work, const struct compare_version *first,
    const char *slot)
{
    const struct compare_input *const input = work->input;
    size_t best = NO_VERSION;
    bool is_best_named = false;

    for (size_t i = 0; i < input->n_versions; i++) {
        const struct compare_version *const v = &input->versions[i];

        if (!is_seen(work, i) || (slot && !compare_is_slot(v, slot)) ||
            (first && !match_is_related(&first->facts, &v->facts, &input->needs)))
            continue;
        const bool is_named = has_the_name(work, i);

        if (best == NO_VERSION || is_named > is_best_named ||
            (is_named == is_best_named && ends_before(v, &input->versions[best]))) {
            best = i;
            is_best_named = is_named;
        }
    }
    return best;
}

/* Nothing was current before: the earliest-ending leaf is, rather one for the endpoint's name than
 * a stranger, and the earliest of its kin in other slots. */
static void choose_first(struct compare_work *work)
{
    const struct compare_input *const input = work->input;
    const size_t first = earliest(work, NULL, NULL);

    work->result->is_first = true;
    if (first == NO_VERSION)
        return;
    work->is_current[first] = true;
    for (size_t i = 0; i < input->n_versions; i++) {
        const char *const slot = input->versions[i].slot;

        if (!is_seen(work, i) || compare_current_in(work, slot))
            continue;
        const size_t next = earliest(work, &input->versions[first], slot);

        if (next != NO_VERSION)
            work->is_current[next] = true;
    }
}

/* ---- what each sight is ---- */

/* Another version than the current ones, at the first look: kin of one of them, or not. */
static void judge_first(const struct compare_work *work, const struct compare_version *v,
    struct compare_sight *sight)
{
    const struct compare_input *const input = work->input;
    struct match_answer answer = { 0 };

    sight->kind = SIGHT_FOREIGN;
    for (size_t i = 0; i < input->n_versions && sight->kind == SIGHT_FOREIGN; i++) {
        if (!work->is_current[i])
            continue;
        if (match_is_related(&input->versions[i].facts, &v->facts, &input->needs))
            sight->kind = SIGHT_SIBLING;
        else
            match_successor(&input->versions[i].facts, &v->facts, &input->needs, input->now,
                &answer);
    }
    if (sight->kind == SIGHT_FOREIGN)
        (void)snprintf(sight->reason, sizeof sight->reason, "%s", answer.reason);
}

/* The best answer that `v` gets of the version in its slot, or of any where there is none. */
static const struct compare_version *best_answer(const struct compare_work *work,
    const struct compare_version *v, struct match_answer *ret)
{
    const struct compare_input *const input = work->input;
    const struct compare_version *const same_slot = compare_current_in(work, v->slot);
    const struct compare_version *best = NULL;

    for (size_t i = 0; i < input->n_versions; i++) {
        const struct compare_version *const old = &input->versions[i];
        struct match_answer answer;

        if (!work->is_current[i] || (same_slot && old != same_slot))
            continue;
        match_successor(&old->facts, &v->facts, &input->needs, input->now, &answer);
        if (!best || answer.fault == MATCH_OK) {
            best = old;
            *ret = answer;
        }
    }
    return best;
}

static bool serves_current(const struct compare_work *work, const struct place *place)
{
    for (size_t i = place->first; i < place->first + place->n; i++)
        if (work->versions[i] != NO_VERSION && work->is_current[work->versions[i]])
            return true;
    return false;
}

/* A certificate for another kind of key, put beside one that stays. */
static bool is_addition(const struct compare_work *work, const struct place *place,
    const struct compare_version *v, const struct compare_version *old)
{
    return !compare_current_in(work, v->slot) && serves_current(work, place) &&
           match_is_sibling(&old->facts, &v->facts, &work->input->needs, work->input->now);
}

static bool is_rollback(const struct compare_work *work, const struct compare_version *v,
    const struct compare_version *old)
{
    return (v->is_known && v->role == VERSION_SUPERSEDED) ||
           (v->facts.not_before < old->facts.not_before &&
               match_is_related(&old->facts, &v->facts, &work->input->needs));
}

static void judge(const struct compare_work *work, const struct place *place,
    const struct compare_version *v, struct compare_sight *sight)
{
    struct match_answer answer = { 0 };
    const struct compare_version *const old = best_answer(work, v, &answer);
    const bool was_replaced = v->is_known && v->role == VERSION_SUPERSEDED;

    if (answer.fault == MATCH_OK &&
        !(was_replaced && match_end(&v->facts) < match_end(&old->facts)))
        sight->kind = SIGHT_SUCCESSOR;
    else if ((v->is_known && v->role == VERSION_STAGED) || is_addition(work, place, v, old))
        sight->kind = SIGHT_SIBLING;
    else
        sight->kind = is_rollback(work, v, old) ? SIGHT_ROLLED_BACK : SIGHT_FOREIGN;
    if (sight->kind == SIGHT_ROLLED_BACK || sight->kind == SIGHT_FOREIGN)
        (void)snprintf(sight->reason, sizeof sight->reason, "%s",
            answer.reason[0] ? answer.reason : "it was replaced before");
}

static void judge_all(struct compare_work *work)
{
    for (size_t p = 0; p < work->n_places; p++) {
        const struct place *const place = &work->places[p];

        for (size_t i = place->first; i < place->first + place->n; i++) {
            struct compare_sight *const sight = &work->result->sights[i];
            const struct compare_version *const v = compare_version_of(work, i);

            if (!v)
                sight->kind = SIGHT_NOTHING;
            else if (work->is_current[work->versions[i]])
                sight->kind = SIGHT_CURRENT;
            else if (work->result->is_first)
                judge_first(work, v, sight);
            else
                judge(work, place, v, sight);
        }
    }
}

static bool begin_work(struct compare_work *work)
{
    const struct compare_input *const input = work->input;
    struct compare_result *const result = work->result;
    bool has_current = false;

    *result = (struct compare_result){ 0 };
    result->sights = xcalloc(input->n_observations + 1, sizeof *result->sights);
    result->moves = xcalloc(input->n_versions + 1, sizeof *result->moves);
    work->places = xcalloc(input->n_observations + 1, sizeof *work->places);
    work->versions = xcalloc(input->n_observations + 1, sizeof *work->versions);
    work->is_current = xcalloc(input->n_versions + 1, sizeof *work->is_current);
    for (size_t i = 0; i < input->n_versions; i++) {
        work->is_current[i] =
            input->versions[i].is_known && input->versions[i].role == VERSION_CURRENT;
        has_current = has_current || work->is_current[i];
    }
    find_places(work);
    if (!has_current)
        choose_first(work);
    judge_all(work);
    return has_current;
}

static void end_work(struct compare_work *work)
{
    free(work->places);
    free(work->versions);
    free(work->is_current);
}

void compare_places(const struct compare_input *input, struct compare_result *ret)
{
    struct compare_work work = { .input = input, .result = ret };

    if (begin_work(&work))
        compare_decide_fates(&work);
    compare_decide_moves(&work);
    compare_raise_alerts(&work);
    end_work(&work);
}

bool compare_fate_of_old(const struct compare_input *input, int64_t version_id,
    struct compare_fate *ret)
{
    autodone(compare_result) struct compare_result result = { 0 };
    struct compare_work work = { .input = input, .result = &result };
    const size_t at = find_version(input, version_id);

    *ret = (struct compare_fate){ 0 };
    if (at == NO_VERSION)
        return false;
    (void)begin_work(&work);
    compare_decide_fate(&work, &input->versions[at], ret);
    end_work(&work);
    return true;
}

void compare_fate_done(struct compare_fate *fate)
{
    buf_done(&fate->laggards);
}

void compare_result_done(struct compare_result *result)
{
    free(result->sights);
    free(result->moves);
    for (size_t i = 0; i < result->n_fates; i++)
        compare_fate_done(&result->fates[i]);
    *result = (struct compare_result){ 0 };
}
