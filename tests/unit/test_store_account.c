/* store/account, store/session: people, how they sign in, and what they share. */
#include "testing_store.h"

#include "base/alloc.h"
#include "store/session.h"

static const uint8_t hash_a[SHA256_SIZE] = { 1, 2, 0, 3 };
static const uint8_t hash_b[SHA256_SIZE] = { 1, 2, 0, 4 };

static struct account_row *find(struct tx *tx, const char *name)
{
    struct account_row *row = NULL;
    struct err err = { 0 };

    assert_works(store_account_find(tx, name, &row, &err), &err);
    return row;
}

static void an_account_is_found_in_any_case(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct account_new new = { "ann", "Ann Q.", "ann@example.org", "admin", "$argon2id$…" };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_account_add(tx, &new, NOW, &id, &err), &err);
    autofree(account_row) struct account_row *row = find(tx, "Ann");
    autofree(account_row) struct account_row *nobody = find(tx, "bob");

    assert_null(nobody);
    assert_int_equal(row->id, id);
    assert_string_equal(row->display_name, "Ann Q.");
    assert_string_equal(row->email, "ann@example.org");
    assert_string_equal(row->role, "admin");
    assert_string_equal(row->password_hash, "$argon2id$…");
    assert_false(row->is_disabled);
    assert_int_equal(row->created_at, NOW);
    assert_fails(store_account_add(tx, &new, NOW, &id, &err), &err, ERR_CONFLICT);
    assert_contains(err.msg, "\"ann\"");
    tx_free(tx);
}

static void who_edits_an_old_row_is_told(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };

    (void)an_account(tx, "ann");
    autofree(account_row) struct account_row *mine = find(tx, "ann");
    autofree(account_row) struct account_row *theirs = find(tx, "ann");

    str_set(&mine->email, "new@example.org");
    str_set(&mine->password_hash, NULL);
    mine->is_disabled = true;
    assert_works(store_account_save(tx, mine, NOW + 1, &err), &err);
    assert_fails(store_account_save(tx, theirs, NOW + 2, &err), &err, ERR_CONFLICT);
    assert_works(store_account_save(tx, mine, NOW + 3, &err), &err);
    autofree(account_row) struct account_row *row = find(tx, "ann");

    assert_string_equal(row->email, "new@example.org");
    assert_null(row->password_hash);
    assert_true(row->is_disabled);
    assert_int_equal(row->updated_at, NOW + 3);
    assert_int_equal(row->row_version, mine->row_version);
    tx_free(tx);
}

