/* F34: local passwords are Argon2id; nothing else matches, and rules are told. */
#include "testing.h"

#include "auth/password.h"

static void a_hash_matches_its_password_only(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    struct err err = { 0 };

    (void)state;
    assert_works(password_hash(SPAN_LITERAL("correct horse"), hash, &err), &err);
    assert_true(strncmp(hash, "$argon2id$", 10) == 0);
    assert_true(password_matches(SPAN_LITERAL("correct horse"), hash));
    assert_false(password_matches(SPAN_LITERAL("correct horsf"), hash));
    assert_false(password_matches(SPAN_EMPTY, hash));
    assert_false(password_matches(SPAN_LITERAL("correct horse"), NULL));
    assert_false(password_matches(SPAN_LITERAL("correct horse"), "not a hash"));
}

static void weak_passwords_are_refused_with_the_reason(void **state)
{
    static const struct {
        struct span password;
        const char *says;
    } cases[] = {
        { SPAN_LITERAL("short"), "shorter than 10" },
        { SPAN_LITERAL("margaret.h"), "name of the user" },
        { SPAN_LITERAL("Password123"), "most common" },
        { SPAN_LITERAL("not\xff"
                       "utf8 text"),
            "UTF-8" },
    };
    struct err err = { 0 };

    (void)state;
    for (size_t i = 0; i < countof(cases); i++) {
        assert_fails(password_check_rules(cases[i].password, "margaret.h", &err), &err,
            ERR_INVALID);
        assert_contains(err.msg, cases[i].says);
    }
    assert_works(password_check_rules(SPAN_LITERAL("a fine long phrase"), "margaret.h", &err),
        &err);
}

static void generated_passwords_differ_and_pass_the_rules(void **state)
{
    char a[24];
    char b[24];
    struct err err = { 0 };

    (void)state;
    password_generate(a);
    password_generate(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 23);
    assert_works(password_check_rules(span_text(a), "admin", &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_matches_its_password_only),
        cmocka_unit_test(weak_passwords_are_refused_with_the_reason),
        cmocka_unit_test(generated_passwords_differ_and_pass_the_rules),
    };
    return cmocka_run_group_tests_name("password", tests, NULL, NULL);
}
