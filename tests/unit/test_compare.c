/*
 * F3, F6, F7: what endpoints serve against what a record says. A row is a story: versions, what
 * each address serves, and what is to come of it.
 */
#include "testing.h"

#include "base/alloc.h"
#include "core/compare.h"

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
    const char *sights;         /* a letter for each sight: - c s b(eside) r f */
    const char *alert;
    const char *moves; /* "2:current 1:superseded" */
    struct told_fate fates[2];
    bool is_split_proposed;
    size_t n_not_checked;
};

#define A "a.example"

static const struct story
    stories[] = {
        /* ---- the first look ---- */
        {
            .title = "the first leaf seen is current",
            .versions = { { 1, "rsa", -10, 80, A } },
            .seen = { { 1, 'a', "rsa", 1 } },
            .sights = "c",
            .alert = "",
            .moves = "1:current",
        },
        {
            .title = "an RSA and an ECDSA certificate are both current",
            .versions = { { 1, "rsa", -10, 80, A }, { 2, "ecdsa", -20, 90, A } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 1 }, { 1, 'b', "ecdsa", 2 },
                { 1, 'b', "rsa", 1 } },
            .sights = "cccc",
            .alert = "",
            .moves = "1:current 2:current",
        },
        {
            .title = "the earliest-ending leaf is current, its kin is staged, and they are mixed",
            .versions = { { 1, "rsa", -10, 80, A }, { 2, "rsa", -50, 40, A } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2 } },
            .sights = "bc",
            .alert = "mixed",
            .moves = "1:staged 2:current",
        },
        {
            .title = "an unrelated leaf is foreign at the first look, and a split is proposed",
            .versions = { { 1, "rsa", -10, 80, A }, { 2, "rsa", -50, 90, "b.example" } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2 } },
            .sights = "cf",
            .alert = "foreign",
            .moves = "1:current",
            .is_split_proposed = true,
        },
        {
            .title = "nothing is seen at the first look",
            .seen = { { 1, 'a', "", 0, "refused" } },
            .endpoint_error = "refused",
            .sights = "-",
            .alert = "unreachable",
            .moves = "",
        },
        {
            .title = "a leaf on one address is current while another address is dead",
            .versions = { { 1, "rsa", -10, 80, A } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "", 0, "timeout" } },
            .sights = "c-",
            .alert = "unreachable",
            .moves = "1:current",
        },
        {
            .title = "an expired leaf beside a good one of its kin is the current one",
            .versions = { { 1, "rsa", -90, -1, A }, { 2, "rsa", -10, 80, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1 } },
            .sights = "bc",
            .alert = "mixed",
            .moves = "1:current 2:staged",
        },

        /* ---- nothing new ---- */
        {
            .title = "the current version everywhere is consistent",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 1 }, { 2, 'a', "rsa", 1 } },
            .sights = "ccc",
            .alert = "",
            .moves = "",
            .fates = { { 1, .n_places = 3, .laggards = "host1:443 at a: still serves v1" } },
        },
        {
            .title = "a failed check leaves what was known, and is unreachable",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
            .seen = { { 1, 'a', "rsa", 1, "timeout" } },
            .endpoint_error = "timeout",
            .sights = "c",
            .alert = "unreachable",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "host1:443 at a: not reached (timeout)" } },
        },

        /* ---- renewed ---- */
        {
            .title = "a successor on every address takes the place",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 2 }, { 2, 'a', "rsa", 2 } },
            .sights = "sss",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, true, 2, 3, 3, "" } },
        },
        {
            .title = "a successor on some addresses is staged, and the laggards are named",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1 } },
            .sights = "sc",
            .alert = "mixed",
            .moves = "2:staged",
            .fates = { { 1, false, true, 2, 2, 1, "host1:443 at b: still serves v1" } },
        },
        {
            .title = "a successor on one of two endpoints is staged",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, .role = 's' } },
            .seen = { { 1, 'a', "rsa", 2 }, { 2, 'a', "rsa", 1 } },
            .sights = "sc",
            .alert = "mixed",
            .moves = "",
            .fates = { { 1, false, true, 2, 2, 1, "host2:443 at a: still serves v1" } },
        },
        {
            .title = "a staged successor that is everywhere now takes the place",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, .role = 's' } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 2 } },
            .sights = "ss",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, true, 2, 2, 2, "" } },
        },
        {
            .title = "a dead address blocks",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused" } },
            .endpoint_error = "refused",
            .sights = "sc",
            .alert = "unreachable",
            .moves = "2:staged",
            .fates = { { 1, false, true, 2, 2, 1, "host1:443 at b: not reached (refused)" } },
        },
        {
            .title = "an address that served the successor and is dead now blocks, too",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, .role = 's' } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 2, "refused" } },
            .endpoint_error = "refused",
            .sights = "ss",
            .alert = "unreachable",
            .moves = "",
            .fates = { { 1, false, true, 2, 2, 1, "not reached (refused)" } },
        },
        {
            .title = "a dead address that left DNS does not block",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused", .is_gone = true } },
            .sights = "sc",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, true, 2, 1, 1, "" } },
        },
        {
            .title = "a dead address that a person gave up does not block",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 1, "refused", .is_waived = true } },
            .sights = "sc",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, true, 2, 1, 1, "" } },
        },
        {
            .title = "an address of a family without a route is not checked and does not block",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "", 0, "not_routable" } },
            .sights = "s-",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, true, 2, 1, 1, "" } },
            .n_not_checked = 1,
        },
        {
            .title = "where nothing could be checked, nothing is replaced",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
            .seen = { { 1, 'a', "rsa", 1, "not_routable" } },
            .sights = "c",
            .alert = "",
            .moves = "",
            .fates = { { 1, .laggards = "" } },
            .n_not_checked = 1,
        },
        {
            .title = "a name that could not be looked up blocks",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, .role = 's' } },
            .seen = { { 1, 'a', "rsa", 2 }, { 2, 'a', "rsa", 2 } },
            .endpoint_error = "dns",
            .sights = "ss",
            .alert = "unreachable",
            .moves = "",
            .fates = { { 1, false, true, 2, 3, 2, "host1:443: not reached (dns)" } },
        },
        {
            .title = "an endpoint that was never checked blocks",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A } },
            .seen = { { 2, 'a', "rsa", 2 } },
            .is_unchecked = true,
            .sights = "s",
            .alert = "",
            .moves = "2:staged",
            .fates = { { 1, false, true, 2, 2, 1, "host1:443: not checked yet" } },
        },
        {
            .title = "a successor that does not end later takes the place, and the ticket stays",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 5, A } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "s",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, false, 2, 1, 1, "" } },
        },
        {
            .title = "of two successors the one that ends first becomes current",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 89, A },
                { 3, "rsa", -2, 88, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 3 } },
            .sights = "ss",
            .alert = "mixed",
            .moves = "1:superseded 2:staged 3:current",
            .fates = { { 1, true, true, 3, 2, 2, "" } },
        },
        {
            .title = "a partial successor that was taken back is let go",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, .role = 's' } },
            .seen = { { 1, 'a', "rsa", 1 } },
            .sights = "c",
            .alert = "",
            .moves = "2:superseded",
            .fates = { { 1, .n_places = 1, .laggards = "still serves" } },
        },
        {
            .title = "what was issued and is nowhere yet stays staged",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, .role = 's', .origin = 'i' } },
            .seen = { { 1, 'a', "rsa", 1 } },
            .sights = "c",
            .alert = "",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "still serves" } },
        },
        {
            .title = "a successor that was taken back and comes again is one still",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, .role = 'o' } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "s",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, true, 2, 1, 1, "" } },
        },

        /* ---- kinds of key ---- */
        {
            .title = "one of a pair is renewed, the other stays",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "ecdsa", -80, 11, A, .role = 'c' }, { 3, "ecdsa", -1, 89, A } },
            .seen = { { 1, 'a', "ecdsa", 3 }, { 1, 'a', "rsa", 1 } },
            .sights = "sc",
            .alert = "",
            .moves = "2:superseded 3:current",
            .fates = { { 1, .n_places = 1, .laggards = "still serves v1" },
                { 2, true, true, 3, 1, 1, "" } },
        },
        {
            .title = "another kind of key may succeed, and the slot that nobody serves is retired",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "ecdsa", -1, 89, A } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'b', "ecdsa", 2 } },
            .sights = "ss",
            .alert = "",
            .moves = "1:superseded 2:current",
            .fates = { { 1, true, true, 2, 2, 2, "" } },
        },
        {
            .title = "a change of the kind of key that is half done is mixed",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "ecdsa", -1, 89, A } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'b', "rsa", 1 } },
            .sights = "sc",
            .alert = "mixed",
            .moves = "2:staged",
            .fates = { { 1, false, true, 2, 2, 1, "at b: still serves v1" } },
        },
        {
            .title = "one of a pair is switched off everywhere and retired",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "ecdsa", -80, 11, A, .role = 'c' } },
            .seen = { { 1, 'a', "ecdsa", 2 } },
            .sights = "c",
            .alert = "",
            .moves = "1:superseded",
            .fates = { { 1, true, true, 2, 1, 1, "" },
                { 2, .n_places = 1, .laggards = "still serves" } },
        },
        {
            .title = "a second kind of key is added everywhere, though it was issued before",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "ecdsa", -81, 9, A } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 1 } },
            .sights = "bc",
            .alert = "",
            .moves = "2:current",
            .fates = { { 1, .n_places = 1, .laggards = "still serves v1" } },
        },
        {
            .title = "a second kind of key that is not everywhere yet is staged",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "ecdsa", -1, 89, A } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 1 } },
            .sights = "scc",
            .alert = "",
            .moves = "2:staged",
            .fates = { { 1, .n_places = 2, .laggards = "still serves v1" } },
        },
        {
            .title = "both of a pair are renewed at once",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "ecdsa", -80, 11, A, .role = 'c' }, { 3, "ecdsa", -1, 89, A },
                { 4, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "ecdsa", 3 }, { 1, 'a', "rsa", 4 } },
            .sights = "ss",
            .alert = "",
            .moves = "1:superseded 2:superseded 3:current 4:current",
            .fates = { { 1, true, true, 4, 1, 1, "" }, { 2, true, true, 3, 1, 1, "" } },
        },
        {
            .title = "a foreign RSA certificate is not excused by a good ECDSA one",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "ecdsa", -80, 11, A, .role = 'c' }, { 3, "rsa", -1, 89, "b.example" } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 3 } },
            .sights = "cf",
            .alert = "foreign",
            .moves = "",
            .fates = { { 1, .n_places = 1,
                           .laggards = "serves v3, which is no successor: it does not cover" },
                { 2, .n_places = 1, .laggards = "still serves v2" } },
        },

        /* ---- neighbours with certificates of their own ---- */
        {
            .title =
                "a neighbour's own certificate that outlives the old one does not block its end",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -81, 40, A, .role = 's' }, { 3, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 3 }, { 1, 'b', "rsa", 2 } },
            .sights = "sb",
            .alert = "mixed",
            .moves = "1:superseded 2:current 3:staged",
            .fates = { { 1, true, true, 2, 2, 2, "" } },
        },
        {
            .title = "a neighbour's own certificate that ends sooner blocks",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -81, 9, A, .role = 's' } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "b",
            .alert = "",
            .moves = "",
            .fates = { { 1, .n_places = 1,
                .laggards = "serves v2, which is no successor: it does not end later" } },
        },

        /* ---- what is no successor ---- */
        {
            .title = "a predecessor that is served again is a rollback",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'o' },
                { 2, "rsa", -1, 89, A, .role = 'c' } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2 } },
            .sights = "rc",
            .alert = "rolled_back",
            .moves = "",
            .fates = { { 2, .n_places = 2,
                .laggards = "serves v1, which is no successor: it is older" } },
        },
        {
            .title = "a predecessor of the same day that ends sooner is a rollback",
            .versions = { { 1, "rsa", -1, 10, A, .role = 'o' },
                { 2, "rsa", -1, 89, A, .role = 'c' } },
            .seen = { { 1, 'a', "rsa", 1 } },
            .sights = "r",
            .alert = "rolled_back",
            .moves = "",
            .fates = { { 2, .n_places = 1, .laggards = "it was replaced before" } },
        },
        {
            .title = "an older certificate for the same names, never seen before, is a rollback",
            .versions = { { 1, "rsa", -80, 10, A }, { 2, "rsa", -1, 89, A, .role = 'c' } },
            .seen = { { 1, 'a', "rsa", 1 } },
            .sights = "r",
            .alert = "rolled_back",
            .moves = "",
            .fates = { { 2, .n_places = 1, .laggards = "it is older" } },
        },
        {
            .title = "a certificate for other names is foreign",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, "b.example" } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "f",
            .alert = "foreign",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "it does not cover a.example" } },
        },
        {
            .title = "a newer certificate whose chain verifies worse is foreign",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, A, "self_signed" } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "f",
            .alert = "foreign",
            .moves = "",
            .fates = { { 1, .n_places = 1,
                .laggards = "its chain is self_signed, that of the current one is trusted" } },
        },
        {
            .title = "a newer certificate from a staging CA is foreign",
            .versions = { { 1, "rsa", -80, 10, A, "untrusted_root", 'c' },
                { 2, "rsa", -1, 89, A, "untrusted_root", .is_staging = true } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "f",
            .alert = "foreign",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "staging" } },
        },
        {
            .title = "the worst alert is shown",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'o' },
                { 2, "rsa", -1, 89, A, .role = 'c' }, { 3, "rsa", -1, 89, "b.example" } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 3 }, { 1, 'c', "rsa", 2, "timeout" } },
            .endpoint_error = "timeout",
            .sights = "rfc",
            .alert = "foreign",
            .moves = "",
            .fates = { { 2, .n_places = 3, .laggards = "at c: not reached" } },
        },
        {
            .title = "what a place that does not count serves alarms nobody",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -1, 89, "b.example" } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2, .is_gone = true } },
            .sights = "cf",
            .alert = "",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "still serves" } },
        },
        /* ---- corners ---- */
        {
            .title = "what left DNS is not looked at first",
            .versions = { { 1, "rsa", -10, 80, A }, { 2, "rsa", -50, 40, "b.example" } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2, .is_gone = true } },
            .sights = "cf",
            .alert = "",
            .moves = "1:current",
        },
        {
            .title = "of two leaves that end at once the one known first is current",
            .versions = { { 2, "rsa", -10, 80, A }, { 1, "rsa", -10, 80, A } },
            .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 2 } },
            .sights = "cb",
            .alert = "mixed",
            .moves = "2:staged 1:current",
        },
        {
            .title = "an unrelated leaf for another kind of key is foreign at the first look",
            .versions = { { 1, "rsa", -10, 80, A }, { 2, "ecdsa", -50, 90, "b.example" } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 1 } },
            .sights = "fc",
            .alert = "foreign",
            .moves = "1:current",
            .is_split_proposed = true,
        },
        {
            .title =
                "an older certificate for another kind of key, instead of the current one, is a rollback",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "ecdsa", -81, 9, A } },
            .seen = { { 1, 'a', "ecdsa", 2 } },
            .sights = "r",
            .alert = "rolled_back",
            .moves = "",
            .fates = { { 1, .n_places = 1,
                .laggards = "serves v2, which is no successor: it is older" } },
        },
        {
            .title = "an older certificate for other names is foreign, no rollback",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "rsa", -90, 20, "b.example" } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "f",
            .alert = "foreign",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "it does not cover a.example" } },
        },
        {
            .title = "a certificate for a third kind of key may succeed either of a pair",
            .versions = { { 1, "rsa", -1, 10, A, .role = 'c' },
                { 2, "ecdsa", -80, 11, A, .role = 'c' }, { 3, "other", -2, 89, A } },
            .seen = { { 1, 'a', "other", 3 } },
            .sights = "s",
            .alert = "",
            .moves = "1:superseded 2:superseded 3:current",
            .fates = { { 1, true, true, 3, 1, 1, "" }, { 2, true, true, 3, 1, 1, "" } },
        },
        {
            .title = "a neighbour's expired certificate does not stand in for the old one",
            .versions = { { 1, "rsa", -80, -5, A, .role = 'c' },
                { 2, "rsa", -81, -1, A, .role = 's' } },
            .seen = { { 1, 'a', "rsa", 2 } },
            .sights = "b",
            .alert = "",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "serves v2, which is no successor" } },
        },
        {
            .title = "addresses of one endpoint that share no certificate are mixed",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "ecdsa", -80, 11, A, .role = 'c' } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 1 }, { 1, 'b', "ecdsa", 2 },
                { 1, 'c', "rsa", 1 } },
            .sights = "cccc",
            .alert = "mixed",
            .moves = "",
            .fates = { { 1, false, true, 2, 3, 1, "at c: still serves v1" },
                { 2, false, false, 1, 3, 1, "at b: still serves v2" } },
        },
        {
            .title = "endpoints that use one kind of key each are not mixed",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "ecdsa", -80, 11, A, .role = 'c' } },
            .seen = { { 1, 'a', "rsa", 1 }, { 2, 'a', "ecdsa", 2 } },
            .sights = "cc",
            .alert = "",
            .moves = "",
            .fates = { { 1, false, true, 2, 2, 1, "host1:443 at a: still serves v1" },
                { 2, false, false, 1, 2, 1, "host2:443 at a: still serves v2" } },
        },
        {
            .title = "all that took the place must end later for the ticket to close",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "rsa", -1, 9, A },
                { 3, "rsa", -1, 89, A } },
            .seen = { { 1, 'a', "rsa", 2 }, { 1, 'b', "rsa", 3 } },
            .sights = "ss",
            .alert = "mixed",
            .moves = "1:superseded 2:current 3:staged",
            .fates = { { 1, true, false, 3, 2, 2, "" } },
        },
        {
            .title = "a second kind of key on an address that fails is not everywhere",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' }, { 2, "ecdsa", -1, 89, A } },
            .seen = { { 1, 'a', "ecdsa", 2 }, { 1, 'a', "rsa", 1 },
                { 1, 'b', "ecdsa", 2, "timeout" }, { 1, 'b', "rsa", 1 } },
            .endpoint_error = "timeout",
            .sights = "scsc",
            .alert = "unreachable",
            .moves = "2:staged",
            .fates = { { 1, .n_places = 2, .laggards = "at b: not reached (timeout)" } },
        },
        {
            .title =
                "an older certificate in a slot that has a newer one is a rollback, whatever is beside it",
            .versions = { { 1, "rsa", -80, 10, A, .role = 'c' },
                { 2, "ecdsa", -1, 89, A, .role = 'c' }, { 3, "ecdsa", -80, 11, A } },
            .seen = { { 1, 'a', "ecdsa", 3 }, { 1, 'a', "rsa", 1 } },
            .sights = "rc",
            .alert = "rolled_back",
            .moves = "",
            .fates = { { 1, .n_places = 1, .laggards = "still serves v1" },
                { 2, .n_places = 1, .laggards = "serves v3, which is no successor: it is older" } },
        },
    };

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

