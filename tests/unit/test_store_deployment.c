/* store/deployment, and what store/resource says of places, endpoints and people: F30, F32, F33. */
#include "testing_store.h"

#include "base/alloc.h"
#include "store/deployment.h"
#include "store/endpoint.h"
#include "store/job.h"
#include "store/resource.h"

/* A resource of a type that certificates are brought to. */
static int64_t a_resource(struct tx *tx, const char *name, const char *type)
{
    struct resource_row row = { .name = xstrdup(name),
        .description = xstrdup(""),
        .type = xstrdup(type),
        .settings = xstrdup("{}"),
        .proof_rounds = 3,
        .proof_seconds = 60 };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_resource_add(tx, &row, NOW, &id, &err), &err);
    resource_row_done(&row);
    return id;
}

static int64_t a_place(struct tx *tx, int64_t resource, const char *slot, int64_t record)
{
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_association_add(tx, resource, slot, record, NOW, &id, &err), &err);
    return id;
}

static struct deployment_row *get(struct tx *tx, int64_t id)
{
    struct deployment_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_deployment_get(tx, &everybody, id, &row, &err), &err);
    return row;
}

static int64_t count(struct tx *tx, const struct deployment_filter *filter)
{
    struct err err = { 0 };
    int64_t n = 0;

    assert_works(store_deployment_count(tx, &everybody, filter, &n, &err), &err);
    return n;
}

static bool step(struct tx *tx, int64_t id, enum deployment_state state)
{
    autofree(deployment_row) struct deployment_row *row = get(tx, id);
    struct err err = { 0 };
    bool is_busy = false;

    row->state = state;
    assert_works(store_deployment_step(tx, row, NOW, &is_busy, &err), &err);
    return !is_busy;
}

static int64_t newest(struct tx *tx, int64_t resource)
{
    const struct deployment_filter filter = { .resource_id = resource, .state = -1 };
    autodone(deployment_rows) struct deployment_rows rows = { 0 };
    struct err err = { 0 };

    assert_works(store_deployments(tx, &everybody, &filter, 1, &rows, &err), &err);
    return rows.n ? rows.items[0].id : 0;
}

static void what_is_issued_is_queued_for_each_place_but_by_hand(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "www", an_account(tx, "ann"));
    int64_t version = a_version(tx, 1, NOW, NOW + DAY);
    int64_t one = a_resource(tx, "one", "haproxy");
    int64_t two = a_resource(tx, "two", "haproxy");
    struct err err = { 0 };
    struct job_row *jobs[4] = { NULL };
    size_t n_jobs = 0;

    a_place(tx, one, "a", record);
    a_place(tx, one, "b", record);
    a_place(tx, two, "", record);
    a_place(tx, a_resource(tx, "hand", RESOURCE_MANUAL), "x", record);
    assert_works(deployment_queue(tx, record, version, 0, NOW, NULL, &err), &err);
    assert_int_equal(count(tx, &(struct deployment_filter){ .state = -1 }), 3);
    assert_int_equal(count(tx, &(struct deployment_filter){ .resource_id = two, .state = -1 }), 1);
    assert_int_equal(count(tx, &(struct deployment_filter){ .state = DEPLOYMENT_SEEN }), 0);
    assert_works(store_job_list(tx, &(struct job_filter){ .type = "deploy" }, 4, jobs, &n_jobs,
                     &err),
        &err);
    assert_int_equal(n_jobs, 3);
    assert_string_equal(jobs[0]->payload, "{\"attempt\":1}");
    for (size_t i = 0; i < n_jobs; i++)
        job_row_free(jobs[i]);
    test_commit(tx);
}

static void of_those_that_wait_in_a_place_the_newest_counts(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "www", an_account(tx, "ann"));
    int64_t resource = a_resource(tx, "one", "haproxy");
    struct err err = { 0 };
    bool is_wanted = false;

    a_place(tx, resource, "a", record);
    assert_works(deployment_queue(tx, record, a_version(tx, 1, NOW, NOW + DAY), 0, NOW, NULL, &err),
        &err);
    int64_t first = newest(tx, resource);

    assert_works(deployment_queue(tx, record, a_version(tx, 2, NOW, NOW + DAY), 0, NOW, NULL, &err),
        &err);
    int64_t second = newest(tx, resource);
    autofree(deployment_row) struct deployment_row *old = get(tx, first);
    autofree(deployment_row) struct deployment_row *new_one = get(tx, second);

    assert_int_not_equal(first, second);
    assert_int_equal(old->state, DEPLOYMENT_FAILED);
    assert_non_null(strstr(old->error, "newer"));
    assert_int_equal(new_one->state, DEPLOYMENT_QUEUED);
    assert_works(store_deployment_is_wanted(tx, old, &is_wanted, &err), &err);
    assert_false(is_wanted);
    assert_works(store_deployment_is_wanted(tx, new_one, &is_wanted, &err), &err);
    assert_true(is_wanted);
    assert_fails(store_deployment_retry(tx, old, 0, NOW, &err), &err, ERR_CONFLICT);
    err = (struct err){ 0 };
    assert_fails(store_deployment_retry(tx, new_one, 0, NOW, &err), &err, ERR_CONFLICT);
    test_commit(tx);
}

