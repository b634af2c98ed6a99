/* api/sign_in: see the header. */
#include "api/sign_in.h"

#include <string.h>

#include "api/authenticate.h"
#include "auth/password.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "codec/fold.h"
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

/* One key for all the ways in which somebody can be called: capitals, or the address of their mail.
 */
static void throttle_keys(const struct api_call *call, const struct account_row *account,
    const char *name, struct keys *keys)
{
    autofree(str) char *folded = text_fold(account ? account->name : name);

    (void)snprintf(keys->account, sizeof keys->account, "account:%.128s", folded);
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
    call->retry_after = until - call->now;
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

    return tx_begin(call->db, TX_READ, &tx, err) && store_account_find(tx, name, ret, err) &&
           (*ret || !strchr(name, '@') || store_account_find_by_mail(tx, name, ret, err));
}

static void make_secret(char *field, size_t field_size)
{
    uint8_t bytes[24];

    ASSERT(field_size > 2 * sizeof bytes);
    rand_bytes(bytes, sizeof bytes);
    hex_encode(span_of(bytes, sizeof bytes), field, field_size);
    secret_wipe(bytes, sizeof bytes);
}

bool sign_in_open(struct api_call *call, const struct account_row *account,
    char id[static SESSION_ID_SIZE], struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct session_row session = { .account_id = account->id,
        .created_at = call->now,
        .expires_at = call->now + SESSION_IDLE_SECONDS };
    uint8_t hash[SHA256_SIZE];
    struct keys keys;

    throttle_keys(call, account, NULL, &keys);
    make_secret(id, SESSION_ID_SIZE);
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
                 store_throttle_clear(tx, keys.account, err) &&
                 api_audit(call, "session.open", 0, account->name, NULL, NULL, err);

    call->tx = NULL;
    if (!works || !tx_commit(take(&tx), err))
        return false;
    span_copy_text(span_text(session.csrf), call->csrf, sizeof call->csrf);
    return true;
}

bool sign_in_check(struct api_call *call, const char *name, struct span password,
    struct account_row **ret, struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;
    struct keys keys;

    if (!find_account(call, name, &account, err))
        return false;
    throttle_keys(call, account, name, &keys);
    if (!check_throttle(call, &keys, err))
        return false;
    bool matches = password_matches(password,
        account && !account->is_disabled ? account->password_hash : NULL);

    if (!matches || !account) {
        if (!note_failure(call, &keys, name, err))
            return false;
        log_info("session.refused", KV_STR("user", name), KV_STR("client", call->address));
        call->status = 401;
        return fail(err, ERR_DENIED, "user name or password is wrong");
    }
    *ret = take(&account);
    return true;
}

bool sign_in_close(struct api_call *call, struct err *err)
{
    return store_session_delete(call->tx, call->session_hash, err) &&
           (!call->who.account_id ||
               api_audit(call, "session.close", 0, call->who.name, NULL, NULL, err));
}
