/* F7: the successor rule, and sets of names. */
#include "testing.h"

#include "base/alloc.h"
#include "core/match.h"
#include "testing_x509.h"
#include "x509/cert.h"

#define NOW INT64_C(1800000000)
#define DAY INT64_C(86400)

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

/* ---- names ---- */

static const struct {
    const char *names;
    const char *name;
    bool is_covered;
} coverings[] = {
    { "a.example", "a.example", true },
    { "a.example", "A.Example.", true },
    { "A.EXAMPLE", "a.example", true },
    { "a.example", "b.example", false },
    { "*.apps.example b.example", "x.apps.example", true },
    { "*.apps.example", "x.y.apps.example", false },
    { "*.apps.example", "apps.example", false },
    { "*.apps.example", "*.apps.example", true },
    { "*.apps.example", "*.x.apps.example", false },
    { "x.apps.example", "*.apps.example", false },
    { "*.example", "a.example", false },
    { "192.0.2.1", "192.0.2.1", true },
    { "192.0.2.1", "192.0.2.2", false },
    { "*.0.2.1", "192.0.2.1", false },
    { "2001:db8::1", "[2001:db8::1]", true },
    { "", "a.example", false },
    { "a.example", "", false },
    { "a.example", "localhost", false },
    { "localhost", "localhost", true },
};

static void name_set_covers_names_and_wildcards(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(coverings); i++) {
        autodone(name_set) struct name_set set = { 0 };

        add_names(&set, coverings[i].names);
        if (name_set_covers(&set, coverings[i].name) != coverings[i].is_covered)
            fail_msg("\"%s\" and \"%s\"", coverings[i].names, coverings[i].name);
    }
}

static void name_set_is_sorted_without_doubles(void **state)
{
    autodone(name_set) struct name_set set = { 0 };

    (void)state;
    add_names(&set, "b a B. a [::1]");
    assert_int_equal(set.n, 3);
    assert_string_equal(set.items[0], "::1");
    assert_string_equal(set.items[1], "a");
    assert_string_equal(set.items[2], "b");
}

static void name_set_comes_from_a_certificate(void **state)
{
    autodone(made) struct made made = make((struct order){ .cn = "never.example",
        .sans = "DNS:B.example,DNS:*.example.org,IP:192.0.2.1,email:x@y.example,URI:https://z/" });
    autodone(buf) struct buf der = made_der(&made);
    autodone(name_set) struct name_set set = { 0 };
    autofree(cert) struct cert *cert = NULL;
    struct err err = { 0 };

    (void)state;
    assert_works(cert_from_der(buf_span(&der), &cert, &err), &err);
    name_set_add_cert(&set, cert);
    name_set_sort(&set);
    assert_int_equal(set.n, 3);
    assert_string_equal(set.items[0], "*.example.org");
    assert_string_equal(set.items[1], "192.0.2.1");
    assert_string_equal(set.items[2], "b.example");
}

static void name_set_comes_from_json(void **state)
{
    autodone(name_set) struct name_set set = { 0 };
    struct err err = { 0 };

    (void)state;
    assert_works(name_set_add_json(&set, "[\"b.example\",\"a.example\"]", &err), &err);
    assert_works(
        name_set_add_sans(&set,
            "[{\"type\":\"dns\",\"value\":\"c.example\"},{\"type\":\"ip\",\"value\":\"::1\"},"
            "{\"type\":\"email\",\"value\":\"x@y\"}]",
            &err),
        &err);
    name_set_sort(&set);
    assert_int_equal(set.n, 4);
    assert_fails(name_set_add_json(&set, "[1]", &err), &err, ERR_INVALID);
    assert_fails(name_set_add_json(&set, "[", &err), &err, ERR_INVALID);
    assert_fails(name_set_add_sans(&set, "[{\"type\":\"dns\"}]", &err), &err, ERR_INVALID);
    assert_fails(name_set_add_sans(&set, "{", &err), &err, ERR_INVALID);
}

