/* F6, F13, F15, F17, F18: what leads from one status to the next. */
#include "testing.h"

#include "core/lifecycle.h"

static const struct {
    enum ticket_type type;
    enum ticket_status from;
    const char *name;
    enum transition_actor actor;
    enum ticket_status to;
    enum ticket_status working;
} allowed[] = {
    { TICKET_CERTIFICATE_EXPIRY, STATUS_OPEN, "resolve", BY_CERTDESK, STATUS_DONE, STATUS_DONE },
    { TICKET_CERTIFICATE_EXPIRY, STATUS_OPEN, "resolve", BY_PERSON, STATUS_DONE, STATUS_DONE },
    { TICKET_CERTIFICATE_EXPIRY, STATUS_DONE, "reopen", BY_PERSON, STATUS_OPEN, STATUS_OPEN },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_REQUEST, "enroll", BY_PERSON,
        STATUS_CERTIFICATE_ENROLLED, STATUS_CERTIFICATE_ENROLLING },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_REQUEST, "cancel", BY_PERSON, STATUS_CANCELLED,
        STATUS_CANCELLED },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_ENROLLED, "renew", BY_CERTDESK,
        STATUS_CERTIFICATE_RENEWED, STATUS_CERTIFICATE_RENEW },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_RENEWED, "renew", BY_PERSON,
        STATUS_CERTIFICATE_RENEWED, STATUS_CERTIFICATE_RENEW },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_RENEWED, "revoke", BY_PERSON,
        STATUS_CERTIFICATE_REVOKED, STATUS_CERTIFICATE_REVOKING },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_ENROLLING, "not_enrolled", BY_CERTDESK,
        STATUS_CERTIFICATE_REQUEST, STATUS_CERTIFICATE_REQUEST },
    { TICKET_REVOKE_CERTIFICATE, STATUS_OPEN, "revoke", BY_PERSON, STATUS_DONE, STATUS_DONE },
};

static void transitions_lead_where_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(allowed); i++) {
        const struct transition *found = NULL;
        struct err err = { 0 };

        assert_works(lifecycle_find(allowed[i].type, allowed[i].from, allowed[i].name,
                         allowed[i].actor, &found, &err),
            &err);
        assert_int_equal(found->to, allowed[i].to);
        assert_int_equal(found->working, allowed[i].working);
        assert_true(found->title[0] != '\0');
    }
}

static const struct {
    enum ticket_type type;
    enum ticket_status from;
    const char *name;
    enum transition_actor actor;
    const char *says;
} refused[] = {
    { TICKET_CERTIFICATE_EXPIRY, STATUS_DONE, "resolve", BY_PERSON,
        "\"resolve\" is not possible for a ticket in status Done; possible: reopen" },
    { TICKET_CERTIFICATE_EXPIRY, STATUS_OPEN, "revoke", BY_PERSON, "possible: resolve" },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_REVOKED, "renew", BY_PERSON,
        "in status Certificate Revoked; nothing is" },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_REQUEST, "revoke", BY_PERSON,
        "possible: enroll, cancel" },
    { TICKET_CERTIFICATE, STATUS_CERTIFICATE_ENROLLING, "enrolled", BY_PERSON, "nothing is" },
    { TICKET_REVOKE_CERTIFICATE, STATUS_OPEN, "cancel", BY_CERTDESK, "possible: revoke" },
};

static void transitions_that_are_not_there_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < countof(refused); i++) {
        const struct transition *found = NULL;
        struct err err = { 0 };

        assert_fails(lifecycle_find(refused[i].type, refused[i].from, refused[i].name,
                         refused[i].actor, &found, &err),
            &err, ERR_CONFLICT);
        assert_contains(err.msg, refused[i].says);
        assert_null(found);
    }
}

/* Whatever has begun can end, and nobody is left in a working status without a way out. */
static void no_status_is_a_trap(void **state)
{
    (void)state;
    for (int type = 0; type < N_TICKET_TYPES; type++) {
        assert_true(ticket_type_has_status((enum ticket_type)type,
            ticket_first_status((enum ticket_type)type)));
        for (int status = 0; status < N_TICKET_STATUSES; status++) {
            const bool has_way = lifecycle_nth((enum ticket_type)type, (enum ticket_status)status,
                                     BY_ANYONE, 0) != NULL;

            if (ticket_type_has_status((enum ticket_type)type, (enum ticket_status)status) &&
                !ticket_status_is_resolved((enum ticket_status)status))
                assert_true(has_way);
        }
    }
}