static char *text(const char *s)
{
    return (char *)(uintptr_t)s; /* rows own their texts; these are nobody's */
}

static void add_names(struct name_set *set, const char *names)
{
    struct span rest = span_text(names);
    struct span part;

    while (rest.size > 0 && span_split(&rest, ' ', &part)) {
        autofree(str) char *name = span_dup(part);

        name_set_add(set, name);
    }
    name_set_sort(set);
}

static void cast_versions(const struct story *story, struct cast *cast)
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

static void cast_observations(const struct story *story, struct cast *cast)
{
    for (size_t i = 0; i < MAX_SEEN && story->seen[i].endpoint; i++) {
        const struct told_sight *const told = &story->seen[i];

        cast->addresses[i][0] = told->address;
        cast->observations[i] = (struct observation_row){
            .endpoint_id = told->endpoint,
            .address = cast->addresses[i],
            .slot = text(told->slot),
            .version_id = told->version,
            .error_class = text(told->error ? told->error : ""),
            .error = text(told->error ? told->error : ""),
            .is_in_dns = !told->is_gone,
            .is_waived = told->is_waived,
        };
        cast->input.n_observations++;
        if (told->endpoint == 2)
            cast->input.n_endpoints = 2;
    }
}

static void cast_endpoints(const struct story *story, struct cast *cast)
{
    for (int i = 0; i < 2; i++)
        cast->endpoints[i] = (struct endpoint_row){
            .id = i + 1,
            .host = text(i == 0 ? "host1" : "host2"),
            .port = 443,
            .last_checked_at = i == 0 && story->is_unchecked ? 0 : NOW - 60,
            .error_class = text(i == 0 && story->endpoint_error ? story->endpoint_error : ""),
            .error = text(""),
        };
}

