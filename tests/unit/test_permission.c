/*
 * F9, F34, F35: the whole table of role x relation x action, written out by hand.
 *
 * One row is one way to stand to a record; its columns are the actions in the order of enum action.
 */
#include "testing.h"

#include "auth/permission.h"

static const struct {
    enum role role;
    unsigned relations;
    const char *may; /* see comment edit share delete change-owner use-key */
} table[] = {
    { ROLE_PUBLIC, 0, "-------" },
    { ROLE_PUBLIC, RELATION_OWNER | RELATION_MAY_USE_KEY, "-------" },
    { ROLE_USER, 0, "-------" },
    { ROLE_USER, RELATION_ASSIGNEE, "yy-----" },
    { ROLE_USER, RELATION_SHARED_USER, "yyyyy--" },
    { ROLE_USER, RELATION_SHARED_GROUP, "yyyyy--" },
    { ROLE_USER, RELATION_SHARED_USER | RELATION_MAY_USE_KEY, "yyyyy-y" },
    { ROLE_USER, RELATION_OWNER, "yyyyyy-" },
    { ROLE_USER, RELATION_OWNER | RELATION_MAY_USE_KEY, "yyyyyyy" },
    { ROLE_AUDITOR, 0, "y------" },
    { ROLE_AUDITOR, RELATION_ASSIGNEE, "yy-----" },
    { ROLE_AUDITOR, RELATION_OWNER, "yyyyyy-" },
    { ROLE_ADMIN, 0, "yyyyyyy" },
};

static void the_table_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(table); i++) {
        struct principal who = { .account_id = 7, .role = table[i].role, .scopes = SCOPE_ALL };

        for (int action = 0; action < N_ACTIONS; action++)
            if (permission_allows(&who, (enum action)action, table[i].relations) !=
                (table[i].may[action] == 'y'))
                fail_msg("row %zu action %d is not '%c'", i, action, table[i].may[action]);
    }
}

static void a_token_only_narrows(void **state)
{
    struct principal admin = { .account_id = 1, .role = ROLE_ADMIN, .scopes = SCOPE_READ };
    struct principal user = { .account_id = 2, .role = ROLE_USER, .scopes = SCOPE_ALL };

    (void)state;
    assert_true(permission_allows(&admin, ACTION_SEE, 0));
    assert_false(permission_allows(&admin, ACTION_EDIT, RELATION_OWNER));
    assert_false(permission_has_role(&admin, ROLE_ADMIN, false));
    assert_true(permission_has_role(&admin, ROLE_USER, false));
    assert_false(permission_has_role(&admin, ROLE_USER, true));
    assert_false(permission_has_role(&user, ROLE_ADMIN, false));
    assert_false(permission_has_role(&user, ROLE_AUDITOR, false));
    assert_false(permission_sees_all(&user));
}

static void scopes_are_words(void **state)
{
    unsigned scopes = 0;

    (void)state;
    assert_true(scopes_from_text("read", &scopes));
    assert_int_equal(scopes, SCOPE_READ);
    assert_true(scopes_from_text("read write", &scopes));
    assert_int_equal(scopes, SCOPE_READ | SCOPE_WRITE);
    assert_true(scopes_from_text("admin", &scopes));
    assert_int_equal(scopes, SCOPE_ALL);
    assert_false(scopes_from_text("", &scopes));
    assert_false(scopes_from_text("read root", &scopes));
    assert_int_equal(scopes, SCOPE_ALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_holds),
        cmocka_unit_test(a_token_only_narrows),
        cmocka_unit_test(scopes_are_words),
    };
    return cmocka_run_group_tests_name("permission", tests, NULL, NULL);
}
