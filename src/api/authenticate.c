/*
 * api/authenticate: see the header.
 *
 * Being used is written down at most once a minute for each session and token, so that a page that
 * polls does not make the database write.
 */
#include "api/authenticate.h"

#include <string.h>

#include "api/credentials.h"
#include "api/jira/errors.h"
#include "api/sign_in.h"
#include "auth/password.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/secret.h"
#include "codec/base64.h"
#include "codec/digest.h"
#include "db/db.h"
#include "store/account.h"
#include "store/session.h"

#define TOUCH_SECONDS 60
#define UNKNOWN_TOKEN "the token is not known, or has expired"

static bool refuse(struct api_call *call, struct err *err, const char *why)
{
    call->status = 401;
    return fail(err, ERR_DENIED, "%s", why);
}

static bool become(struct api_call *call, int64_t account_id, const char *name, const char *role,
    unsigned scopes, struct err *err)
{
    call->who.account_id = account_id;
    call->who.scopes = scopes;
    span_copy_text(span_text(name), call->who.name, sizeof call->who.name);
    if (!role_from_name(role, &call->who.role))
        return fail(err, ERR_INTERNAL, "the user \"%s\" has no known role", name);
    return true;
}

static bool become_account(struct api_call *call, const struct account_row *account,
    struct err *err)
{
    return become(call, account->id, account->name, account->role, SCOPE_ALL, err);
}

static bool become_caller(struct api_call *call, int64_t account_id,
    const struct caller_row *caller, unsigned scopes, struct err *err)
{
    return become(call, account_id, caller->name, caller->role, scopes, err);
}

/* In a transaction of its own, and never a reason to refuse the request. */
static void touch_token(struct api_call *call, int64_t id)
{
    autofree(tx) struct tx *tx = NULL;
    struct err ignored = { 0 };

    if (tx_begin(call->db, TX_WRITE, &tx, &ignored) &&
        store_token_touch(tx, id, call->now, &ignored))
        (void)!tx_commit(take(&tx), &ignored);
}

static void touch_session(struct api_call *call)
{
    autofree(tx) struct tx *tx = NULL;
    struct err ignored = { 0 };

    if (tx_begin(call->db, TX_WRITE, &tx, &ignored) &&
        store_session_touch(tx, call->session_hash, call->now, call->touch.session_until, &ignored))
        (void)!tx_commit(take(&tx), &ignored);
}

bool authenticate_needs_touch(const struct api_call *call)
{
    return call->touch.token_id || call->touch.session_until;
}

void authenticate_touch(struct api_call *call)
{
    if (call->touch.token_id)
        touch_token(call, call->touch.token_id);
    if (call->touch.session_until)
        touch_session(call);
    call->touch = (struct api_touch){ 0 };
}

static void note_session_use(struct api_call *call, const struct session_row *session)
{
    const int64_t end = call->now + SESSION_IDLE_SECONDS;
    const int64_t last = session->created_at + SESSION_SECONDS;

    if (call->now - session->seen_at >= TOUCH_SECONDS)
        call->touch.session_until = end < last ? end : last;
}

/* The call's transaction, where it has one already, else one that *own is to free. */
static bool begin_reading(struct api_call *call, struct tx **own, struct tx **ret, struct err *err)
{
    if (!call->tx && !tx_begin(call->db, TX_READ, own, err))
        return false;
    *ret = call->tx ? call->tx : *own;
    return true;
}

/* `owner` 0: whoever's it is; else it must be that account's. */
static bool by_token(struct api_call *call, struct span token, int64_t owner, struct err *err)
{
    uint8_t hash[SHA256_SIZE];
    autofree(tx) struct tx *own = NULL;
    struct tx *tx = NULL;
    struct token_use_row row;
    bool found = false;
    unsigned scopes = 0;

    digest_sha256(token, hash);
    if (!begin_reading(call, &own, &tx, err) ||
        !store_token_find(tx, hash, call->now, &row, &found, err))
        return false;
    if (!found || row.caller.is_disabled || (owner && row.account_id != owner) ||
        !scopes_from_text(row.scopes, &scopes))
        return refuse(call, err, UNKNOWN_TOKEN);
    call->who_until = row.expires_at;
    if (call->now - row.used_at >= TOUCH_SECONDS)
        call->touch.token_id = row.id;
    return become_caller(call, row.account_id, &row.caller, scopes, err);
}

static bool find_by_name(struct api_call *call, const char *name, struct account_row **ret,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(call->db, TX_READ, &tx, err) && store_account_find(tx, name, ret, err) &&
           (*ret || !strchr(name, '@') || store_account_find_by_mail(tx, name, ret, err));
}

/* A password that was right a moment ago is not verified again. */
static bool by_password(struct api_call *call, const char *name, struct span password,
    struct account_row *account, struct err *err)
{
    struct credentials *credentials = call->services->credentials;
    autofree(account_row) struct account_row *verified = NULL;

    if (account && !account->is_disabled && account->password_hash &&
        credentials_know(credentials, account, password, call->now))
        return become_account(call, account, err);
    if (!sign_in_check(call, name, password, &verified, err))
        return false;
    credentials_keep(credentials, verified, password, call->now);
    return become_account(call, verified, err);
}

