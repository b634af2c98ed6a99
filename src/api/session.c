/* api/session: signing in and out of the page, and who one is. */
#include <string.h>

#include "api/authenticate.h"
#include "api/sign_in.h"
#include "api/tables.h"
#include "auth/password.h"
#include "base/err.h"
#include "base/secret.h"
#include "store/account.h"

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
    char id[SESSION_ID_SIZE];
    struct json_in in;

    api_body(call, &in);
    const char *name = json_in_text(&in, "username", 1, 128);
    const char *password = json_in_text(&in, "password", 1, PASSWORD_MAX);

    if (!json_in_end(&in, err) || !sign_in_check(call, name, span_text(password), &account, err) ||
        !sign_in_open(call, account, id, err))
        return false;
    (void)snprintf(call->set_cookie, sizeof call->set_cookie,
        SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s", id,
        (int)SESSION_SECONDS, call->services->is_https ? "; Secure" : "");
    secret_wipe(id, sizeof id);
    write_me(call, account);
    return true;
}

static bool session_close(struct api_call *call, struct err *err)
{
    if (!sign_in_close(call, err))
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
    { "GET", "/me", ROLE_USER, API_READS | API_AT_ONCE, me_get, 0 },
    { 0 },
};