static void one_is_put_on_a_resource_and_one_proved_in_a_place(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "www", an_account(tx, "ann"));
    int64_t resource = a_resource(tx, "one", "haproxy");
    int64_t other = a_resource(tx, "two", "haproxy");
    struct err err = { 0 };
    int64_t ids[4];

    for (size_t i = 0; i < 3; i++) {
        const struct deployment_new new = { .resource_id = i < 2 ? resource : other,
            .slot = i == 1 ? "b" : "a",
            .certificate_id = record,
            .version_id = a_version(tx, (uint8_t)i, NOW, NOW + DAY) };

        assert_works(store_deployment_add(tx, &new, NOW, &ids[i], &err), &err);
    }
    assert_true(step(tx, ids[0], DEPLOYMENT_DEPLOYING));
    assert_true(step(tx, ids[0], DEPLOYMENT_DEPLOYING)); /* it is not in its own way */
    assert_false(step(tx, ids[1], DEPLOYMENT_DEPLOYING));
    assert_true(step(tx, ids[2], DEPLOYMENT_DEPLOYING));
    assert_true(step(tx, ids[0], DEPLOYMENT_PROVING));
    assert_true(step(tx, ids[1], DEPLOYMENT_DEPLOYING));
    assert_false(step(tx, ids[0], DEPLOYMENT_DEPLOYING)); /* to put it back, it waits as well */
    const struct deployment_new again = { .resource_id = resource,
        .slot = "a",
        .certificate_id = record,
        .version_id = a_version(tx, 9, NOW, NOW + DAY) };

    assert_works(store_deployment_add(tx, &again, NOW, &ids[3], &err), &err);
    assert_true(step(tx, ids[1], DEPLOYMENT_PROVING));
    assert_false(step(tx, ids[3], DEPLOYMENT_DEPLOYING));
    assert_true(step(tx, ids[0], DEPLOYMENT_SEEN));
    assert_true(step(tx, ids[3], DEPLOYMENT_DEPLOYING));
    test_commit(tx);
}

static void a_retry_is_a_job_of_its_own(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "www", an_account(tx, "ann"));
    int64_t resource = a_resource(tx, "one", "haproxy");
    struct err err = { 0 };
    int64_t job = 0;

    a_place(tx, resource, "a", record);
    assert_works(deployment_queue(tx, record, a_version(tx, 1, NOW, NOW + DAY), 0, NOW, NULL, &err),
        &err);
    autofree(deployment_row) struct deployment_row *row = get(tx, newest(tx, resource));
    bool is_busy;

    row->state = DEPLOYMENT_PUT_BACK;
    row->attempts = 1;
    assert_works(store_deployment_step(tx, row, NOW, &is_busy, &err), &err);
    assert_works(store_deployment_retry(tx, row, 0, NOW, &err), &err);
    assert_int_equal(row->state, DEPLOYMENT_QUEUED);
    autofree(str) char *key = xasprintf("deploy/%" PRId64 "/2", row->id);

    assert_works(store_job_unfinished(tx, key, &job, &err), &err);
    assert_int_not_equal(job, 0);
    test_commit(tx);
}

static void who_does_not_see_the_record_sees_no_deployment_of_it(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct store_viewer stranger = { .account_id = an_account(tx, "eve") };
    int64_t record = a_record(tx, "www", an_account(tx, "ann"));
    int64_t resource = a_resource(tx, "one", "haproxy");
    const struct deployment_filter all = { .state = -1 };
    autodone(deployment_rows) struct deployment_rows rows = { 0 };
    struct deployment_row *row = NULL;
    struct err err = { 0 };
    int64_t n = -1;

    a_place(tx, resource, "a", record);
    assert_works(deployment_queue(tx, record, a_version(tx, 1, NOW, NOW + DAY), 0, NOW, NULL, &err),
        &err);
    assert_fails(store_deployment_get(tx, &stranger, newest(tx, resource), &row, &err), &err,
        ERR_NOT_FOUND);
    assert_works(store_deployments(tx, &stranger, &all, 10, &rows, &err), &err);
    assert_int_equal(rows.n, 0);
    assert_works(store_deployment_count(tx, &stranger, &all, &n, &err), &err);
    assert_int_equal(n, 0);
    test_commit(tx);
}

