/* job/types/selection: on whose behalf a job works, and which records it is about. */
#include "testing_store.h"

#include "base/alloc.h"
#include "codec/json.h"
#include "job/types/selection.h"
#include "store/custom_field.h"

/* F35: a job of somebody who has gone is not certdesk's own, which may do anything. */
static void work_of_who_is_gone_is_not_done(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t ann = an_account(tx, "ann");
    struct principal who;
    struct err err = { 0 };

    assert_works(job_principal(tx, ann, &who, &err), &err);
    assert_string_equal(who.name, "ann");
    assert_fails(job_principal(tx, 0, &who, &err), &err, ERR_DENIED);
    assert_contains(err.msg, "removed");
    assert_fails(job_principal(tx, ann + 1, &who, &err), &err, ERR_NOT_FOUND);
    autofree(account_row) struct account_row *row = NULL;

    assert_works(store_account_get(tx, ann, &row, &err), &err);
    row->is_disabled = true;
    assert_works(store_account_save(tx, row, NOW, &err), &err);
    assert_fails(job_principal(tx, ann, &who, &err), &err, ERR_DENIED);
    tx_free(tx);
}

static int64_t count_selected(struct tx *tx, const struct principal *who, const char *payload)
{
    autofree(json) struct json *json = NULL;
    autodone(selection) struct selection selection = { 0 };
    int64_t n = 0;
    struct err err = { 0 };

    assert_works(json_parse(span_text(payload), &json, &err), &err);
    selection_read(&selection, json, NOW);
    while (!selection.is_done) {
        autodone(id_list) struct id_list ids = { 0 };

        assert_works(selection_next(tx, &selection, who, 1, &ids, &err), &err);
        n += (int64_t)ids.n;
    }
    return n;
}

/* A condition that the job did not know would make it touch records that nobody meant. */
static void a_job_takes_every_condition_of_its_filter(void **state)
{
    static const struct {
        const char *payload;
        int64_t n;
    } cases[] = {
        { "{\"filter\": {}}", 2 },
        { "{\"filter\": {\"fields\": {\"cost\": \"A1\"}}}", 1 },
        { "{\"filter\": {\"fields\": {\"cost\": \"B2\"}}}", 0 },
        { "{\"filter\": {\"fields\": {\"nonsense\": \"A1\"}}}", 0 },
        { "{\"filter\": {\"status\": [\"expired\"]}}", 0 },
        { "{\"filter\": {\"source\": [\"imported\"]}}", 0 },
        { "{\"filter\": {\"q\": \"one\"}}", 1 },
        { "{\"filter\": {\"owner\": \"ann\", \"unused\": true}}", 2 },
        { "{\"filter\": {\"assignee\": \"-\"}}", 2 },
        { "{\"filter\": {\"assignee\": \"ann\"}}", 0 },
        { "{\"filter\": {\"tag\": \"web\"}}", 0 },
        { "{\"filter\": {\"business_group\": \"Shop\"}}", 0 },
        { "{\"filter\": {\"resource\": \"lb-1\"}}", 0 },
        { "{\"filter\": {\"issuer\": \"CN=x\"}}", 0 },
        { "{\"filter\": {\"flag\": \"any\"}}", 0 },
        { "{\"filter\": {\"expires_before\": \"2020-01-01\"}}", 0 },
        { "{\"filter\": {\"expires_after\": \"2020-01-01\"}}", 0 },
        { "{\"filter\": {\"seen\": \"never\"}}", 2 },
        { "{\"ids\": [1, 4711]}", 1 },
    };
    struct tx *tx = test_tx(*state, TX_WRITE);
    autodone(custom_field_row) struct custom_field_row field = { .name = xstrdup("cost"),
        .label = xstrdup("cost"),
        .choices = xstrdup("[]") };
    struct principal ann = { .account_id = an_account(tx, "ann"),
        .role = ROLE_USER,
        .scopes = SCOPE_ALL };
    int64_t one = a_record(tx, "one", ann.account_id);
    struct err err = { 0 };

    (void)a_record(tx, "two", ann.account_id);
    (void)a_record(tx, "not ann's", an_account(tx, "bob"));
    assert_works(store_custom_field_add(tx, &field, &err), &err);
    assert_works(store_custom_field_put(tx, one, field.id, "A1", &err), &err);
    for (size_t i = 0; i < countof(cases); i++) {
        int64_t n = count_selected(tx, &ann, cases[i].payload);

        if (n != cases[i].n)
            fail_msg("%s: %" PRId64 " records", cases[i].payload, n);
    }
    tx_free(tx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(work_of_who_is_gone_is_not_done),
        T(a_job_takes_every_condition_of_its_filter),
    };
    return cmocka_run_group_tests_name("job/selection", tests, NULL, NULL);
}