/* "name:password", or an API token in the place of the password (RFC 7617). */
static bool by_basic(struct api_call *call, struct span encoded, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(PASSWORD_MAX + 512);
    autofree(account_row) struct account_row *account = NULL;
    struct err ignored = { 0 };

    if (!base64_decode(encoded, &text, &ignored) || !buf_ok(&text) || span_has_nul(buf_span(&text)))
        return refuse(call, err, "the credentials are not in the form of RFC 7617");
    size_t colon = span_find_char(buf_span(&text), ':');
    struct span password = span_slice(buf_span(&text), colon + 1, SIZE_MAX);

    if (colon == SIZE_MAX || colon == 0 || password.size == 0 || password.size > PASSWORD_MAX)
        return refuse(call, err, "user name or password is wrong");
    text.data[colon] = '\0';
    const char *name = (const char *)text.data;

    if (!parse_is_utf8(span_text(name)))
        return refuse(call, err, "user name or password is wrong");
    if (!find_by_name(call, name, &account, err))
        return false;
    /* Whether there is such a user is not told. */
    if (span_starts_with(password, "cdt_"))
        return account ? by_token(call, password, account->id, err)
                       : refuse(call, err, UNKNOWN_TOKEN);
    return by_password(call, name, password, account, err);
}

/* What the session cookie holds; false without one. */
static bool find_session_id(const struct http_request *request, struct span *ret)
{
    const char *name = jira_is_request(request) ? JIRA_COOKIE "=" : SESSION_COOKIE "=";
    const char *field = http_request_field(request, "cookie");
    struct span rest = span_text(field);
    struct span part;

    while (span_split(&rest, ';', &part)) {
        part = span_trim(part);
        if (span_starts_with(part, name)) {
            *ret = span_slice(part, strlen(name), SIZE_MAX);
            return ret->size > 0;
        }
    }
    return false;
}

/* What no form on another site can send: a JSON body, or the field that Jira's clients send. */
static bool check_jira_origin(const struct api_call *call, const struct http_request *request,
    struct err *err)
{
    const char *shown = http_request_field(request, "x-atlassian-token");

    if (strcmp(call->route->method, "GET") == 0 ||
        http_request_is_type(request, "application/json"))
        return true;
    if (shown && (span_is_nocase(span_text(shown), "no-check") ||
                     span_is_nocase(span_text(shown), "nocheck")))
        return true;
    return fail(err, ERR_DENIED, "XSRF check failed");
}

static bool check_csrf(struct api_call *call, const struct http_request *request,
    const struct session_row *session, struct err *err)
{
    const char *shown = http_request_field(request, "x-csrf-token");

    if (jira_is_request(request))
        return check_jira_origin(call, request, err);
    if (!(call->route->flags & API_WRITES) && strcmp(call->route->method, "GET") == 0)
        return true;
    if (shown && secret_equal(span_text(shown), span_text(session->csrf)))
        return true;
    return fail(err, ERR_DENIED, "the X-CSRF-Token of this session is missing or wrong");
}

static bool by_session(struct api_call *call, const struct http_request *request, struct span id,
    struct err *err)
{
    uint8_t hash[SHA256_SIZE];
    autofree(tx) struct tx *own = NULL;
    struct tx *tx = NULL;
    struct session_row session;
    bool found = false;

    digest_sha256(id, hash);
    if (!begin_reading(call, &own, &tx, err) ||
        !store_session_find(tx, hash, call->now, &session, &found, err))
        return false;
    if (!found || session.caller.is_disabled) {
        if (call->route->role == ROLE_PUBLIC)
            return true;
        return refuse(call, err, "the session has ended; sign in again");
    }
    if (!become_caller(call, session.account_id, &session.caller, SCOPE_ALL, err))
        return false;
    if (call->route->role != ROLE_PUBLIC && !check_csrf(call, request, &session, err))
        return false;
    call->who_until = session.expires_at;
    memcpy(call->session_hash, hash, sizeof hash);
    span_copy_text(span_text(session.csrf), call->csrf, sizeof call->csrf);
    note_session_use(call, &session);
    return true;
}

bool authenticate_is_slow(const struct http_request *request)
{
    const char *field = http_request_field(request, "authorization");

    return field && !span_is_nocase(span_slice(span_text(field), 0, 7), "Bearer ");
}

bool authenticate(struct api_call *call, const struct http_request *request, struct err *err)
{
    const char *field = http_request_field(request, "authorization");
    struct span id;

    memset(&call->who, 0, sizeof call->who);
    if (field && span_is_nocase(span_slice(span_text(field), 0, 7), "Bearer "))
        return by_token(call, span_trim(span_slice(span_text(field), 7, SIZE_MAX)), 0, err);
    if (field && jira_is_request(request) &&
        span_is_nocase(span_slice(span_text(field), 0, 6), "Basic "))
        return by_basic(call, span_trim(span_slice(span_text(field), 6, SIZE_MAX)), err);
    if (field)
        return refuse(call, err,
            jira_is_request(request)
                ? "only Basic credentials and bearer tokens are taken here"
                : "only bearer tokens are taken here: Authorization: Bearer TOKEN");
    if (find_session_id(request, &id))
        return by_session(call, request, id, err);
    return true;
}