static int64_t an_endpoint(struct tx *tx, int64_t port)
{
    const struct endpoint_key key = { "www.example.org", port, "", "tls", "" };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_endpoint_put(tx, &key, NOW, &id, NULL, &err), &err);
    return id;
}

static size_t n_endpoints(struct tx *tx, int64_t record)
{
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };
    struct err err = { 0 };

    assert_works(store_endpoints_of_cert(tx, record, &rows, &err), &err);
    return rows.n;
}

/* Watched before, by one place, by two places. */
static void endpoints_go_with_the_last_place_that_brought_them(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "www", an_account(tx, "ann"));
    int64_t resource = a_resource(tx, "one", "haproxy");
    struct association_row one = { .id = a_place(tx, resource, "a", record),
        .certificate_id = record };
    struct association_row two = { .id = a_place(tx, resource, "b", record),
        .certificate_id = record };
    int64_t own = an_endpoint(tx, 1);
    int64_t brought = an_endpoint(tx, 2);
    struct err err = { 0 };

    assert_works(store_endpoint_attach(tx, record, own, &err), &err);
    assert_works(store_association_watch(tx, &one, own, true, &err), &err);
    assert_works(store_endpoint_attach(tx, record, brought, &err), &err);
    assert_works(store_association_watch(tx, &one, brought, false, &err), &err);
    assert_works(store_association_watch(tx, &two, brought, true, &err), &err);
    assert_int_equal(n_endpoints(tx, record), 2);
    assert_works(store_association_delete(tx, &one, &err), &err);
    assert_int_equal(n_endpoints(tx, record), 2);
    assert_works(store_association_delete(tx, &two, &err), &err);
    assert_int_equal(n_endpoints(tx, record), 1);
    test_commit(tx);
}

static void who_may_deploy_is_a_person_or_in_a_group(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t ann = an_account(tx, "ann");
    int64_t resource = a_resource(tx, "one", "haproxy");
    autodone(resource_user_rows) struct resource_user_rows rows = { 0 };
    autodone(resource_user_rows) struct resource_user_rows read = { 0 };
    struct err err = { 0 };
    bool is_user = true;

    assert_works(store_resource_is_user(tx, resource, ann, &is_user, &err), &err);
    assert_false(is_user);
    resource_user_rows_add(&rows)->account_id = ann;
    resource_user_rows_add(&rows)->account_id = ann;
    assert_works(store_resource_set_users(tx, resource, &rows, &err), &err);
    assert_works(store_resource_users(tx, resource, &read, &err), &err);
    assert_int_equal(read.n, 1);
    assert_string_equal(read.items[0].name, "ann");
    assert_works(store_resource_is_user(tx, resource, ann, &is_user, &err), &err);
    assert_true(is_user);
    test_commit(tx);
}

/* What a backup does not tell the end of is not done again by itself. */
static void what_was_under_way_is_shelved_by_a_restore(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    int64_t record = a_record(tx, "www", an_account(tx, "ann"));
    int64_t resource = a_resource(tx, "one", "haproxy");
    struct err err = { 0 };

    a_place(tx, resource, "a", record);
    assert_works(deployment_queue(tx, record, a_version(tx, 1, NOW, NOW + DAY), 0, NOW, NULL, &err),
        &err);
    assert_works(store_deployment_shelve(tx, NOW, &err), &err);
    autofree(deployment_row) struct deployment_row *row = get(tx, newest(tx, resource));

    assert_int_equal(row->state, DEPLOYMENT_FAILED);
    assert_int_equal(row->retry_at, 0);
    test_commit(tx);
}

static void it_is_tried_again_ever_more_seldom(void **state)
{
    int64_t before = 0;

    (void)state;
    for (int64_t n = 1; n <= 5; n++) {
        assert_true(deployment_backoff_seconds(n, false) > before);
        before = deployment_backoff_seconds(n, false);
    }
    assert_int_equal(deployment_backoff_seconds(6, false), 0);
    for (int64_t n = 1; n < 1000; n++)
        assert_in_range(deployment_backoff_seconds(n, true), 1, 60);
}

#define T(name) cmocka_unit_test_setup_teardown(name, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_issued_is_queued_for_each_place_but_by_hand),
        T(of_those_that_wait_in_a_place_the_newest_counts),
        T(one_is_put_on_a_resource_and_one_proved_in_a_place),
        T(a_retry_is_a_job_of_its_own),
        T(who_does_not_see_the_record_sees_no_deployment_of_it),
        T(endpoints_go_with_the_last_place_that_brought_them),
        T(who_may_deploy_is_a_person_or_in_a_group),
        T(what_was_under_way_is_shelved_by_a_restore),
        cmocka_unit_test(it_is_tried_again_ever_more_seldom),
    };

    return cmocka_run_group_tests_name("store/deployment", tests, NULL, NULL);
}
