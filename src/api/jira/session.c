/*
 * api/jira/session: signing in as Data Center has it: a cookie called JSESSIONID, which lives and
 * ends like a session of the page, but does not open the page.
 */
#include <stdio.h>
#include <string.h>

#include "api/authenticate.h"
#include "api/jira/jira.h"
#include "api/sign_in.h"
#include "api/tables.h"
#include "auth/password.h"
#include "base/err.h"
#include "base/secret.h"

static void write_login(struct api_call *call)
{
    json_begin_object(&call->reply, "loginInfo");
    json_i64(&call->reply, "failedLoginCount", 0);
    json_i64(&call->reply, "loginCount", 1);
    jira_time(&call->reply, "lastFailedLoginTime", call->now);
    jira_time(&call->reply, "previousLoginTime", call->now);
    json_end(&call->reply);
}

static bool session_open(struct api_call *call, struct err *err)
{
    const char *name = json_as_text(json_member(call->json, "username"));
    const char *password = json_as_text(json_member(call->json, "password"));
    autofree(account_row) struct account_row *account = NULL;
    char id[SESSION_ID_SIZE];

    if (!name || !password || !*name || strlen(name) > 128 || strlen(password) > PASSWORD_MAX)
        return fail(err, ERR_INVALID, "The body must have 'username' and 'password'.");
    if (!sign_in_check(call, name, span_text(password), &account, err) ||
        !sign_in_open(call, account, id, err))
        return false;
    (void)snprintf(call->set_cookie, sizeof call->set_cookie,
        JIRA_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict%s", id,
        call->services->is_https ? "; Secure" : "");
    json_begin_object(&call->reply, "session");
    json_str(&call->reply, "name", JIRA_COOKIE);
    json_str(&call->reply, "value", id);
    json_end(&call->reply);
    write_login(call);
    secret_wipe(id, sizeof id);
    return true;
}

static bool session_get(struct api_call *call, struct err *err)
{
    (void)err;
    jira_link(call, "self", "/rest/api/latest/user?username=%s", call->who.name);
    json_str(&call->reply, "name", call->who.name);
    write_login(call);
    return true;
}

static bool session_close(struct api_call *call, struct err *err)
{
    if (!sign_in_close(call, err))
        return false;
    (void)snprintf(call->set_cookie, sizeof call->set_cookie,
        JIRA_COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    call->status = 204;
    return true;
}

#define SESSION "/rest/auth/1/session"
#define LATEST "/rest/auth/latest/session" /* of Atlassian's own client for Java */

const struct api_route jira_session_routes[] = {
    { "POST", SESSION, ROLE_PUBLIC, API_WRITES | API_NO_TX | API_SECRET_BODY | API_AT_ROOT,
        session_open, 16384 },
    { "GET", SESSION, ROLE_USER, API_READS | API_AT_ROOT, session_get, 0 },
    { "DELETE", SESSION, ROLE_USER, API_WRITES | API_AT_ROOT, session_close, 0 },
    { "POST", LATEST, ROLE_PUBLIC, API_WRITES | API_NO_TX | API_SECRET_BODY | API_AT_ROOT,
        session_open, 16384 },
    { "GET", LATEST, ROLE_USER, API_READS | API_AT_ROOT, session_get, 0 },
    { "DELETE", LATEST, ROLE_USER, API_WRITES | API_AT_ROOT, session_close, 0 },
    { 0 },
};