static void cast_story(const struct story *story, struct cast *cast)
{
    *cast = (struct cast){ 0 };
    cast->input = (struct compare_input){
        .versions = cast->versions,
        .endpoints = cast->endpoints,
        .observations = cast->observations,
        .n_endpoints = 1,
        .needs = { .names = &cast->required },
        .now = NOW,
    };
    add_names(&cast->required, "a.example");
    cast_versions(story, cast);
    cast_observations(story, cast);
    cast_endpoints(story, cast);
}

static void cast_done(struct cast *cast)
{
    for (size_t i = 0; i < MAX_VERSIONS; i++)
        name_set_done(&cast->names[i]);
    name_set_done(&cast->required);
}

/* ---- and comparing the ends ---- */

static void check_sights(const struct story *story, const struct compare_input *input,
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

static void check_moves(const struct story *story, const struct compare_result *result)
{
    autodone(buf) struct buf found = BUF_INIT(1024);

    for (size_t i = 0; i < result->n_moves; i++)
        buf_addf(&found, "%s%" PRId64 ":%s", i > 0 ? " " : "", result->moves[i].version_id,
            version_role_name(result->moves[i].role));
    if (strcmp(buf_text(&found), story->moves) != 0)
        fail_msg("%s: moves are \"%s\", not \"%s\"", story->title, buf_text(&found), story->moves);
}

static void check_fates(const struct story *story, const struct compare_result *result)
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

static void check_story(const struct story *story)
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

static void each_story_ends_as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(stories); i++)
        check_story(&stories[i]);
}

