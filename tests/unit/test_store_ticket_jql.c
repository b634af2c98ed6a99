/* store/ticket_jql: F20: what a query finds, on both databases. */
#include "testing_store.h"

#include "base/alloc.h"
#include "core/jira.h"
#include "store/project.h"
#include "store/ticket.h"
#include "store/ticket_jql.h"
#include "store/ticket_talk.h"
#include "store/watcher.h"

struct world {
    int64_t ann;
    int64_t bob;
    int64_t ids[7]; /* CERT-1 is at 1 */
};

static int64_t add(struct tx *tx, const struct ticket_new *new, int64_t now)
{
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_ticket_add(tx, new, now, &id, &err), &err);
    return id;
}

/*
 * 1 open, high, ann's, labels x and y      2 done, bob reports, due        3 cancelled
 * 4 request with a comment and a watcher   5 of certdesk itself            6 of project OPS
 */
static struct world a_world(struct tx *tx)
{
    struct world w = { .ann = an_account(tx, "ann"), .bob = an_account(tx, "bob") };
    struct ticket_new new = { .type = "certificate", .status = "certificate_request" };
    const struct ticket_edit done = { .status = "done", .resolution = "renewed" };
    const struct ticket_edit cancel = { .status = "cancelled", .resolution = "cancelled" };
    struct err err = { 0 };
    int64_t comment;

    assert_works(store_project_put_default(tx, NOW, &err), &err);
    assert_works(store_project_add(tx, "OPS", "Operations", w.ann, NOW, &err), &err);
    new.summary = "web shop";
    new.description = "the \xc3\x9c"
                      "berraschung";
    new.assignee_id = w.ann;
    new.priority = "high";
    new.labels = "x Y_1";
    w.ids[1] = add(tx, &new, NOW - 6 * DAY);
    new = (struct ticket_new){ .type = "certificate_expiry",
        .status = "open",
        .summary = "100% of it",
        .reporter_id = w.bob,
        .due_at = NOW + DAY };
    w.ids[2] = add(tx, &new, NOW - 5 * DAY);
    assert_works(store_ticket_edit(tx, w.ids[2], &done, NOW - DAY, &err), &err);
    new = (struct ticket_new){ .type = "certificate",
        .status = "certificate_request",
        .summary = "never",
        .labels = "x",
        .reporter_id = w.ann };
    w.ids[3] = add(tx, &new, NOW - 4 * DAY);
    assert_works(store_ticket_edit(tx, w.ids[3], &cancel, NOW - 2 * DAY, &err), &err);
    new.summary = "talked of";
    new.labels = NULL;
    w.ids[4] = add(tx, &new, NOW - 3 * DAY);
    assert_works(store_comment_add(tx, w.ids[4], w.bob, "Said So", NOW - 3 * DAY, &comment, &err),
        &err);
    assert_works(store_watcher_add(tx, w.ids[4], w.bob, &err), &err);
    new = (struct ticket_new){ .type = "certificate_expiry",
        .status = "open",
        .summary = "ends",
        .priority = "lowest" };
    w.ids[5] = add(tx, &new, NOW - 2 * DAY);
    new.project = "OPS";
    w.ids[6] = add(tx, &new, NOW - DAY);
    return w;
}

/* Pages of one find the same in the same order: the first tickets looked at fill them. */
static void assert_one_by_one(struct tx *tx, struct ticket_jql query, const struct id_list *ids)
{
    autofree(str) char *token = NULL;
    struct err err = { 0 };

    query.limit = 1;
    for (size_t i = 0; i < ids->n; i++) {
        autodone(ticket_jql_page) struct ticket_jql_page page = { 0 };

        query.token = token;
        assert_works(store_ticket_jql_page(tx, &query, &page, &err), &err);
        assert_int_equal(page.ids.n, 1);
        assert_int_equal(page.ids.items[0], ids->items[i]);
        assert_true(page.has_more == (i + 1 < ids->n));
        free(token);
        token = take(&page.next_token);
    }
}

static bool ask(struct tx *tx, const struct world *w, const struct store_viewer *viewer,
    const char *text, struct buf *found, struct err *err)
{
    autofree(jql) struct jql *jql = NULL;
    autodone(ticket_jql_page) struct ticket_jql_page page = { 0 };
    struct ticket_jql query = { .viewer = viewer, .now = NOW, .limit = 100 };
    int64_t n = 0;

    if (!jql_parse(span_text(text), &jql, err))
        return false;
    query.jql = jql;
    if (!store_ticket_jql_page(tx, &query, &page, err))
        return false;
    for (int is_common = 0; is_common < 2; is_common++) {
        assert_works(store_ticket_jql_count(tx, &query, is_common, &n, err), err);
        assert_int_equal(n, page.ids.n);
    }
    assert_null(page.next_token);
    assert_one_by_one(tx, query, &page.ids);
    for (size_t i = 0; i < page.ids.n; i++)
        for (int t = 1; t <= 6; t++)
            if (w->ids[t] == page.ids.items[i])
                buf_addf(found, "%d", t);
    return true;
}

