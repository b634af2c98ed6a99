/*
 * core/match: may this certificate take that one's place?
 *
 * The successor rule: it has not expired, begins no earlier, covers every required name that the
 * old one covered, its chain verifies at least as well, and it is not from a staging CA (unless the
 * old one is). A new key or another kind of key is fine. What covers no name at all is followed by
 * one of its CN, or by one that covers what the record needs.
 */
#pragma once

#include "base/base.h"
#include "core/names.h"

/* What the rule looks at. Borrowed. */
struct match_facts {
    int64_t not_before;
    int64_t not_after;
    int64_t path_expires_at;  /* earliest end along the verified path; 0: the same as not_after */
    const char *chain_status; /* "trusted", … */
    bool is_staging;
    const struct name_set *names; /* sorted; all that it covers */
    const char *cn;               /* what it is called where it covers none; NULL: by no name */
};

/* What a record needs its certificates to cover. Borrowed. */
struct match_needs {
    const struct name_set *names; /* sorted; NULL or empty: what the old one covers */
    bool is_explicit;             /* a person has set them; else they are the endpoints' names */
};

enum match_fault {
    MATCH_OK,
    MATCH_EXPIRED,
    MATCH_BEGINS_EARLIER,
    MATCH_NAMES,
    MATCH_CHAIN,
    MATCH_STAGING,
};

struct match_answer {
    enum match_fault fault; /* the first of the rule that is broken; MATCH_OK: a successor */
    bool ends_later;        /* only then may the ticket about the old one close */
    char reason[256]; /* why not, for people: "it does not cover www.example.org and 2 more" */
};

/* Can `new` take `old`'s place at the instant `now`? */
void match_successor(const struct match_facts *old, const struct match_facts *new,
    const struct match_needs *needs, int64_t now, struct match_answer *ret);

/* When it is of no use any more. */
int64_t match_end(const struct match_facts *facts);

/* Does `other` cover every required name that `one` covers? Then the two belong together. */
bool match_is_related(const struct match_facts *one, const struct match_facts *other,
    const struct match_needs *needs);

/*
 * Beside `one`, not instead of it: the rule without "begins no earlier". For a second kind of key,
 * and for servers that each have a certificate of their own.
 */
bool match_is_sibling(const struct match_facts *one, const struct match_facts *other,
    const struct match_needs *needs, int64_t now);
