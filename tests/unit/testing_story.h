/*
 * Stories for core/compare: versions, what each address serves, and what is to come of it.
 */
#pragma once

#include "base/alloc.h"
#include "core/compare.h"
#include "testing.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

#define MAX_VERSIONS 6
#define MAX_SEEN 8

/* Days from now. `role`: 'c'urrent, 's'taged, 'o'ld (superseded), 0 not known to the record. */
struct told_version {
    int64_t id;
    const char *slot;
    int64_t begins;
    int64_t ends;
    const char *names; /* separated by blanks */
    const char *chain; /* NULL: trusted */
    char role;
    char origin; /* 'i'ssued; else seen */
    bool is_staging;
};

/* Addresses are given by letter; `endpoint` is 1 or 2. */
struct told_sight {
    int64_t endpoint;
    char address;
    const char *slot;
    int64_t version; /* 0: nothing was ever seen there */
    const char *error;
    bool is_gone;
    bool is_waived;
    bool is_misnamed; /* what it served does not cover the endpoint's name */
};

struct told_fate {
    int64_t version;
    bool is_replaced;
    bool ends_later;
    int64_t successor;
    size_t n_places;
    size_t n_replaced;
    const char *laggards; /* part of them */
};

struct story {
    const char *title;
    struct told_version versions[MAX_VERSIONS];
    struct told_sight seen[MAX_SEEN];
    const char *endpoint_error; /* of endpoint 1; class and message are the same */
    bool is_unchecked;          /* endpoint 1 */
    const char *host;           /* of endpoint 1; NULL: host1 */
    const char *sni;            /* of endpoint 1; NULL: none */
    const char *required;       /* names that a person has set; NULL: a.example, by the endpoints */
    const char *sights;         /* a letter for each sight: - c s b(eside) r f */
    const char *alert;
    const char *moves; /* "2:current 1:superseded" */
    struct told_fate fates[2];
    bool is_split_proposed;
    size_t n_not_checked;
};

#define A "a.example"

/* ---- telling a story to the code ---- */

struct cast {
    struct compare_version versions[MAX_VERSIONS];
    struct name_set names[MAX_VERSIONS];
    char labels[MAX_VERSIONS][8];
    struct observation_row observations[MAX_SEEN];
    char addresses[MAX_SEEN][2];
    struct endpoint_row endpoints[2];
    struct name_set required;
    struct compare_input input;
};

static inline char *text(const char *s)
{
    return (char *)(uintptr_t)s; /* rows own their texts; these are nobody's */
}

static inline void add_names(struct name_set *set, const char *names)
{
    struct span rest = span_text(names);
    struct span part;

    while (rest.size > 0 && span_split(&rest, ' ', &part)) {
        autofree(str) char *name = span_dup(part);

        name_set_add(set, name);
    }
    name_set_sort(set);
}

static inline void cast_versions(const struct story *story, struct cast *cast)
{
    for (size_t i = 0; i < MAX_VERSIONS && story->versions[i].id; i++) {
        const struct told_version *const told = &story->versions[i];

        add_names(&cast->names[i], told->names);
        (void)snprintf(cast->labels[i], sizeof cast->labels[i], "v%d", (int)told->id);
        cast->versions[i] = (struct compare_version){
            .id = told->id,
            .slot = told->slot,
            .label = cast->labels[i],
            .is_known = told->role != 0,
            .role = told->role == 'c'   ? VERSION_CURRENT
                    : told->role == 's' ? VERSION_STAGED
                                        : VERSION_SUPERSEDED,
            .origin = told->origin == 'i' ? VERSION_ISSUED : VERSION_SEEN,
            .facts = {
                .not_before = NOW + told->begins * DAY,
                .not_after = NOW + told->ends * DAY,
                .chain_status = told->chain ? told->chain : "trusted",
                .is_staging = told->is_staging,
                .names = &cast->names[i],
            },
        };
        cast->input.n_versions++;
    }
}

static inline void cast_observations(const struct story *story, struct cast *cast)
{
    for (size_t i = 0; i < MAX_SEEN && story->seen[i].endpoint; i++) {
        const struct told_sight *const told = &story->seen[i];

        /* A name that cannot be looked up leads to no address. */
        const bool was_asked = told->endpoint != 1 || !story->endpoint_error ||
                               strcmp(story->endpoint_error, "dns") != 0;

        cast->addresses[i][0] = told->address;
        cast->observations[i] = (struct observation_row){
            .endpoint_id = told->endpoint,
            .address = cast->addresses[i],
            .slot = text(told->slot),
            .version_id = told->version,
            .error_class = text(told->error ? told->error : ""),
            .error = text(told->error ? told->error : ""),
            .checked_at = NOW - (was_asked ? 60 : 3600),
            .is_in_dns = !told->is_gone,
            .is_waived = told->is_waived,
            .is_name_ok = told->version != 0 && !told->is_misnamed,
        };
        cast->input.n_observations++;
        if (told->endpoint == 2)
            cast->input.n_endpoints = 2;
    }
}