static void working_statuses_belong_to_the_type(void **state)
{
    const struct transition *t;

    (void)state;
    for (int status = 0; status < N_TICKET_STATUSES; status++)
        for (size_t i = 0;
             (t = lifecycle_nth(TICKET_CERTIFICATE, (enum ticket_status)status, BY_ANYONE, i)); i++)
            assert_true(ticket_type_has_status(TICKET_CERTIFICATE, t->working));
    assert_false(ticket_type_has_status(TICKET_CERTIFICATE_EXPIRY, STATUS_CANCELLED));
}

static void words_go_there_and_back(void **state)
{
    enum ticket_type type = TICKET_CERTIFICATE;
    enum ticket_status status = STATUS_OPEN;

    (void)state;
    for (int i = 0; i < N_TICKET_TYPES; i++) {
        assert_true(ticket_type_from_name(ticket_type_name((enum ticket_type)i), &type));
        assert_int_equal(type, i);
    }
    for (int i = 0; i < N_TICKET_STATUSES; i++) {
        assert_true(ticket_status_from_name(ticket_status_name((enum ticket_status)i), &status));
        assert_int_equal(status, i);
        assert_int_equal(ticket_status_category((enum ticket_status)i) == CATEGORY_DONE,
            ticket_status_is_resolved((enum ticket_status)i));
    }
    assert_false(ticket_type_from_name("bug", &type));
    assert_false(ticket_status_from_name("closed", &status));
    assert_string_equal(ticket_type_title(TICKET_CERTIFICATE_EXPIRY), "Certificate Expiry");
    assert_string_equal(ticket_status_title(STATUS_CERTIFICATE_RENEW), "Certificate Renew");
    assert_int_equal(ticket_first_status(TICKET_CERTIFICATE), STATUS_CERTIFICATE_REQUEST);
}

/* F16, F17: however work on a ticket ends, the table has the way, and there is none to elsewhere.
 */
static void work_ends_where_it_was_to_or_where_it_began(void **state)
{
    static const struct {
        enum ticket_status working;
        enum ticket_status to[3];
        size_t n;
    } ends[] = {
        { STATUS_CERTIFICATE_ENROLLING, { STATUS_CERTIFICATE_ENROLLED, STATUS_CERTIFICATE_REQUEST },
            2 },
        { STATUS_CERTIFICATE_RENEW, { STATUS_CERTIFICATE_RENEWED, STATUS_CERTIFICATE_ENROLLED },
            2 },
        { STATUS_CERTIFICATE_REVOKING,
            { STATUS_CERTIFICATE_REVOKED, STATUS_CERTIFICATE_ENROLLED, STATUS_CERTIFICATE_RENEWED },
            3 },
    };

    (void)state;
    for (size_t i = 0; i < countof(ends); i++) {
        size_t n = 0;

        assert_true(ticket_status_is_working(ends[i].working));
        for (size_t t = 0; t < ends[i].n; t++)
            assert_non_null(lifecycle_outcome(TICKET_CERTIFICATE, ends[i].working, ends[i].to[t]));
        for (int to = 0; to < N_TICKET_STATUSES; to++)
            n += lifecycle_outcome(TICKET_CERTIFICATE, ends[i].working, (enum ticket_status)to) !=
                 NULL;
        assert_int_equal(n, ends[i].n);
    }
    assert_false(ticket_status_is_working(STATUS_CERTIFICATE_RENEWED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transitions_lead_where_they_should),
        cmocka_unit_test(work_ends_where_it_was_to_or_where_it_began),
        cmocka_unit_test(transitions_that_are_not_there_are_refused),
        cmocka_unit_test(no_status_is_a_trap),
        cmocka_unit_test(working_statuses_belong_to_the_type),
        cmocka_unit_test(words_go_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