static void accounts_are_listed_by_name_in_pages(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct account_row *rows[2];
    struct err err = { 0 };
    size_t n = 0;

    (void)an_account(tx, "carl");
    (void)an_account(tx, "ann");
    (void)an_account(tx, "bob");
    assert_works(store_account_list(tx, NULL, "", 2, rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_string_equal(rows[0]->name, "ann");
    assert_string_equal(rows[1]->name, "bob");
    account_row_free(rows[0]);
    account_row_free(rows[1]);
    assert_works(store_account_list(tx, NULL, "bob", 2, rows, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_string_equal(rows[0]->name, "carl");
    account_row_free(rows[0]);
    tx_free(tx);
}

static void an_account_with_records_stays(void **state)
{
    struct test_db *test = *state;
    struct tx *tx = test_tx(test, TX_WRITE);
    struct err err = { 0 };
    int64_t ann = an_account(tx, "ann");
    int64_t bob = an_account(tx, "bob");

    (void)a_record(tx, "www", ann);
    assert_works(store_account_delete(tx, bob, NOW, &err), &err);
    assert_fails(store_account_delete(tx, bob, NOW, &err), &err, ERR_NOT_FOUND);
    assert_fails(store_account_delete(tx, ann, NOW, &err), &err, ERR_CONFLICT);
    tx_free(tx);
}

static void disabled_admins_do_not_count(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct account_new new = { "root", NULL, NULL, "admin", NULL };
    struct err err = { 0 };
    int64_t id;
    int64_t n = -1;

    (void)an_account(tx, "ann");
    assert_works(store_account_add(tx, &new, NOW, &id, &err), &err);
    assert_works(store_account_count_admins(tx, &n, &err), &err);
    assert_int_equal(n, 1);
    autofree(account_row) struct account_row *row = find(tx, "root");

    row->is_disabled = true;
    assert_works(store_account_save(tx, row, NOW, &err), &err);
    assert_works(store_account_count_admins(tx, &n, &err), &err);
    assert_int_equal(n, 0);
    tx_free(tx);
}

static void settings_are_written_from_what_was_read(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    autofree(str) char *none = NULL;
    autofree(str) char *value = NULL;
    struct err err = { 0 };
    int64_t version = -1;

    assert_works(store_setting_get(tx, "display", &none, &version, &err), &err);
    assert_null(none);
    assert_works(store_setting_put(tx, "display", "{}", 0, NOW, &version, &err), &err);
    assert_int_equal(version, 1);
    assert_works(store_setting_put(tx, "display", "[1]", 1, NOW, &version, &err), &err);
    assert_int_equal(version, 2);
    assert_fails(store_setting_put(tx, "display", "[2]", 1, NOW, &version, &err), &err,
        ERR_CONFLICT);
    assert_works(store_setting_put(tx, "display", "[3]", 0, NOW, &version, &err), &err);
    assert_works(store_setting_get(tx, "display", &value, &version, &err), &err);
    assert_string_equal(value, "[3]");
    assert_int_equal(version, 3);
    tx_free(tx);
}

static void a_session(struct tx *tx, const uint8_t *hash, int64_t account, int64_t expires_at)
{
    struct session_row session = { .account_id = account,
        .csrf = "c0ffee",
        .created_at = NOW,
        .expires_at = expires_at };
    struct err err = { 0 };

    assert_works(store_session_add(tx, hash, &session, "192.0.2.1", &err), &err);
}

static bool session_is_there(struct tx *tx, const uint8_t *hash, int64_t now)
{
    struct session_row session;
    struct err err = { 0 };
    bool found = false;

    assert_works(store_session_find(tx, hash, now, &session, &found, &err), &err);
    assert_true(!found || strcmp(session.csrf, "c0ffee") == 0);
    return found;
}

static void a_session_lives_until_its_end(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t ann = an_account(tx, "ann");

    a_session(tx, hash_a, ann, NOW + 10);
    assert_true(session_is_there(tx, hash_a, NOW + 9));
    assert_false(session_is_there(tx, hash_a, NOW + 10));
    assert_false(session_is_there(tx, hash_b, NOW));
    assert_works(store_session_touch(tx, hash_a, NOW + 5, NOW + 20, &err), &err);
    assert_true(session_is_there(tx, hash_a, NOW + 19));
    assert_works(store_session_delete(tx, hash_a, &err), &err);
    assert_false(session_is_there(tx, hash_a, NOW));
    tx_free(tx);
}

static void a_new_password_ends_all_other_sessions(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t ann = an_account(tx, "ann");

    a_session(tx, hash_a, ann, NOW + 10);
    a_session(tx, hash_b, ann, NOW + 10);
    assert_works(store_session_delete_of(tx, ann, hash_b, &err), &err);
    assert_false(session_is_there(tx, hash_a, NOW));
    assert_true(session_is_there(tx, hash_b, NOW));
    assert_works(store_session_delete_of(tx, ann, NULL, &err), &err);
    assert_false(session_is_there(tx, hash_b, NOW));
    tx_free(tx);
}

static int64_t a_token(struct tx *tx, int64_t account, const uint8_t *hash, int64_t expires_at)
{
    char name[] = "ci";
    char scopes[] = "read write";
    struct token_row token = { .account_id = account,
        .name = name,
        .scopes = scopes,
        .created_at = NOW,
        .expires_at = expires_at };
    struct err err = { 0 };
    int64_t id = 0;

    assert_works(store_token_add(tx, &token, hash, &id, &err), &err);
    return id;
}

static bool find_token(struct tx *tx, const uint8_t *hash, int64_t now, struct token_use_row *ret)
{
    struct err err = { 0 };
    bool found = false;

    assert_works(store_token_find(tx, hash, now, ret, &found, &err), &err);
    return found;
}

static void a_token_is_found_by_its_hash_until_its_end(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct token_row *rows[4];
    struct err err = { 0 };
    size_t n = 0;
    int64_t ann = an_account(tx, "ann");
    int64_t bob = an_account(tx, "bob");
    int64_t ends = a_token(tx, ann, hash_a, NOW + 10);
    int64_t stays = a_token(tx, ann, hash_b, 0);
    struct token_use_row forever;

    assert_false(find_token(tx, hash_a, NOW + 10, &forever));
    assert_true(find_token(tx, hash_b, NOW + 9999 * DAY, &forever));
    assert_int_equal(forever.id, stays);
    assert_int_equal(forever.account_id, ann);
    assert_string_equal(forever.caller.name, "ann");
    assert_string_equal(forever.scopes, "read write");
    assert_int_equal(forever.used_at, 0);
    assert_works(store_token_touch(tx, stays, NOW + 3, &err), &err);
    assert_works(store_token_list(tx, ann, 4, rows, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_int_equal(rows[0]->id, stays);
    assert_int_equal(rows[0]->used_at, NOW + 3);
    assert_int_equal(rows[1]->expires_at, NOW + 10);
    token_row_free(rows[0]);
    token_row_free(rows[1]);
    assert_fails(store_token_delete(tx, bob, ends, &err), &err, ERR_NOT_FOUND);
    assert_works(store_token_delete(tx, ann, ends, &err), &err);
    assert_false(find_token(tx, hash_a, NOW, &forever));
    tx_free(tx);
}

static void sessions_and_tokens_go_with_their_account(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t ann = an_account(tx, "ann");

    a_session(tx, hash_a, ann, NOW + 10);
    (void)a_token(tx, ann, hash_b, 0);
    assert_works(store_account_delete(tx, ann, NOW, &err), &err);
    assert_false(session_is_there(tx, hash_a, NOW));
    struct token_use_row gone;

    assert_false(find_token(tx, hash_b, NOW, &gone));
    tx_free(tx);
}

static int64_t wait_until(struct tx *tx, int64_t now)
{
    struct err err = { 0 };
    int64_t until = -1;

    assert_works(store_throttle_get(tx, "account:ann", 10, now, &until, &err), &err);
    return until;
}

static void failures_make_one_wait_longer_and_longer(void **state)
{
    static const int64_t waits[] = { 0, 0, 1, 2, 4, 8, 10, 10 };
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };

    assert_int_equal(wait_until(tx, NOW), 0);
    for (size_t i = 0; i < countof(waits); i++) {
        assert_works(store_throttle_fail(tx, "account:ann", 3, 10, NOW, &err), &err);
        assert_int_equal(wait_until(tx, NOW), waits[i] ? NOW + waits[i] : 0);
    }
    assert_int_equal(wait_until(tx, NOW + 10), 0);
    /* The clock was ahead when somebody failed, and was set right. */
    assert_int_equal(wait_until(tx, NOW - 365 * DAY), 0);
    assert_works(store_throttle_clear(tx, "account:ann", &err), &err);
    assert_int_equal(wait_until(tx, NOW), 0);
    tx_free(tx);
}

/* What is kept for the key; NULL: nothing. The caller frees. */
static char *kept(struct tx *tx, const struct idempotency_key *key, int64_t now, int64_t *status)
{
    uint8_t request[SHA256_SIZE] = { 0 };
    char *body = NULL;
    struct err err = { 0 };

    assert_works(store_idempotency_find(tx, key, now, request, status, &body, &err), &err);
    if (body)
        assert_memory_equal(request, hash_a, SHA256_SIZE);
    return body;
}

static void assert_kept(struct tx *tx, const struct idempotency_key *key, int64_t status,
    const char *body)
{
    int64_t found = 0;
    autofree(str) char *text = kept(tx, key, NOW, &found);

    assert_non_null(text);
    assert_string_equal(text, body);
    assert_int_equal(found, status);
}

static void a_repeated_request_finds_its_answer_for_a_day(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    const struct idempotency_answer answer = { hash_a, 0, "" };
    const struct idempotency_answer later = { hash_a, 201, "{\"id\":1}" };
    const struct idempotency_answer other = { hash_b, 200, "{}" };
    const struct idempotency_key key = { an_account(tx, "ann"), "k" };
    struct err err = { 0 };
    int64_t status = 0;
    bool is_new = false;

    assert_null(kept(tx, &key, NOW, &status));
    assert_works(store_idempotency_add(tx, &key, &answer, NOW, &is_new, &err), &err);
    assert_true(is_new);
    assert_kept(tx, &key, 0, "");
    assert_works(store_idempotency_put(tx, &key, &later, NOW, &err), &err);
    assert_kept(tx, &key, 201, "{\"id\":1}");
    assert_works(store_idempotency_add(tx, &key, &other, NOW, &is_new, &err), &err);
    assert_false(is_new);
    assert_works(store_idempotency_put(tx, &key, &other, NOW, &err), &err);
    assert_kept(tx, &key, 201, "{\"id\":1}");
    assert_null(kept(tx, &key, NOW + DAY, &status));
    assert_works(store_idempotency_add(tx, &key, &answer, NOW + DAY, &is_new, &err), &err);
    assert_true(is_new); /* nobody waits for the cleaning */
    assert_works(store_session_forget(tx, NOW + 3 * DAY, &err), &err);
    assert_null(kept(tx, &key, NOW + DAY, &status));
    tx_free(tx);
}

static void what_has_ended_is_forgotten(void **state)
{
    struct tx *tx = test_tx(*state, TX_WRITE);
    struct err err = { 0 };
    int64_t ann = an_account(tx, "ann");

    a_session(tx, hash_a, ann, NOW + 10);
    a_session(tx, hash_b, ann, NOW + 30);
    assert_works(store_session_forget(tx, NOW + 20, &err), &err);
    assert_false(session_is_there(tx, hash_a, NOW)); /* would still be there at that time */
    assert_true(session_is_there(tx, hash_b, NOW));
    tx_free(tx);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, test_db_setup, test_db_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(an_account_is_found_in_any_case),
        WITH(who_edits_an_old_row_is_told),
        WITH(accounts_are_listed_by_name_in_pages),
        WITH(an_account_with_records_stays),
        WITH(disabled_admins_do_not_count),
        WITH(settings_are_written_from_what_was_read),
        WITH(a_session_lives_until_its_end),
        WITH(a_new_password_ends_all_other_sessions),
        WITH(a_token_is_found_by_its_hash_until_its_end),
        WITH(sessions_and_tokens_go_with_their_account),
        WITH(failures_make_one_wait_longer_and_longer),
        WITH(a_repeated_request_finds_its_answer_for_a_day),
        WITH(what_has_ended_is_forgotten),
    };
    return cmocka_run_group_tests_name("store_account", tests, NULL, NULL);
}