static const struct {
    const char *jql;
    const char *finds;
} finding[] = {
    { "", "654321" },
    { "order by key", "123456" },
    { "project = CERT order by key", "12345" },
    { "project in (OPS, 'Certificate Management') order by created", "123456" },
    { "project != cert", "6" },
    { "key = CERT-2 or key = ops-1 order by key", "26" },
    { "key in (CERT-1, CERT-99)", "1" },
    { "key > CERT-3 order by key", "45" },
    { "issuetype = Certificate order by key", "134" },
    { "type not in (10001) order by key", "256" },
    { "status = 'Certificate Request' order by key", "14" },
    { "status != Open order by key", "1234" },
    { "not status = Open and not project = OPS order by key", "1234" },
    { "statusCategory = 'To Do' order by key", "1456" },
    { "statusCategory = Done order by key", "23" },
    { "assignee = ann", "1" },
    { "assignee != bob", "1" },
    { "assignee is empty order by key", "23456" },
    { "not assignee = bob", "1" },
    { "assignee in (ann, empty) and project = CERT order by key", "12345" },
    { "reporter = certdesk order by key", "156" },
    { "reporter = bob", "2" },
    { "creator = currentUser() order by key", "34" },
    { "priority = High", "1" },
    { "priority > Medium", "1" },
    { "priority < Medium order by key", "56" },
    { "priority >= Medium order by key", "1234" },
    { "priority is empty", "" },
    { "resolution = Unresolved order by key", "1456" },
    { "resolution is not empty order by key", "23" },
    { "resolution = \"Won't Do\"", "3" },
    { "resolution != Done", "3" },
    { "resolution is EMPTY or resolution != \"Won't Do\" order by key", "12456" },
    { "labels = X order by key", "13" },
    { "labels = y_1", "1" },
    { "labels = yx1", "" },
    { "labels != y_1", "3" },
    { "not labels = y_1", "3" },
    { "labels is empty order by key", "2456" },
    { "labels not in (x) ", "" },
    { "summary ~ web", "1" },
    { "summary ~ 'shop web'", "1" },
    { "summary ~ '\"shop web\"'", "" },
    { "summary ~ '100%'", "2" },
    { "summary ~ '1%2'", "" },
    { "description ~ \"\\u00fcberraschung\"", "1" },
    { "text ~ \"\\u00fcberraschung\"", "1" },
    { "description is not empty", "1" },
    { "comment ~ said", "4" },
    { "comment is not empty", "4" },
    { "text ~ said", "4" },
    { "created < -4d order by key", "12" },
    { "created >= startOfDay(-1d) order by key", "6" },
    { "created >= '2026-11-20' order by key", "6" },
    { "due <= 2d", "2" },
    { "due is empty and project = CERT order by key", "1345" },
    { "resolved >= -36h", "2" },
    { "updated >= -36h order by updated", "26" },
    { "watcher = bob", "4" },
    { "watcher is empty and project = CERT order by key", "1235" },
    { "issue in watchedIssues()", "" },
    { "issue in issueHistory()", "" },
    { "attachments is empty order by key", "123456" },
    { "cf[10203] is empty order by key", "123456" },
    { "'Certificate profile' is not empty", "" },
    { "project = CERT order by priority desc, key desc", "14325" },
    { "project = CERT order by due, key desc", "25431" },
    { "project = CERT order by assignee desc, key", "12345" },
    { "status was Open order by key", "256" },
    { "status was 'Certificate Request' order by key", "134" },
    { "status was not Open order by key", "134" },
    { "not status was Open order by key", "134" },
    { "status was in (Done, Cancelled) order by key", "23" },
    { "status was not in (Done, Cancelled, Open) order by key", "14" },
    { "status was Done before -36h", "" },
    { "status was Open before -36h order by key", "25" },
    { "status was Open after -36h order by key", "256" },
    { "status was Open after -12h order by key", "56" },
    { "status was Done on -1d", "2" },
    { "status was Done on -2d", "" },
    { "status was Cancelled during (-3d, -36h)", "3" },
    { "status was Cancelled during (-4d, -3d)", "" },
    { "status was Done by certdesk", "2" },
    { "status was Open by bob", "2" },
    { "status changed order by key", "23" },
    { "not status changed order by key", "1456" },
    { "status changed from Open to Done", "2" },
    { "status changed from Done", "" },
    { "status changed to (Done, Cancelled) after -36h", "2" },
    { "status changed on -2d", "3" },
    { "status changed by certdesk order by key", "23" },
    { "status changed by bob", "" },
    { "statusCategory was Done order by key", "23" },
    { "resolution was Unresolved order by key", "123456" },
    { "resolution was empty after -1h order by key", "1456" },
    { "resolution was Done", "2" },
    { "resolution changed to \"Won't Do\"", "3" },
    { "assignee was currentUser()", "1" },
    { "assignee was empty order by key", "23456" },
    { "assignee changed", "" },
    { "priority was High", "1" },
    { "reporter was bob", "2" },
    { "assignee = ann or (status = Done and not due is empty) order by key", "12" },
};

