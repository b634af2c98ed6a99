/*
 * api/session: signing in and out of the page, and who one is.
 *
 * A wrong name and a wrong password answer alike, and take as long. After a few failures an
 * account, or an address, must wait, longer each time.
 */
#include <string.h>

#include "api/authenticate.h"
#include "api/tables.h"
#include "auth/password.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "codec/hex.h"
#include "db/db.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/session.h"

#define FREE_TRIES_ACCOUNT 5
#define FREE_TRIES_ADDRESS 30
#define MAX_WAIT_SECONDS 900

struct keys {
    char account[160];
    char address[96];
};

static void throttle_keys(const struct api_call *call, const char *name, struct keys *keys)
{
    (void)snprintf(keys->account, sizeof keys->account, "account:%.128s", name);
    (void)snprintf(keys->address, sizeof keys->address, "address:%s", call->address);
}

static bool check_throttle(struct api_call *call, const struct keys *keys, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t by_account;
    int64_t by_address;

    if (!tx_begin(call->db, TX_READ, &tx, err) ||
        !store_throttle_get(tx, keys->account, call->now, &by_account, err) ||
        !store_throttle_get(tx, keys->address, call->now, &by_address, err))
        return false;
    int64_t until = by_account > by_address ? by_account : by_address;

    if (until <= call->now)
        return true;
    call->status = 429;
    return fail(err, ERR_LIMIT, "too many failed tries; wait %" PRId64 " seconds",
        until - call->now);
}

static bool note_failure(struct api_call *call, const struct keys *keys, const char *name,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct audit_entry entry = { .at = call->now,
        .actor = name,
        .address = call->address,
        .action = "session.refuse",
        .object_type = "session" };

    return tx_begin(call->db, TX_WRITE, &tx, err) &&
           store_throttle_fail(tx, keys->account, FREE_TRIES_ACCOUNT, MAX_WAIT_SECONDS, call->now,
               err) &&
           store_throttle_fail(tx, keys->address, FREE_TRIES_ADDRESS, MAX_WAIT_SECONDS, call->now,
               err) &&
           store_audit_add(tx, &entry, err) && tx_commit(take(&tx), err);
}

static bool find_account(struct api_call *call, const char *name, struct account_row **ret,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(call->db, TX_READ, &tx, err) && store_account_find(tx, name, ret, err);
}

static void make_secret(char *field, size_t field_size)
{
    uint8_t bytes[24];

    ASSERT(field_size > 2 * sizeof bytes);
    rand_bytes(bytes, sizeof bytes);
    hex_encode(span_of(bytes, sizeof bytes), field, field_size);
    secret_wipe(bytes, sizeof bytes);
}

static bool open_session(struct api_call *call, const struct account_row *account,
    const struct keys *keys, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct session_row session = { .account_id = account->id,
        .created_at = call->now,
        .expires_at = call->now + SESSION_IDLE_SECONDS };
    uint8_t hash[SHA256_SIZE];
    char id[64];

    make_secret(id, sizeof id);
    make_secret(session.csrf, sizeof session.csrf);
    digest_sha256(span_text(id), hash);
    call->who.account_id = account->id;
    call->who.scopes = SCOPE_ALL;
    call->who_until = session.expires_at;
    span_copy_text(span_text(account->name), call->who.name, sizeof call->who.name);
    if (!role_from_name(account->role, &call->who.role))
        return fail(err, ERR_INTERNAL, "the user \"%s\" has no known role", account->name);
    if (!tx_begin(call->db, TX_WRITE, &tx, err))
        return false;
    call->tx = tx;
    bool works = store_session_delete(tx, call->session_hash, err) &&
                 store_session_add(tx, hash, &session, call->address, err) &&
                 store_throttle_clear(tx, keys->account, err) &&
                 api_audit(call, "session.open", 0, account->name, NULL, NULL, err);

    call->tx = NULL;
    if (!works || !tx_commit(take(&tx), err))
        return false;
    (void)snprintf(call->set_cookie, sizeof call->set_cookie,
        SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", id,
        (int)SESSION_SECONDS, call->services->is_https ? "; Secure" : "");
    span_copy_text(span_text(session.csrf), call->csrf, sizeof call->csrf);
    secret_wipe(id, sizeof id);
    return true;
}

static void write_scopes(struct json_out *out, unsigned scopes)
{
    json_begin_array(out, "scopes");
    if (scopes & SCOPE_READ)
        json_str(out, NULL, "read");
    if (scopes & SCOPE_WRITE)
        json_str(out, NULL, "write");
    if (scopes & SCOPE_ADMIN)
        json_str(out, NULL, "admin");
    json_end(out);
}

static void write_me(struct api_call *call, const struct account_row *account)
{
    json_str(&call->reply, "name", account->name);
    json_str(&call->reply, "display_name", account->display_name);
    json_str(&call->reply, "email", account->email);
    json_str(&call->reply, "role", account->role);
    write_scopes(&call->reply, call->who.scopes);
    json_str(&call->reply, "csrf_token", call->csrf[0] ? call->csrf : NULL);
    json_time_or_null(&call->reply, "expires_at", call->who_until);
    json_str(&call->reply, "version", CERTDESK_VERSION);
}

static bool session_open(struct api_call *call, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;
    struct json_in in;
    struct keys keys;

    api_body(call, &in);
    const char *name = json_in_text(&in, "username", 1, 128);
    const char *password = json_in_text(&in, "password", 1, PASSWORD_MAX);

    if (!json_in_end(&in, err))
        return false;
    throttle_keys(call, name, &keys);
    if (!check_throttle(call, &keys, err) || !find_account(call, name, &account, err))
        return false;
    bool matches = password_matches(span_text(password),
        account && !account->is_disabled ? account->password_hash : NULL);

    if (!matches || !account) {
        if (!note_failure(call, &keys, name, err))
            return false;
        log_info("session.refused", KV_STR("user", name), KV_STR("client", call->address));
        call->status = 401;
        return fail(err, ERR_DENIED, "user name or password is wrong");
    }
    if (!open_session(call, account, &keys, err))
        return false;
    write_me(call, account);
    return true;
}

static bool session_close(struct api_call *call, struct err *err)
{
    if (!store_session_delete(call->tx, call->session_hash, err))
        return false;
    if (call->who.account_id &&
        !api_audit(call, "session.close", 0, call->who.name, NULL, NULL, err))
        return false;
    (void)snprintf(call->set_cookie, sizeof call->set_cookie,
        SESSION_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    call->status = 204;
    return true;
}

static bool me_get(struct api_call *call, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;

    if (!store_account_get(call->tx, call->who.account_id, &account, err))
        return false;
    write_me(call, account);
    return true;
}

const struct api_route session_routes[] = {
    { "POST", "/session", ROLE_PUBLIC, API_WRITES | API_NO_TX | API_SECRET_BODY, session_open,
        16384 },
    { "DELETE", "/session", ROLE_USER, API_WRITES | API_BODY_NONE, session_close, 0 },
    { "GET", "/me", ROLE_USER, API_READS, me_get, 0 },
    { 0 },
};
