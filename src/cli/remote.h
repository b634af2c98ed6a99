/*
 * cli/remote: the server that the words talk to, and what it said.
 *
 * Where it is and what to show it comes from CERTDESK_URL and CERTDESK_TOKEN (or
 * CERTDESK_TOKEN_FILE), else from what "certdesk login" has kept: ~/.config/certdesk/login,
 * readable by its owner alone.
 */
#pragma once

#include "base/base.h"
#include "codec/json_in.h"

struct err;
struct remote;

/* ERR_NOT_FOUND says how to sign in. */
bool remote_open(struct remote **ret, struct err *err) must_check;

/* A server that was named, and nothing shown to it; token NULL. */
bool remote_open_at(const char *url, const char *token, struct remote **ret, struct err *err)
    must_check;
void remote_free(struct remote *remote);

/* Another thing to show: a token, or the cookie and CSRF token of a session. */
void remote_set_token(struct remote *remote, const char *token);
void remote_set_session(struct remote *remote, const char *cookie, const char *csrf);

/* The next call changes only what still has this ETag: the "etag" of what was read. */
void remote_set_match(struct remote *remote, const char *etag);

/*
 * The next call is done once, however often it is sent: it has an Idempotency-Key of its own, and
 * is sent again, a few times, when the connection breaks before its answer is there. Only for
 * routes that honour the key.
 */
void remote_set_once(struct remote *remote);

/* Of the last answer's Set-Cookie field, up to the first ";"; "" without one. */
const char *remote_cookie(const struct remote *remote);

/*
 * One call below /api/v1. `body` is JSON or NULL. *ret is the answer's JSON, NULL where it had
 * none. A problem is an error whose message has the detail, and what is wrong with each field.
 */
bool remote_call(struct remote *remote, const char *method, const char *path, const char *body,
    struct json **ret, struct err *err) must_check;

/* The same, where the answer says nothing more than that it was done. */
bool remote_do(struct remote *remote, const char *method, const char *path, const char *body,
    struct err *err) must_check;

/* The same with a body of another type: `content_type` is the field's value. */
bool remote_send(struct remote *remote, const char *method, const char *path,
    const char *content_type, struct span body, struct json **ret, struct err *err) must_check;

/* One call whose answer is a file: its bytes go to `fd`, as they come. However long it takes. */
bool remote_download(struct remote *remote, const char *method, const char *path, int fd,
    struct err *err) must_check;

/* The same of a GET, into a file by that name, or to standard output (NULL). */
bool remote_save(struct remote *remote, const char *path, const char *file, struct err *err)
    must_check;

/* Wait for a job to end; *ret is the job. Says on standard error how far it is, on a terminal. */
bool remote_wait(struct remote *remote, int64_t job, struct json **ret, struct err *err) must_check;

/* Keep URL and token for the words to come. */
bool remote_keep(const char *url, const char *token, struct err *err) must_check;

DEFINE_AUTOFREE(remote);