static void name_set_of_60000_answers_60000_questions(void **state)
{
    autodone(name_set) struct name_set set = { 0 };
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 60000; i++) {
        char name[32];

        (void)snprintf(name, sizeof name, "h%05d.example", (i * 7919) % 60000);
        name_set_add(&set, name);
    }
    name_set_sort(&set);
    for (size_t i = 0; i < set.n; i++)
        n += name_set_covers(&set, set.items[i]);
    assert_int_equal(n, 60000);
}

/* ---- the rule ---- */

struct told {
    int64_t begins;
    int64_t ends;
    int64_t path_ends; /* 0: the same */
    const char *names;
    const char *chain;
    bool is_staging;
};

static const struct {
    const char *title;
    struct told old;
    struct told new;
    const char *required;
    bool is_explicit;
    enum match_fault fault;
    bool ends_later;
    const char *reason;
} cases[] = {
    { "an ordinary renewal", { -80, 10, 0, "a.example", "trusted", false },
        { -1, 89, 0, "a.example", "trusted", false }, "a.example", false, MATCH_OK, true, "" },
    { "begins at the same instant", { -80, 10, 0, "a.example", "trusted", false },
        { -80, 89, 0, "a.example", "trusted", false }, "a.example", false, MATCH_OK, true, "" },
    { "begins earlier", { -80, 10, 0, "a.example", "trusted", false },
        { -81, 89, 0, "a.example", "trusted", false }, "a.example", false, MATCH_BEGINS_EARLIER,
        true,
        "it is older: it begins on 2026-10-26T08:00:00Z, the current one on 2026-10-27T08:00:00Z" },
    { "has expired", { -80, 10, 0, "a.example", "trusted", false },
        { -1, -1, 0, "a.example", "trusted", false }, "a.example", false, MATCH_EXPIRED, false,
        "it expired on 2027-01-14" },
    { "ends this very second", { -80, -10, 0, "a.example", "trusted", false },
        { -1, 0, 0, "a.example", "trusted", false }, "a.example", false, MATCH_OK, true, "" },
    { "does not end later", { -80, 10, 0, "a.example", "trusted", false },
        { -1, 10, 0, "a.example", "trusted", false }, "a.example", false, MATCH_OK, false, "" },
    { "is held back by its intermediate", { -80, 10, 0, "a.example", "trusted", false },
        { -1, 89, 10, "a.example", "trusted", false }, "a.example", false, MATCH_OK, false, "" },
    { "covers what is required, though not all that the old one did",
        { -80, 10, 0, "a.example b.example", "trusted", false },
        { -1, 89, 0, "a.example", "trusted", false }, "a.example", false, MATCH_OK, true, "" },
    { "lacks a required name", { -80, 10, 0, "a.example b.example", "trusted", false },
        { -1, 89, 0, "a.example", "trusted", false }, "a.example b.example", false, MATCH_NAMES,
        true, "it does not cover b.example" },
    { "lacks several", { -80, 10, 0, "*.example.org b.example", "trusted", false },
        { -1, 89, 0, "z.example", "trusted", false }, "a.example.org b.example c.example.org",
        false, MATCH_NAMES, true, "it does not cover a.example.org and 2 more" },
    { "lacks a required name that the old one lacked as well",
        { -80, 10, 0, "a.example", "trusted", false }, { -1, 89, 0, "a.example", "trusted", false },
        "a.example b.example", false, MATCH_OK, true, "" },
    { "a wildcard takes the place of names",
        { -80, 10, 0, "a.example.org b.example.org", "trusted", false },
        { -1, 89, 0, "*.example.org", "trusted", false }, "a.example.org b.example.org", false,
        MATCH_OK, true, "" },
    { "nothing is required: all that the old one covers is",
        { -80, 10, 0, "a.example b.example", "trusted", false },
        { -1, 89, 0, "a.example", "trusted", false }, "", false, MATCH_NAMES, true,
        "it does not cover b.example" },
    { "the endpoint's name was never covered: all that the old one covers is required",
        { -80, 10, 0, "a.example", "trusted", false }, { -1, 89, 0, "z.example", "trusted", false },
        "192.0.2.1", false, MATCH_NAMES, true, "it does not cover a.example" },
    { "the endpoint's name was never covered, and the rest is",
        { -80, 10, 0, "a.example", "trusted", false }, { -1, 89, 0, "a.example", "trusted", false },
        "192.0.2.1", false, MATCH_OK, true, "" },
    { "a person has set names that the old one does not cover",
        { -80, 10, 0, "old.example", "trusted", false },
        { -1, 89, 0, "new.example", "trusted", false }, "new.example", true, MATCH_OK, true, "" },
    { "a person has set names that neither covers", { -80, 10, 0, "old.example", "trusted", false },
        { -1, 89, 0, "old.example", "trusted", false }, "new.example", true, MATCH_NAMES, true,
        "it does not cover new.example" },
    { "the old one covers nothing at all", { -80, 10, 0, "", "self_signed", false },
        { -1, 89, 0, "a.example", "trusted", false }, "", false, MATCH_OK, true, "" },
    { "its chain verifies better", { -80, 10, 0, "a.example", "untrusted_root", false },
        { -1, 89, 0, "a.example", "trusted", false }, "a.example", false, MATCH_OK, true, "" },
    { "its chain verifies worse", { -80, 10, 0, "a.example", "trusted", false },
        { -1, 89, 0, "a.example", "incomplete", false }, "a.example", false, MATCH_CHAIN, true,
        "its chain is incomplete, that of the current one is trusted" },
    { "the same private CA, whose root is sent now",
        { -80, 10, 0, "a.example", "incomplete", false },
        { -1, 89, 0, "a.example", "untrusted_root", false }, "a.example", false, MATCH_OK, true,
        "" },
    { "the old one has expired", { -80, -1, 0, "a.example", "expired", false },
        { -1, 89, 0, "a.example", "trusted", false }, "a.example", false, MATCH_OK, true, "" },
    { "a staging CA", { -80, 10, 0, "a.example", "untrusted_root", false },
        { -1, 89, 0, "a.example", "untrusted_root", true }, "a.example", false, MATCH_STAGING, true,
        "it comes from a staging CA" },
    { "a staging CA after a staging CA", { -80, 10, 0, "a.example", "untrusted_root", true },
        { -1, 89, 0, "a.example", "untrusted_root", true }, "a.example", false, MATCH_OK, true,
        "" },
};

