/*
 * store/: whichever statement of a change fails, nothing of the change stays.
 *
 * Each change is tried with its first statement failing, then with its second, and so on, until it
 * gets through. The database is compared, row by row in what counts, before and after.
 */
#include "testing_store.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "core/rows_endpoint.h"
#include "db/driver.h"
#include "store/audit.h"
#include "store/endpoint.h"
#include "store/job.h"
#include "store/notice.h"
#include "store/observation.h"
#include "store/schedule.h"
#include "store/session.h"
#include "store/ticket.h"
#include "store/ticket_talk.h"

#define MOST_STATEMENTS 200

/* What there is before any change: the ids that the changes are about. */
struct scene {
    int64_t ann;
    int64_t record;
    int64_t version;
    int64_t endpoint;
    int64_t ticket;
    int64_t job;
};

static const struct endpoint_key key = {
    .host = "www.example.org",
    .port = 443,
    .sni = "www.example.org",
    .protocol = "tls",
    .vantage = "",
};

static struct ticket_new expiry(const struct scene *scene)
{
    return (struct ticket_new){ .type = "certificate_expiry",
        .status = "open",
        .summary = "it ends",
        .certificate_id = scene->record,
        .version_id = scene->version };
}

static struct scene make_scene(struct test_db *test)
{
    struct tx *tx = test_tx(test, TX_WRITE);
    struct scene scene = { .ann = an_account(tx, "ann") };
    const struct job_new job = { .type = "check", .due_at = NOW };
    struct err err = { 0 };

    scene.record = a_record(tx, "www", scene.ann);
    scene.version = a_version(tx, 1, NOW - DAY, NOW + 9 * DAY);
    (void)make_current(tx, scene.record, scene.version, SLOT_RSA, NOW + 9 * DAY);
    assert_works(store_endpoint_put(tx, &key, NOW, &scene.endpoint, NULL, &err), &err);
    assert_works(store_endpoint_attach(tx, scene.record, scene.endpoint, &err), &err);
    const struct ticket_new ticket = expiry(&scene);

    assert_works(store_ticket_add(tx, &ticket, NOW, &scene.ticket, &err), &err);
    assert_works(store_job_add(tx, &job, NOW, &scene.job, &err), &err);
    assert_works(store_schedule_put(tx, "notify", "0 * * * *", NOW, &err), &err);
    test_commit(tx);
    return scene;
}

static bool account_is_added(struct tx *tx, const struct scene *scene, struct err *err)
{
    const struct account_new account = { "bob", "Bob", "", "user", NULL };
    struct audit_entry entry = { .at = NOW,
        .actor = "ann",
        .action = "user.create",
        .object_type = "user" };
    int64_t id;

    (void)scene;
    return store_account_add(tx, &account, NOW, &id, err) && store_audit_add(tx, &entry, err);
}

static bool failures_are_counted(struct tx *tx, const struct scene *scene, struct err *err)
{
    (void)scene;
    return store_throttle_fail(tx, "account:ann", 0, 60, NOW, err);
}

static bool job_is_claimed_and_done(struct tx *tx, const struct scene *scene, struct err *err)
{
    autofree(job_row) struct job_row *job = NULL;

    (void)scene;
    return store_job_claim(tx, "node", NOW, NOW + 60, &job, err) &&
           store_job_done(tx, job, "{}", NOW, err);
}

static bool schedule_is_started(struct tx *tx, const struct scene *scene, struct err *err)
{
    autofree(schedule_row) struct schedule_row *row = NULL;
    const struct schedule_start how = { .job_type = "notify", .next_run_at = NOW + 3600 };
    int64_t job;

    (void)scene;
    return store_schedule_get(tx, "notify", &row, err) &&
           store_schedule_start(tx, row, &how, NOW, &job, err);
}