static void queries_find_what_they_say(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct world w = a_world(tx);
    const struct store_viewer ann = { .account_id = w.ann, .sees_all = true };

    for (size_t i = 0; i < countof(finding); i++) {
        autodone(buf) struct buf found = BUF_INIT(100);
        struct err err = { 0 };

        if (!ask(tx, &w, &ann, finding[i].jql, &found, &err))
            fail_msg("%s: %s (%s)", finding[i].jql, err.msg, err.detail);
        if (strcmp(buf_text(&found), finding[i].finds) != 0)
            fail_msg("%s: found %s, expected %s", finding[i].jql, buf_text(&found),
                finding[i].finds);
    }
    test_commit(tx);
}

static const struct {
    const char *jql;
    const char *says;
} refused[] = {
    { "colour = red", "Field 'colour' does not exist or you do not have permission to view it." },
    { "cf[4711] = x", "Field 'cf[4711]' does not exist" },
    { "project = X", "The value 'X' does not exist for the field 'project'." },
    { "status = Nowhere", "The value 'Nowhere' does not exist for the field 'status'." },
    { "assignee = carol", "The value 'carol' does not exist for the field 'assignee'." },
    { "summary = x", "The operator '=' is not supported by the 'summary' field." },
    { "status < Done", "The operator '<' is not supported by the 'status' field." },
    { "summary was x", "History searches do not support the 'summary' field." },
    { "labels changed", "History searches do not support the 'labels' field." },
    { "status was Nowhere", "The value 'Nowhere' does not exist for the field 'status'." },
    { "status changed after soon", "Date value 'soon' for field 'status' is invalid." },
    { "status changed during (-1d)", "Incorrect number of arguments for the predicate 'during'" },
    { "status changed by carol", "The value 'carol' does not exist" },
    { "status was f()", "Unable to find JQL function 'f()'" },
    { "created > soon", "Date value 'soon' for field 'created' is invalid." },
    { "created > startOfDay(x)", "Unable to find JQL function 'startOfDay()'" },
    { "assignee = f()", "Unable to find JQL function 'f()'" },
    { "assignee in membersOf(x)", "the group does not exist" },
    { "key = x", "The issue key 'x' for field 'key' is invalid." },
    { "order by colour", "Field 'colour' does not exist" },
};

static void what_does_not_exist_is_named(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct world w = a_world(tx);

    for (size_t i = 0; i < countof(refused); i++) {
        autodone(buf) struct buf found = BUF_INIT(100);
        struct err err = { 0 };

        assert_fails(ask(tx, &w, &everybody, refused[i].jql, &found, &err), &err, ERR_INVALID);
        assert_contains(err.msg, refused[i].says);
    }
    test_commit(tx);
}

/* F35: nobody finds what they may not see, whatever they ask. */
static void a_viewer_finds_their_own(void **state)
{
    static const char *const questions[] = { "order by key",
        "project = CERT or project = OPS order by key", "not project is empty order by key",
        "labels is empty or labels is not empty order by key" };
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct world w = a_world(tx);
    const struct store_viewer bob = { .account_id = w.bob };
    const struct store_viewer ann = { .account_id = w.ann };

    for (size_t i = 0; i < countof(questions); i++) {
        autodone(buf) struct buf bobs = BUF_INIT(100);
        autodone(buf) struct buf anns = BUF_INIT(100);
        struct err err = { 0 };

        assert_works(ask(tx, &w, &bob, questions[i], &bobs, &err), &err);
        assert_string_equal(buf_text(&bobs), "2");
        assert_works(ask(tx, &w, &ann, questions[i], &anns, &err), &err);
        assert_string_equal(buf_text(&anns), "134");
    }
    test_commit(tx);
}