static struct match_facts facts_of(const struct told *told, struct name_set *names)
{
    add_names(names, told->names);
    return (struct match_facts){
        .not_before = NOW + told->begins * DAY,
        .not_after = NOW + told->ends * DAY,
        .path_expires_at = told->path_ends ? NOW + told->path_ends * DAY : 0,
        .chain_status = told->chain,
        .is_staging = told->is_staging,
        .names = names,
    };
}

static void successor_rule_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        autodone(name_set) struct name_set old_names = { 0 };
        autodone(name_set) struct name_set new_names = { 0 };
        autodone(name_set) struct name_set required = { 0 };
        const struct match_facts old = facts_of(&cases[i].old, &old_names);
        const struct match_facts new = facts_of(&cases[i].new, &new_names);
        const struct match_needs needs = { &required, cases[i].is_explicit };
        struct match_answer answer;

        add_names(&required, cases[i].required);
        match_successor(&old, &new, &needs, NOW, &answer);
        if (answer.fault != cases[i].fault || answer.ends_later != cases[i].ends_later ||
            strcmp(answer.reason, cases[i].reason) != 0)
            fail_msg("%s: fault %d, ends later %d, \"%s\"", cases[i].title, (int)answer.fault,
                answer.ends_later, answer.reason);
    }
}