static bool entries_are_linked(struct tx *tx, const struct scene *scene, struct err *err)
{
    struct audit_entry first = { .at = NOW, .actor = "ann", .action = "x", .object_type = "x" };
    struct audit_entry second = { .at = NOW, .actor = "ann", .action = "y", .object_type = "x" };
    int64_t n;

    (void)scene;
    return store_audit_add(tx, &first, err) && store_audit_add(tx, &second, err) &&
           store_audit_chain(tx, 10, &n, err);
}

static bool record_is_added(struct tx *tx, const struct scene *scene, struct err *err)
{
    const struct cert_new cert = { .name = "mail", .owner_id = scene->ann };
    const struct endpoint_key other = { "mail.example.org", 25, "", "smtp", "" };
    int64_t record;
    int64_t endpoint;

    return store_cert_add(tx, &cert, NOW, &record, err) &&
           store_endpoint_put(tx, &other, NOW, &endpoint, NULL, err) &&
           store_endpoint_attach(tx, record, endpoint, err);
}

static bool record_is_edited(struct tx *tx, const struct scene *scene, struct err *err)
{
    const struct cert_edit edit = { .name = "www2", .description = "the other one" };

    return store_cert_edit(tx, scene->record, &edit, NOW + 1, err);
}

static bool record_is_deleted(struct tx *tx, const struct scene *scene, struct err *err)
{
    return store_cert_delete(tx, scene->record, 0, err);
}

static bool successor_is_seen(struct tx *tx, const struct scene *scene, struct err *err)
{
    const struct observation_new seen = { .address = "192.0.2.1",
        .slot = SLOT_RSA,
        .version_id = scene->version,
        .chain_status = "trusted",
        .path_expires_at = NOW + 9 * DAY,
        .is_name_ok = true,
        .protocol = "TLSv1.3",
        .cipher = "TLS_AES_128_GCM_SHA256",
        .kx_group = "X25519",
        .error_class = "",
        .error = "" };
    const struct endpoint_outcome outcome = { .is_success = true, .error_class = "", .error = "" };

    return store_observations_put(tx, scene->endpoint, &seen, 1, NOW, err) &&
           store_endpoint_checked(tx, scene->endpoint, &outcome, NOW, NULL, err) &&
           store_cert_refresh(tx, scene->record, "", &three_months, NOW, NULL, err);
}

static bool people_are_told(struct tx *tx, const struct scene *scene, struct err *err)
{
    const struct ticket_new ticket = expiry(scene);
    const struct notice_new notice = { scene->record, scene->version, 14, "ticket" };
    const struct ticket_edit edit = { .priority = "high", .labels = "soon" };
    bool is_new;
    struct ticket_placed placed;

    return store_ticket_put_expiry(tx, &ticket, NOW, &placed, err) &&
           store_ticket_edit(tx, placed.id, &edit, NOW + 1, err) &&
           store_notice_add(tx, &notice, NOW, &is_new, err);
}

static bool ticket_is_resolved(struct tx *tx, const struct scene *scene, struct err *err)
{
    const struct ticket_edit edit = { .status = "done", .resolution = "renewed" };

    return store_ticket_edit(tx, scene->ticket, &edit, NOW + 1, err);
}

static const struct {
    const char *name;
    bool (*run)(struct tx *tx, const struct scene *scene, struct err *err);
} changes[] = {
    { "account is added", account_is_added },
    { "failures are counted", failures_are_counted },
    { "job is claimed and done", job_is_claimed_and_done },
    { "schedule is started", schedule_is_started },
    { "entries are linked", entries_are_linked },
    { "record is added", record_is_added },
    { "record is edited", record_is_edited },
    { "successor is seen", successor_is_seen },
    { "people are told", people_are_told },
    { "ticket is resolved", ticket_is_resolved },
    { "record is deleted", record_is_deleted },
};

