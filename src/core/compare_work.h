/*
 * core/compare_work: what core/compare's parts hand to one another, for them alone.
 */
#pragma once

#include "core/compare.h"

/* One address of one endpoint: a run of observations. */
struct place {
    size_t endpoint; /* in the input's endpoints */
    size_t first;    /* in the input's observations */
    size_t n;
    bool counts;
    bool is_failing; /* for at least one kind of key the last check failed */
};

#define NO_VERSION SIZE_MAX

struct compare_work {
    const struct compare_input *input;
    struct compare_result *result;
    struct place *places;
    size_t n_places;
    size_t *versions; /* of each observation: place in the input's versions, or NO_VERSION */
    bool *is_current; /* of each version: is it current, or made so at the first look? */
};

/* The version that an observation saw; NULL where it saw none. */
const struct compare_version *compare_version_of(const struct compare_work *work,
    size_t observation);

bool compare_is_slot(const struct compare_version *version, const char *slot);

/* The current version in a slot; NULL where there is none. */
const struct compare_version *compare_current_in(const struct compare_work *work, const char *slot);

/* Did the last check of an endpoint (a place in the input's) fail, for more than addresses that a
 * person has given up? */
bool compare_is_endpoint_failing(const struct compare_work *work, size_t endpoint);

/* Does it serve, for a name, what does not cover that name? core/compare_alerts */
bool compare_is_wrong_host(const struct compare_work *work, size_t observation);
void compare_raise_alerts(struct compare_work *work);

/* Of any version, current or not: how far its replacement is. core/compare_fates */
void compare_decide_fate(const struct compare_work *work, const struct compare_version *old,
    struct compare_fate *fate);

/* Work out the fates of the current versions, and with them who moves where. core/compare_fates */
void compare_decide_fates(struct compare_work *work);
void compare_decide_moves(struct compare_work *work);
