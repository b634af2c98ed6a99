/*
 * core/compare_alerts: what is alarming about what a record's endpoints serve.
 */
#include "core/compare.h"

#include "core/compare_work.h"
#include "x509/name.h"

/* What its endpoint is asked for; NULL where that is an address alone, which few certificates name.
 */
static const char *name_asked_for(const struct endpoint_row *endpoint)
{
    uint8_t ignored[16];

    if (endpoint->sni[0])
        return endpoint->sni;
    return name_parse_address(span_text(endpoint->host), ignored) ? NULL : endpoint->host;
}

/* A person knows better which names it is there for, and has said so. */
static bool covers_what_is_required(const struct compare_work *work,
    const struct compare_version *v)
{
    const struct match_needs *const needs = &work->input->needs;

    if (!needs->is_explicit || !needs->names || needs->names->n == 0)
        return false;
    for (size_t i = 0; i < needs->names->n; i++)
        if (!name_set_covers(v->facts.names, needs->names->items[i]))
            return false;
    return true;
}

bool compare_is_wrong_host(const struct compare_work *work, size_t observation)
{
    const struct compare_input *const input = work->input;
    const struct observation_row *const row = &input->observations[observation];
    const struct compare_version *const v = compare_version_of(work, observation);
    size_t at = 0;

    if (!v || row->is_name_ok)
        return false;
    while (at < input->n_endpoints && input->endpoints[at].id != row->endpoint_id)
        at++;
    return at < input->n_endpoints && name_asked_for(&input->endpoints[at]) &&
           !covers_what_is_required(work, v);
}

bool compare_is_endpoint_failing(const struct compare_work *work, size_t endpoint)
{
    const struct endpoint_row *const row = &work->input->endpoints[endpoint];
    bool is_given_up = false;

    if (row->error_class[0] == '\0')
        return false;
    for (size_t i = 0; i < work->input->n_observations; i++) {
        const struct observation_row *const seen = &work->input->observations[i];

        /* An error that is older than the check is not what the check failed for. */
        if (seen->endpoint_id != row->id || !seen->is_in_dns || seen->error_class[0] == '\0' ||
            seen->checked_at != row->last_checked_at)
            continue;
        if (!seen->is_waived && strcmp(seen->error_class, "not_routable") != 0)
            return true;
        is_given_up = is_given_up || seen->is_waived;
    }
    return !is_given_up;
}

static bool is_answering(const struct place *place)
{
    return place->counts && !place->is_failing;
}

static bool have_common(const struct compare_work *work, const struct place *a,
    const struct place *b)
{
    for (size_t i = a->first; i < a->first + a->n; i++)
        for (size_t j = b->first; j < b->first + b->n; j++)
            if (work->versions[i] == work->versions[j])
                return true;
    return false;
}

/* Do two places of one endpoint share nothing, not even one for another kind of key? */
static bool has_disjoint_places(const struct compare_work *work)
{
    const struct place *first = NULL;
    const struct place *last = NULL;

    for (size_t i = 0; i < work->n_places; i++) {
        const struct place *const place = &work->places[i];

        if (!is_answering(place))
            continue;
        if (!first || first->endpoint != place->endpoint)
            first = place;
        else if (!have_common(work, first, place) || !have_common(work, last, place))
            return true;
        last = place;
    }
    return false;
}

/* Does any place serve another version for the same kind of key than the first one seen? */
static bool has_rivals(const struct compare_work *work)
{
    const struct compare_version *firsts[COMPARE_FATES_MAX];
    size_t n = 0;

    for (size_t p = 0; p < work->n_places; p++) {
        const struct place *const place = &work->places[p];

        for (size_t i = place->first; is_answering(place) && i < place->first + place->n; i++) {
            const struct compare_version *const v = compare_version_of(work, i);
            size_t at = 0;

            while (v && at < n && !compare_is_slot(firsts[at], v->slot))
                at++;
            if (v && at < n && firsts[at] != v)
                return true;
            if (v && at == n && n < countof(firsts))
                firsts[n++] = v;
        }
    }
    return false;
}

void compare_raise_alerts(struct compare_work *work)
{
    struct compare_result *const result = work->result;

    for (size_t i = 0; i < work->input->n_observations; i++) {
        const struct compare_sight *const sight = &result->sights[i];

        if (!sight->counts)
            continue;
        result->alerts[COMPARE_FOREIGN] |= sight->kind == SIGHT_FOREIGN;
        result->alerts[COMPARE_ROLLED_BACK] |= sight->kind == SIGHT_ROLLED_BACK;
        result->alerts[COMPARE_UNREACHABLE] |= sight->is_failing;
        result->alerts[COMPARE_WRONG_HOST] |= !sight->is_failing && compare_is_wrong_host(work, i);
    }
    for (size_t i = 0; i < work->input->n_endpoints; i++)
        result->alerts[COMPARE_UNREACHABLE] |= compare_is_endpoint_failing(work, i);
    result->alerts[COMPARE_MIXED] = has_rivals(work) || has_disjoint_places(work);
    for (int i = COMPARE_NONE; i < N_COMPARE_ALERTS; i++)
        if (result->alerts[i])
            result->alert = (enum compare_alert)i;
    result->is_split_proposed = result->is_first && result->alerts[COMPARE_FOREIGN];
}
