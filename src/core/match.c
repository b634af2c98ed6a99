/* core/match: see the header. */
#include "core/match.h"

#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "x509/chain.h"

/* What is missing, for the message; names beyond the first are counted. */
struct missing {
    const char *first;
    size_t n;
};

static void look_for(const struct name_set *wanted, const struct match_facts *old,
    const struct match_facts *new, struct missing *missing, size_t *n_covered)
{
    for (size_t i = 0; i < wanted->n; i++) {
        const char *const name = wanted->items[i];

        if (old && !name_set_covers(old->names, name))
            continue;
        (*n_covered)++;
        if (name_set_covers(new->names, name))
            continue;
        if (missing->n++ == 0)
            missing->first = name;
    }
}

/* Is it called so? A CN is one name, and counts only where there is no other. */
static bool is_called(const struct match_facts *facts, const char *cn)
{
    return name_set_covers(facts->names, cn) ||
           (facts->names->n == 0 && facts->cn && strcasecmp(facts->cn, cn) == 0);
}

/* Of a certificate without names, as old programs and root CAs have: one of its CN takes its place,
 * or one for what the record needs. */
static struct missing missing_cn(const struct match_facts *old, const struct match_facts *new,
    const struct match_needs *needs)
{
    struct missing missing = { 0 };
    size_t n_covered = 0;

    if (!old->cn || is_called(new, old->cn))
        return missing;
    if (needs->names)
        look_for(needs->names, NULL, new, &missing, &n_covered);
    return n_covered > 0 ? missing : (struct missing){ .first = old->cn, .n = 1 };
}

/*
 * Every required name that the old one covers. Where it covers none of them, there is nothing to
 * compare by: then all that a person has set is asked for, or else all that the old one covers, so
 * that not just any certificate passes.
 */
static struct missing missing_names(const struct match_facts *old, const struct match_facts *new,
    const struct match_needs *needs)
{
    struct missing missing = { 0 };
    size_t n_covered = 0;

    if (needs->names)
        look_for(needs->names, old, new, &missing, &n_covered);
    if (n_covered > 0)
        return missing;
    if (needs->names && needs->names->n > 0 && needs->is_explicit)
        look_for(needs->names, NULL, new, &missing, &n_covered);
    else if (old->names->n > 0)
        look_for(old->names, old, new, &missing, &n_covered);
    else
        return missing_cn(old, new, needs);
    return missing;
}

static void say_missing(struct missing missing, char reason[static 256])
{
    if (missing.n == 1)
        (void)snprintf(reason, 256, "it does not cover %.200s", missing.first);
    else
        (void)snprintf(reason, 256, "it does not cover %.200s and %zu more", missing.first,
            missing.n - 1);
}

int64_t match_end(const struct match_facts *facts)
{
    return facts->path_expires_at ? facts->path_expires_at : facts->not_after;
}

void match_successor(const struct match_facts *old, const struct match_facts *new,
    const struct match_needs *needs, int64_t now, struct match_answer *ret)
{
    const struct missing missing = missing_names(old, new, needs);
    char when[CLOCK_RFC3339_SIZE];
    char than[CLOCK_RFC3339_SIZE];

    *ret = (struct match_answer){ .ends_later = match_end(new) > match_end(old) };
    if (new->not_after < now) {
        ret->fault = MATCH_EXPIRED;
        (void)snprintf(ret->reason, sizeof ret->reason, "it expired on %.10s",
            clock_rfc3339(new->not_after, when));
    } else if (missing.n > 0) {
        ret->fault = MATCH_NAMES;
        say_missing(missing, ret->reason);
    } else if (new->not_before < old->not_before) {
        ret->fault = MATCH_BEGINS_EARLIER;
        (void)snprintf(ret->reason, sizeof ret->reason,
            "it is older: it begins on %s, the current one on %s",
            clock_rfc3339(new->not_before, when), clock_rfc3339(old->not_before, than));
    } else if (chain_status_rank(new->chain_status) > chain_status_rank(old->chain_status)) {
        ret->fault = MATCH_CHAIN;
        (void)snprintf(ret->reason, sizeof ret->reason,
            "its chain is %.40s, that of the current one is %.40s", new->chain_status,
            old->chain_status);
    } else if (new->is_staging && !old->is_staging) {
        ret->fault = MATCH_STAGING;
        (void)snprintf(ret->reason, sizeof ret->reason, "it comes from a staging CA");
    }
}

bool match_is_related(const struct match_facts *one, const struct match_facts *other,
    const struct match_needs *needs)
{
    return missing_names(one, other, needs).n == 0;
}

bool match_is_sibling(const struct match_facts *one, const struct match_facts *other,
    const struct match_needs *needs, int64_t now)
{
    struct match_facts late = *other;
    struct match_answer answer;

    if (late.not_before < one->not_before)
        late.not_before = one->not_before;
    match_successor(one, &late, needs, now, &answer);
    return answer.fault == MATCH_OK;
}
