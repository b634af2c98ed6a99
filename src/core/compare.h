/*
 * core/compare: what a record's endpoints serve, held against what the record says they should.
 *
 * Rows go in; what each place serves, what follows for the versions' roles, who lags behind and
 * what is alarming comes out. Nothing is remembered between two calls, so the same rows give the
 * same answer.
 *
 * A *place* is one address of one endpoint. It counts if it is in the latest DNS answer, nobody has
 * waived it, and this host has a route to it ("not checked" otherwise). A place that did not answer
 * still counts: what it served last stays known, and it blocks until it answers, leaves DNS or is
 * waived.
 *
 * At the first look the earliest-ending leaf becomes current. Where several unrelated ones are
 * served, it is the earliest-ending of those that cover the name they are served for, if any does:
 * a server's stand-in for a host that it does not know is not what the record is about.
 *
 * A current version is *replaced* when no place that counts serves it any more and each serves
 * something that may stand in its place. Until then its successor is staged and the laggards are
 * named.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/match.h"
#include "core/rows_endpoint.h"
#include "core/rows_version.h"

/* A version that the record has, or that one of its places serves. Borrowed. */
struct compare_version {
    int64_t id;
    const char *slot;
    const char *label; /* for people: "4a:5b… of R3, until 2026-12-01" or just a serial */
    bool is_known;     /* the record has it, in this role and from this origin */
    enum version_role role;
    enum version_origin origin;
    struct match_facts facts;
};

/* Everything borrowed. Observations are those of the endpoints, by endpoint, address and slot. */
struct compare_input {
    const struct compare_version *versions;
    size_t n_versions;
    const struct endpoint_row *endpoints;
    size_t n_endpoints;
    const struct observation_row *observations;
    size_t n_observations;
    struct match_needs needs;
    int64_t now;
};

enum sight_kind {
    SIGHT_NOTHING,   /* the place failed, and nothing was ever seen there */
    SIGHT_CURRENT,   /* it serves the current version of the slot */
    SIGHT_SUCCESSOR, /* … a version that may take a current one's place */
    SIGHT_SIBLING,   /* … another version that belongs to the record, such as a neighbour's own */
    SIGHT_ROLLED_BACK, /* … an older one */
    SIGHT_FOREIGN,     /* … one that has no business there */
};

/* What one observation comes to; same order as the input's observations. */
struct compare_sight {
    enum sight_kind kind;
    bool counts;             /* see above */
    bool is_failing;         /* the last check failed: what it served is from before */
    const char *not_because; /* "not_routable", "waived", "gone" (from DNS); "" where it counts */
    char reason[256];        /* SIGHT_ROLLED_BACK and SIGHT_FOREIGN: why it is no successor */
};

/* A role that a version is to be given. */
struct compare_move {
    int64_t version_id;
    enum version_role role;
};

/* How far a current version's replacement is. */
struct compare_fate {
    int64_t version_id;
    bool is_replaced;
    bool ends_later;      /* every version that took its place ends later: its ticket may close */
    int64_t successor_id; /* one that takes or would take its place; 0: none was seen */
    size_t n_places;      /* that count */
    size_t n_replaced;    /* of these, how many serve something in its place */
    struct buf laggards;  /* one a line: "www.example.org:443 at 192.0.2.1: still serves …" */
};

enum compare_alert {
    COMPARE_NONE,
    COMPARE_MIXED,       /* places differ in what they serve */
    COMPARE_UNREACHABLE, /* a place that counts, or a name, fails */
    COMPARE_WRONG_HOST,  /* a place serves what does not cover the name it is asked for */
    COMPARE_ROLLED_BACK,
    COMPARE_FOREIGN,
    N_COMPARE_ALERTS,
};

/* Slots are few, and so are current versions. */
#define COMPARE_FATES_MAX 8

struct compare_result {
    struct compare_sight *sights; /* as many as observations */
    struct compare_move *moves;
    size_t n_moves;
    struct compare_fate fates[COMPARE_FATES_MAX];
    size_t n_fates;
    bool alerts[N_COMPARE_ALERTS]; /* all that apply */
    enum compare_alert alert;      /* the worst of them */
    bool is_first;                 /* the record had no current version before */
    bool is_split_proposed; /* then: unrelated certificates were found, which want a record of their
                               own */
    size_t n_not_checked;   /* places without a route */
};

/* "", "mixed", "unreachable", "wrong_host", "rolled_back", "foreign": certificate.alert. */
const char *compare_alert_name(enum compare_alert alert);
bool compare_is_alert_name(const char *name); /* "" is none */

void compare_places(const struct compare_input *input, struct compare_result *ret);
void compare_result_done(struct compare_result *result);

/*
 * How far the replacement of a version is that is not current any more: a ticket about it may still
 * be open. False where the input has no such version.
 */
bool compare_fate_of_old(const struct compare_input *input, int64_t version_id,
    struct compare_fate *ret);
void compare_fate_done(struct compare_fate *fate);

DEFINE_AUTODONE(compare_fate);
DEFINE_AUTODONE(compare_result);