/* Keys of old Java programs and roots of CAs have a CN and no names. */
static void without_names_the_cn_says_what_it_is_of(void **state)
{
    static const struct {
        const char *title;
        const char *old_cn;
        const char *new_names;
        const char *new_cn;
        const char *required;
        const char *reason; /* NULL: a successor */
    } cn_cases[] = {
        { "another one", "old.example", "other.example", "other.example", "",
            "it does not cover old.example" },
        { "another one without names", "Old CA", "", "Other CA", "", "it does not cover Old CA" },
        { "the same CN", "Old CA", "", "old ca", "", NULL },
        { "the name is covered now", "old.example", "old.example", "x", "", NULL },
        { "a CN beside names is nothing", "old.example", "other.example", "old.example", "",
            "it does not cover old.example" },
        { "it covers the endpoint's name", "appliance", "a.example", "a.example", "a.example",
            NULL },
        { "the endpoint's name is not covered", "appliance", "b.example", "b.example", "a.example",
            "it does not cover a.example" },
        { "the appliance made itself a new one", "appliance", "", "appliance", "192.0.2.1", NULL },
        { "the old one has no CN either", NULL, "other.example", "other.example", "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < countof(cn_cases); i++) {
        autodone(name_set) struct name_set none = { 0 };
        autodone(name_set) struct name_set names = { 0 };
        autodone(name_set) struct name_set required = { 0 };
        const struct match_facts old = { .not_after = NOW + DAY,
            .chain_status = "self_signed",
            .names = &none,
            .cn = cn_cases[i].old_cn };
        const struct match_facts new = { .not_after = NOW + 2 * DAY,
            .chain_status = "self_signed",
            .names = &names,
            .cn = cn_cases[i].new_cn };
        const struct match_needs needs = { &required, false };
        struct match_answer answer;

        add_names(&names, cn_cases[i].new_names);
        add_names(&required, cn_cases[i].required);
        match_successor(&old, &new, &needs, NOW, &answer);
        if ((answer.fault == MATCH_OK) != !cn_cases[i].reason ||
            strcmp(answer.reason, cn_cases[i].reason ? cn_cases[i].reason : "") != 0)
            fail_msg("%s: fault %d, \"%s\"", cn_cases[i].title, (int)answer.fault, answer.reason);
    }
}

static void siblings_may_be_older(void **state)
{
    static const struct told one = { -80, 10, 0, "a.example", "trusted", false };
    static const struct told older = { -90, 5, 0, "a.example", "trusted", false };
    static const struct told other = { -80, 10, 0, "b.example", "trusted", false };
    struct name_set names[3] = { { 0 }, { 0 }, { 0 } };
    const struct match_needs needs = { NULL, false };

    (void)state;
    const struct match_facts a = facts_of(&one, &names[0]);
    const struct match_facts b = facts_of(&older, &names[1]);
    const struct match_facts c = facts_of(&other, &names[2]);

    assert_true(match_is_sibling(&a, &b, &needs, NOW));
    assert_false(match_is_sibling(&a, &b, &needs, NOW + 6 * DAY));
    assert_false(match_is_sibling(&a, &c, &needs, NOW));
    assert_true(match_is_related(&a, &b, &needs));
    assert_false(match_is_related(&a, &c, &needs));
    for (size_t i = 0; i < countof(names); i++)
        name_set_done(&names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_set_covers_names_and_wildcards),
        cmocka_unit_test(name_set_is_sorted_without_doubles),
        cmocka_unit_test(name_set_comes_from_a_certificate),
        cmocka_unit_test(name_set_comes_from_json),
        cmocka_unit_test(name_set_of_60000_answers_60000_questions),
        cmocka_unit_test(successor_rule_holds),
        cmocka_unit_test(without_names_the_cn_says_what_it_is_of),
        cmocka_unit_test(siblings_may_be_older),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
