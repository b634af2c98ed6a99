/*
 * api/accounts: users, seen by everybody (their names are what one shares with), made by admins.
 *
 * The last admin cannot be removed, disabled or demoted; whoever goes hands over what they own in
 * the same step.
 */
#include <string.h>

#include "api/cert_new.h"
#include "api/page.h"
#include "api/sign_in.h"
#include "api/tables.h"
#include "auth/password.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/secret.h"
#include "store/account.h"
#include "store/cert_people.h"
#include "store/session.h"

static const char *const roles[] = { "user", "auditor", "admin" };

static void write_account(struct json_out *out, const struct account_row *account)
{
    json_str(out, "name", account->name);
    json_str(out, "display_name", account->display_name);
    json_str(out, "email", account->email);
    json_str(out, "role", account->role);
    json_bool(out, "disabled", account->is_disabled);
    json_time(out, "created_at", account->created_at);
    json_time(out, "updated_at", account->updated_at);
    page_write_etag(out, account->row_version);
}

static bool users_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct account_row *rows[API_PAGE_MAX + 1];
    int64_t limit = page_limit(query);
    const char *cursor = query_text(query, "cursor", 128);
    const char *q = query_text(query, "q", 200);
    size_t n = 0;

    if (!query_end(query, err) ||
        !store_account_list(call->tx, q, cursor ? cursor : "", limit + 1, rows, &n, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < n && i < (size_t)limit; i++) {
        json_begin_object(&call->reply, NULL);
        write_account(&call->reply, rows[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    page_end(call, n > (size_t)limit ? rows[limit - 1]->name : NULL, (int64_t)n,
        n > (size_t)limit || cursor);
    for (size_t i = 0; i < n; i++)
        account_row_free(rows[i]);
    return true;
}

/* Whom one can share with: the names of those who may sign in, and of the groups. */
static bool people_list(struct api_call *call, struct err *err)
{
    autofree(query) struct query *query = query_new(call);
    struct account_row *rows[API_PAGE_MAX];
    const char *q = query_text(query, "q", 200);
    size_t n = 0;

    if (!query_end(query, err) || !store_account_list(call->tx, q, "", API_PAGE_MAX, rows, &n, err))
        return false;
    json_begin_array(&call->reply, "users");
    for (size_t i = 0; i < n; i++) {
        if (!rows[i]->is_disabled) {
            json_begin_object(&call->reply, NULL);
            json_str(&call->reply, "name", rows[i]->name);
            json_str(&call->reply, "display_name", rows[i]->display_name);
            json_end(&call->reply);
        }
        account_row_free(rows[i]);
    }
    json_end(&call->reply);
    return groups_write_names(call, q, err);
}

static bool hash_given(struct api_call *call, const char *password, const char *name,
    char hash[static PASSWORD_HASH_SIZE], struct err *err)
{
    if (!password_check_rules(span_text(password), name, err)) {
        json_problems_add(call->problems, "password", err->msg);
        return false;
    }
    return password_hash(span_text(password), hash, err);
}

static bool users_create(struct api_call *call, struct err *err)
{
    char hash[PASSWORD_HASH_SIZE] = "";
    struct json_in in;
    struct account_new account = { 0 };
    autofree(account_row) struct account_row *made = NULL;
    int64_t id;

    api_body(call, &in);
    account.name = json_in_text(&in, "name", 1, 64);
    account.display_name = json_in_text_opt(&in, "display_name", 0, 200, "");
    account.email = json_in_text_opt(&in, "email", 0, 254, "");
    account.role = roles[json_in_enum_opt(&in, "role", roles, countof(roles), 0)];
    const char *password = json_in_text_opt(&in, "password", 1, PASSWORD_MAX, NULL);

    if (account.name[0] && !account_name_is_valid(account.name))
        json_in_complain(&in, "name", "only a-z, 0-9 and ._-@+ are allowed");
    if (!json_in_end(&in, err) ||
        (password && !hash_given(call, password, account.name, hash, err)))
        return false;
    account.password_hash = password ? hash : NULL;
    if (!store_account_add(call->tx, &account, call->now, &id, err) ||
        !store_account_get(call->tx, id, &made, err) ||
        !api_audit(call, "user.create", id, account.name, NULL, account.role, err))
        return false;
    call->status = 201;
    call->etag = made->row_version;
    write_account(&call->reply, made);
    return true;
}

static bool find_by_name(struct api_call *call, struct account_row **ret, struct err *err)
{
    if (!store_account_find(call->tx, call->path_text, ret, err))
        return false;
    if (!*ret)
        return fail(err, ERR_NOT_FOUND, "there is no user \"%s\"", call->path_text);
    return true;
}

/* Somebody must be left who can undo what this does. */
static bool keep_an_admin(struct api_call *call, struct err *err)
{
    int64_t n;

    if (!store_account_count_admins(call->tx, &n, err))
        return false;
    return n > 0 || fail(err, ERR_CONFLICT, "this is the last admin; make another one first");
}

static bool users_get(struct api_call *call, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (!find_by_name(call, &account, err))
        return false;
    call->etag = account->row_version;
    write_account(&call->reply, account);
    return true;
}

static bool users_edit(struct api_call *call, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;
    char hash[PASSWORD_HASH_SIZE];
    struct json_in in;

    if (!find_by_name(call, &account, err))
        return false;
    if (!page_check_match(call, account->row_version, "user", err))
        return false;
    api_body(call, &in);
    str_set(&account->display_name,
        json_in_text_opt(&in, "display_name", 0, 200, account->display_name));
    str_set(&account->email, json_in_text_opt(&in, "email", 0, 254, account->email));
    int role = json_in_enum_opt(&in, "role", roles, countof(roles), -1);

    if (role >= 0)
        str_set(&account->role, roles[role]);
    account->is_disabled = json_in_bool_opt(&in, "disabled", account->is_disabled);
    const char *password = json_in_text_opt(&in, "password", 1, PASSWORD_MAX, NULL);

    if (!json_in_end(&in, err) ||
        (password && !hash_given(call, password, account->name, hash, err)))
        return false;
    if (password)
        str_set(&account->password_hash, hash);
    if (!store_account_save(call->tx, account, call->now, err) || !keep_an_admin(call, err) ||
        !store_session_delete_of(call->tx, account->id, call->session_hash, err) ||
        !api_audit(call, password ? "user.password" : "user.edit", account->id, account->name, NULL,
            account->is_disabled ? "disabled" : account->role, err))
        return false;
    call->etag = account->row_version;
    write_account(&call->reply, account);
    return true;
}

static void hash_free(void *hash)
{
    secret_wipe(hash, PASSWORD_HASH_SIZE);
    free(hash);
}

/* Whoever has stolen a session or a token guesses no faster here than where one signs in. */
static bool check_present(struct api_call *call, const char *password, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (sign_in_check(call, call->who.name, span_text(password), &account, err))
        return true;
    if (call->status != 401)
        return false;
    call->status = 400;
    json_problems_add(call->problems, "current_password", "this is not the present password");
    return fail(err, ERR_INVALID, "the present password is wrong");
}

/* Before the transaction: passwords take their time on purpose. */
static bool me_password_prepare(struct api_call *call, struct err *err)
{
    char *const hash = xcalloc(1, PASSWORD_HASH_SIZE);
    struct json_in in;

    call->prepared = hash;
    call->free_prepared = hash_free;
    api_body(call, &in);
    const char *old = json_in_text(&in, "current_password", 1, PASSWORD_MAX);
    const char *new = json_in_text(&in, "new_password", 1, PASSWORD_MAX);

    return json_in_end(&in, err) && check_present(call, old, err) &&
           hash_given(call, new, call->who.name, hash, err);
}

static bool me_password(struct api_call *call, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (!store_account_get(call->tx, call->who.account_id, &account, err))
        return false;
    str_set(&account->password_hash, call->prepared);
    call->status = 204;
    return store_account_save(call->tx, account, call->now, err) &&
           store_session_delete_of(call->tx, account->id, call->session_hash, err) &&
           api_audit(call, "user.password", account->id, account->name, NULL, NULL, err);
}

/* Who gets everything: anybody who can sign in but the one who goes. */
static bool read_heir(struct api_call *call, const char *name, const struct account_row *account,
    int64_t *ret_id, struct err *err)
{
    autofree(account_row) struct account_row *heir = NULL;

    if (!api_find_account(call, "hand_over_to", name, ret_id, err) ||
        !store_account_get(call->tx, *ret_id, &heir, err))
        return false;
    if (heir->id != account->id && !heir->is_disabled)
        return true;
    json_problems_add(call->problems, "hand_over_to", "must be somebody else, who is not disabled");
    return fail(err, ERR_INVALID, "hand_over_to: must be somebody else, who is not disabled");
}

static void add_holding(struct buf *text, int64_t n, const char *what)
{
    if (n == 0)
        return;
    buf_addf(text, "%s%" PRId64 " %s%s", text->size ? ", " : "", n, what, n == 1 ? "" : "s");
}

static bool fail_holdings(struct api_call *call, const struct account_row *account,
    const struct account_holdings *held, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT(200);

    add_holding(&text, held->certificates, "certificate");
    add_holding(&text, held->tickets, "open ticket");
    add_holding(&text, held->requests, "certificate request");
    json_problems_add(call->problems, "hand_over_to", "is needed: a user, who gets all of that");
    return fail(err, ERR_CONFLICT, "\"%s\" has %s; somebody else must get that", account->name,
        buf_text(&text));
}

static bool audit_delete(struct api_call *call, const struct account_row *account, const char *heir,
    const struct account_holdings *held, struct err *err)
{
    autodone(buf) struct buf after = BUF_INIT(4096);
    struct json_out out;

    json_out_init(&out, &after);
    json_begin_object(&out, NULL);
    json_str(&out, "hand_over_to", heir);
    json_i64(&out, "certificates", held->certificates);
    json_i64(&out, "tickets", held->tickets);
    json_i64(&out, "requests", held->requests);
    json_end(&out);
    return api_audit(call, "user.delete", account->id, account->name, account->role,
        buf_text(&after), err);
}

/* DELETE /users/{name}?hand_over_to=NAME */
static bool users_delete(struct api_call *call, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;
    autofree(query) struct query *query = query_new(call);
    const char *heir = query_text(query, "hand_over_to", 64);
    struct account_holdings held;
    int64_t heir_id = 0;
    int64_t n = 0;

    if (!query_end(query, err) || !find_by_name(call, &account, err) ||
        !page_check_match(call, account->row_version, "user", err) ||
        !store_account_holdings(call->tx, account->id, &held, err) ||
        (heir && !read_heir(call, heir, account, &heir_id, err)))
        return false;
    if (!heir_id && (held.certificates || held.tickets || held.requests))
        return fail_holdings(call, account, &held, err);
    if (heir_id && !store_cert_hand_over(call->tx, account->id, heir_id, call->now, &n, err))
        return false;
    json_i64(&call->reply, "certificates", held.certificates);
    json_i64(&call->reply, "tickets", held.tickets);
    json_i64(&call->reply, "requests", held.requests);
    return store_account_delete(call->tx, account->id, call->now, err) &&
           keep_an_admin(call, err) && audit_delete(call, account, heir, &held, err);
}

const struct api_route account_routes[] = {
    { "GET", "/people", ROLE_USER, API_READS, people_list, 0 },
    { "GET", "/users", ROLE_ADMIN, API_READS, users_list, 0 },
    { "GET", "/users/{name}", ROLE_ADMIN, API_READS, users_get, 0 },
    { "POST", "/users", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT | API_SECRET_BODY, users_create,
        0 },
    { "PATCH", "/users/{name}", ROLE_ADMIN, API_WRITES | API_SECRET_BODY, users_edit, 0 },
    { "DELETE", "/users/{name}", ROLE_ADMIN, API_WRITES | API_BODY_NONE, users_delete, 0 },
    { "POST", "/me/password", ROLE_USER, API_WRITES | API_SECRET_BODY, me_password, 16384,
        me_password_prepare },
    { 0 },
};