static void not_counting_has_its_reason(void **state)
{
    static const struct story story = {
        .versions = { { 1, "rsa", -80, 10, A, .role = 'c' } },
        .seen = { { 1, 'a', "rsa", 1 }, { 1, 'b', "rsa", 1, .is_gone = true },
            { 1, 'c', "rsa", 1, "timeout", .is_waived = true }, { 1, 'd', "", 0, "not_routable" } },
    };
    static const char *const reasons[] = { "", "gone", "waived", "not_routable" };
    autodone(compare_result) struct compare_result result = { 0 };
    struct cast cast;

    (void)state;
    cast_story(&story, &cast);
    compare_places(&cast.input, &result);
    for (size_t i = 0; i < countof(reasons); i++) {
        assert_string_equal(result.sights[i].not_because, reasons[i]);
        assert_int_equal(result.sights[i].counts, i == 0);
    }
    assert_true(result.sights[2].is_failing);
    assert_string_equal(sight_kind_name(result.sights[0].kind), "current");
    assert_string_equal(sight_kind_name(result.sights[3].kind), "");
    cast_done(&cast);
}

static void hundreds_of_laggards_are_counted(void **state)
{
    static struct observation_row observations[300];
    static char addresses[300][8];
    struct cast cast;
    autodone(compare_result) struct compare_result result = { 0 };

    (void)state;
    cast_story(&stories[9], &cast); /* a successor, everywhere */
    for (size_t i = 0; i < countof(observations); i++) {
        (void)snprintf(addresses[i], sizeof addresses[i], "a%zu", i);
        observations[i] = (struct observation_row){ .endpoint_id = 1,
            .address = addresses[i],
            .slot = text("rsa"),
            .version_id = i < 100 ? 2 : 1,
            .error_class = text(""),
            .error = text(""),
            .is_in_dns = true };
    }
    cast.input.observations = observations;
    cast.input.n_observations = countof(observations);
    compare_places(&cast.input, &result);
    assert_int_equal(result.fates[0].n_places, 300);
    assert_int_equal(result.fates[0].n_replaced, 100);
    assert_contains(buf_text(&result.fates[0].laggards), "at a149: still");
    assert_null(strstr(buf_text(&result.fates[0].laggards), "at a150:"));
    assert_contains(buf_text(&result.fates[0].laggards), "and 150 more\n");
    assert_int_equal(result.alert, COMPARE_MIXED);
    cast_done(&cast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_ends_as_told),
        cmocka_unit_test(not_counting_has_its_reason),
        cmocka_unit_test(hundreds_of_laggards_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