/* Page by page, whatever the order, each is seen once; a token fits no other query. */
static void pages_follow_each_other(void **state)
{
    static const char *const orders[] = { "", "order by key", "order by updated desc",
        "order by created", "order by priority, key", "order by due desc" };
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct world w = a_world(tx);
    autofree(str) char *stale = NULL;

    (void)w;
    for (size_t i = 0; i < countof(orders); i++) {
        autofree(jql) struct jql *jql = NULL;
        autofree(str) char *token = NULL;
        autodone(id_list) struct id_list seen = { 0 };
        struct err err = { 0 };

        assert_works(jql_parse(span_text(orders[i]), &jql, &err), &err);
        struct ticket_jql query = { .jql = jql, .viewer = &everybody, .now = NOW, .limit = 4 };

        if (stale) {
            query.token = stale;
            autodone(ticket_jql_page) struct ticket_jql_page none = { 0 };

            assert_fails(store_ticket_jql_page(tx, &query, &none, &err), &err, ERR_INVALID);
            err = (struct err){ 0 };
            query.token = NULL;
        }
        for (int i_page = 0; i_page < 2; i_page++) {
            autodone(ticket_jql_page) struct ticket_jql_page page = { 0 };

            query.token = token;
            assert_works(store_ticket_jql_page(tx, &query, &page, &err), &err);
            assert_int_equal(page.ids.n, i_page ? 2 : 4);
            assert_true(page.has_more == (i_page == 0));
            for (size_t j = 0; j < page.ids.n; j++) {
                assert_false(id_list_has(&seen, page.ids.items[j]));
                id_list_add(&seen, page.ids.items[j]);
            }
            free(token);
            token = take(&page.next_token);
            if (token)
                str_set(&stale, token);
        }
    }
    test_commit(tx);
}

static int64_t count_all(void **state, const char *text)
{
    autofree(jql) struct jql *jql = NULL;
    struct tx *tx = test_tx(*state, TX_READ);
    struct err err = { 0 };
    int64_t n = 0;

    assert_works(jql_parse(span_text(text), &jql, &err), &err);
    const struct ticket_jql query = { .jql = jql, .viewer = &everybody, .now = NOW };

    assert_works(store_ticket_jql_count(tx, &query, false, &n, &err), &err);
    tx_free(tx);
    return n;
}

static void a_count_is_kept_until_something_changes(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct world w = a_world(tx);
    const struct ticket_edit edit = { .priority = "highest" };
    struct err err = { 0 };

    test_commit(tx);
    assert_int_equal(count_all(state, "priority = Highest"), 0);
    assert_int_equal(count_all(state, ""), 6);
    tx = test_tx(*state, TX_WRITE);
    assert_works(store_ticket_edit(tx, w.ids[1], &edit, NOW, &err), &err);
    test_commit(tx);
    assert_int_equal(count_all(state, "priority = Highest"), 1);
    assert_int_equal(count_all(state, "priority = Highest"), 1);
    assert_int_equal(count_all(state, "priority != Highest"), 5);
}

/* Clients keep these: none may be missing, and none may be there twice. */
static void jira_has_an_id_for_everything(void **state)
{
    (void)state;
    for (int i = 0; i < N_TICKET_STATUSES; i++) {
        enum ticket_status found = N_TICKET_STATUSES;

        assert_non_null(jira_status_id((enum ticket_status)i));
        assert_true(jira_status_find(jira_status_id((enum ticket_status)i), &found));
        assert_int_equal(found, i);
        assert_true(jira_status_find(ticket_status_title((enum ticket_status)i), &found));
        assert_int_equal(found, i);
    }
    for (int type = 0; type < N_TICKET_TYPES; type++) {
        for (int from = 0; from < N_TICKET_STATUSES; from++) {
            const struct transition *t;

            for (size_t n = 0; (t = lifecycle_nth((enum ticket_type)type, (enum ticket_status)from,
                                    BY_PERSON, n));
                 n++) {
                assert_non_null(jira_transition_id(t->name));
                assert_string_equal(jira_transition_name(jira_transition_id(t->name)), t->name);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(queries_find_what_they_say, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(what_does_not_exist_is_named, test_db_setup,
            test_db_teardown),
        cmocka_unit_test_setup_teardown(a_viewer_finds_their_own, test_db_setup, test_db_teardown),
        cmocka_unit_test_setup_teardown(pages_follow_each_other, test_db_setup, test_db_teardown),
        cmocka_unit_test_setup_teardown(a_count_is_kept_until_something_changes, test_db_setup,
            test_db_teardown),
        cmocka_unit_test(jira_has_an_id_for_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