/* One line for each row that a change above may touch. */
static void dump(struct test_db *test, struct buf *ret)
{
    static const char *const queries[] = {
        "SELECT 'account', id, name, row_version FROM account ORDER BY id",
        "SELECT 'throttle', n_failures, key, until_at FROM throttle ORDER BY key",
        "SELECT 'job', id, state, fence FROM job ORDER BY id",
        "SELECT 'schedule', next_run_at, name, last_job_id FROM schedule ORDER BY name",
        "SELECT 'audit', id, action, at FROM audit ORDER BY id",
        "SELECT 'link', seq, '', audit_id FROM audit_link ORDER BY seq",
        "SELECT 'pending', audit_id, '', 0 FROM audit_pending ORDER BY audit_id",
        "SELECT 'cert', id, name, row_version FROM certificate ORDER BY id",
        "SELECT 'access', certificate_id, relation, account_id FROM certificate_access ORDER BY 2, 3",
        "SELECT 'endpoint', id, host, last_checked_at FROM endpoint ORDER BY id",
        "SELECT 'at', certificate_id, '', endpoint_id FROM certificate_endpoint ORDER BY 2, 4",
        "SELECT 'seen', id, address, version_id FROM observation ORDER BY id",
        "SELECT 'has', id, role, since_at FROM record_version ORDER BY id",
        "SELECT 'bucket', day, kind, n FROM expiry_bucket WHERE n <> 0 ORDER BY kind, day",
        "SELECT 'ticket', id, status, row_version FROM ticket ORDER BY id",
        "SELECT 'change', id, field, ticket_id FROM ticket_change ORDER BY id",
        "SELECT 'notice', id, channel, period_days FROM notice ORDER BY id",
        "SELECT 'counter', value, name, 0 FROM counter ORDER BY name",
    };
    struct tx *tx = test_tx(test, TX_READ);
    struct err err = { 0 };

    for (size_t i = 0; i < countof(queries); i++) {
        autofree(stmt) struct stmt *q = tx_prepare_text(tx, queries[i]);

        while (stmt_next(q))
            buf_addf(ret, "%s %" PRId64 " %s %" PRId64 "\n", stmt_text(q, 0), stmt_i64(q, 1),
                stmt_text(q, 2), stmt_i64(q, 3));
        assert_works(stmt_end(q, &err), &err);
    }
    tx_free(tx);
    assert_true(buf_ok(ret));
}

static bool try_change(struct test_db *test, size_t change, const struct scene *scene, int64_t n,
    struct err *err)
{
    autofree(tx) struct tx *tx = test_tx(test, TX_WRITE);

    db_fail_nth(test->db, n);
    return changes[change].run(tx, scene, err) && tx_commit(take(&tx), err);
}

static void check_change(struct test_db *test, size_t change, const struct scene *scene)
{
    autodone(buf) struct buf before = BUF_INIT(1 << 20);
    autodone(buf) struct buf after = BUF_INIT(1 << 20);
    bool works = false;
    int64_t n;

    dump(test, &before);
    for (n = 1; !works && n < MOST_STATEMENTS; n++) {
        struct err err = { 0 };

        works = try_change(test, change, scene, n, &err);
        db_fail_nth(test->db, 0);
        buf_clear(&after);
        dump(test, &after);
        if (!works && err.kind != ERR_UNAVAILABLE)
            fail_msg("%s, statement %d: %s (%s)", changes[change].name, (int)n, err.msg,
                err.detail);
        if (works == (strcmp(buf_text(&before), buf_text(&after)) == 0))
            fail_msg("%s, statement %d: the database %s", changes[change].name, (int)n,
                works ? "is as before" : "has changed");
    }
    assert_true(works);
    assert_true(n > 2); /* it had a statement and a commit at least */
}

static void a_change_is_made_whole_or_not_at_all(void **state)
{
    const struct scene scene = make_scene(*state);

    for (size_t i = 0; i < countof(changes); i++)
        check_change(*state, i, &scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_is_made_whole_or_not_at_all, test_db_setup,
            test_db_teardown),
    };
    return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