static inline void cast_endpoints(const struct story *story, struct cast *cast)
{
    for (int i = 0; i < 2; i++)
        cast->endpoints[i] = (struct endpoint_row){
            .id = i + 1,
            .host = text(i == 1        ? "host2"
                         : story->host ? story->host
                                       : "host1"),
            .sni = text(i == 0 && story->sni ? story->sni : ""),
            .port = 443,
            .last_checked_at = i == 0 && story->is_unchecked ? 0 : NOW - 60,
            .error_class = text(i == 0 && story->endpoint_error ? story->endpoint_error : ""),
            .error = text(""),
        };
}

static inline void cast_story(const struct story *story, struct cast *cast)
{
    *cast = (struct cast){ 0 };
    cast->input = (struct compare_input){
        .versions = cast->versions,
        .endpoints = cast->endpoints,
        .observations = cast->observations,
        .n_endpoints = 1,
        .needs = { .names = &cast->required, .is_explicit = story->required != NULL },
        .now = NOW,
    };
    add_names(&cast->required, story->required ? story->required : "a.example");
    cast_versions(story, cast);
    cast_observations(story, cast);
    cast_endpoints(story, cast);
}

static inline void cast_done(struct cast *cast)
{
    for (size_t i = 0; i < MAX_VERSIONS; i++)
        name_set_done(&cast->names[i]);
    name_set_done(&cast->required);
}

/* ---- and comparing the ends ---- */

static inline void check_sights(const struct story *story, const struct compare_input *input,
    const struct compare_result *result)
{
    char found[MAX_SEEN + 1] = "";

    for (size_t i = 0; i < input->n_observations; i++) {
        found[i] = "-csbrf"[result->sights[i].kind];
        if (found[i] == 'r' || found[i] == 'f')
            assert_true(result->sights[i].reason[0] != '\0');
    }
    if (strcmp(found, story->sights) != 0)
        fail_msg("%s: sights are %s, not %s", story->title, found, story->sights);
}

static inline void check_moves(const struct story *story, const struct compare_result *result)
{
    autodone(buf) struct buf found = BUF_INIT(1024);

    for (size_t i = 0; i < result->n_moves; i++)
        buf_addf(&found, "%s%" PRId64 ":%s", i > 0 ? " " : "", result->moves[i].version_id,
            version_role_name(result->moves[i].role));
    if (strcmp(buf_text(&found), story->moves) != 0)
        fail_msg("%s: moves are \"%s\", not \"%s\"", story->title, buf_text(&found), story->moves);
}

static inline void check_fates(const struct story *story, const struct compare_result *result)
{
    for (size_t i = 0; i < countof(story->fates); i++) {
        const struct told_fate *const told = &story->fates[i];
        const struct compare_fate *const found = &result->fates[i];

        if ((told->version != 0) != (i < result->n_fates))
            fail_msg("%s: %zu fates", story->title, result->n_fates);
        if (told->version == 0)
            continue;
        const char *const laggards = buf_text(&found->laggards);
        const bool is_same =
            found->version_id == told->version && found->is_replaced == told->is_replaced &&
            found->ends_later == told->ends_later && found->successor_id == told->successor &&
            found->n_places == told->n_places && found->n_replaced == told->n_replaced;

        if (!is_same || !strstr(laggards, told->laggards) ||
            (told->laggards[0] == '\0') != (laggards[0] == '\0'))
            fail_msg("%s: fate of %d: replaced %d, later %d, by %d, %zu of %zu:\n%s", story->title,
                (int)found->version_id, found->is_replaced, found->ends_later,
                (int)found->successor_id, found->n_replaced, found->n_places, laggards);
    }
}

static inline void check_story(const struct story *story)
{
    autodone(compare_result) struct compare_result result = { 0 };
    struct cast cast;

    cast_story(story, &cast);
    compare_places(&cast.input, &result);
    check_sights(story, &cast.input, &result);
    check_moves(story, &result);
    check_fates(story, &result);
    if (strcmp(compare_alert_name(result.alert), story->alert) != 0)
        fail_msg("%s: alert is \"%s\", not \"%s\"", story->title, compare_alert_name(result.alert),
            story->alert);
    if (result.is_split_proposed != story->is_split_proposed ||
        result.n_not_checked != story->n_not_checked)
        fail_msg("%s: split %d, %zu not checked", story->title, result.is_split_proposed,
            result.n_not_checked);
    cast_done(&cast);
}
