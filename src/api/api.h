/*
 * api/api: what a handler is given, and what it gives back.
 *
 * A request takes one road, in api/dispatch: find the route, know the caller, compare roles, open
 * the transaction that the route allows, call the handler, commit, answer, log one line. A handler
 * sees only permitted, well-formed requests: it decodes, asks one service or the store, and
 * encodes. It may be run a second time when the database asks for that, so what it does outside of
 * `tx` must bear it.
 */
#pragma once

#include "auth/permission.h"
#include "base/base.h"
#include "base/buf.h"
#include "codec/json.h"
#include "codec/json_in.h"
#include "net/http.h"
#include "store/viewer.h"

struct api_call;
struct db;
struct deploy_host;
struct err;
struct job_runner;
struct notifier;
struct ocsp_responder;
struct addr_ranges;
struct ca_services;
struct scheduler;
struct workers;
struct probe_client;
struct vault_client;
struct import_client;
struct credentials;

enum api_flags {
    API_READS = 0,            /* a read-only transaction */
    API_WRITES = 1 << 0,      /* a transaction that writes; a session must show its CSRF token */
    API_NO_TX = 1 << 1,       /* the handler opens its own, or needs none */
    API_IDEMPOTENT = 1 << 2,  /* honours Idempotency-Key */
    API_BODY_RAW = 1 << 3,    /* the body is not JSON: api_call.body */
    API_BODY_NONE = 1 << 4,   /* takes no body */
    API_AT_ROOT = 1 << 5,     /* the path is not below /api/v1 */
    API_REPLY_RAW = 1 << 6,   /* the handler writes body_out itself and sets media_type */
    API_SECRET_BODY = 1 << 7, /* keys or passwords: the body stays in locked memory */
    API_AT_ONCE = 1 << 8,     /* a read of a handful of rows by key: see api/at_once */
    API_WATCH = 1 << 9,       /* not to wait behind others (WORK_WATCH) */
};

typedef bool (*api_handler)(struct api_call *call, struct err *err);

/* One row of a route table; a table ends with an empty row. */
struct api_route {
    const char *method;
    const char *path; /* "/certificates/{id}/update": {id} is a number, {key}, {name} text */
    enum role role;   /* the least that is asked for; more is up to the handler */
    unsigned flags;
    api_handler run;
    size_t max_body; /* 0: API_BODY_DEFAULT */

    /*
     * What comes before the transaction, because no transaction may wait for it: checking the body,
     * asking the vault. What it leaves in api_call.prepared is for `run`. NULL: nothing does.
     */
    api_handler prepare;

    /*
     * What comes after the commit, where `run` has asked for it by call->wants_finish: asking a CA.
     * Without a transaction; it writes the whole answer anew. NULL: nothing does. With API_NO_TX
     * and API_IDEMPOTENT: the answer alone, to a repeat of what is done already.
     */
    api_handler finish;
};

#define API_BODY_DEFAULT (1u << 20)
#define API_PAGE_DEFAULT 50
#define API_PAGE_MAX 500
#define API_REPLY_MAX (64u << 20)

/* What handlers may use besides the database; lives as long as the server. */
struct api_services {
    struct probe_client *prober;
    struct vault_client *vault;
    const struct ca_services *cas; /* what certificate authorities are asked with */
    struct notifier *notifier;
    struct import_client *importer;
    struct job_runner *jobs;
    struct scheduler *scheduler;
    struct workers *workers;
    const struct http_server *http;   /* for its figures */
    struct credentials *credentials;  /* passwords that were right a moment ago */
    const struct deploy_host *deploy; /* what resources may touch on this host */
    struct ocsp_responder *ocsp;
    const struct addr_ranges *metrics_allow; /* who may read /metrics without credentials */
    int64_t metrics_cap;                     /* certificates in /metrics */
    const char *tmp_dir;                     /* where files without a name may be made */
    const char *node;
    bool (*open_db)(void *arg, struct db **ret, struct err *err); /* for api/at_once; or NULL */
    void *open_db_arg;
    bool is_https; /* sessions get Secure cookies */
};

/* That credentials were used is to be written down: zeros, or the token and when the session ends.
 */
struct api_touch {
    int64_t token_id;
    int64_t session_until;
};

struct api_call {
    const struct api_route *route;
    const struct api_services *services;
    struct principal who;
    int64_t who_until;        /* when the session or token ends; 0: never */
    uint8_t session_hash[32]; /* of the session that was shown; zeros without one */
    char csrf[64];            /* its CSRF token; "" without one */
    struct api_touch touch;
    char address[64]; /* the caller's */
    int64_t now;
    struct db *db;
    struct tx *tx;      /* NULL with API_NO_TX */
    bool is_at_once;    /* on the loop: nothing may wait */
    bool is_for_worker; /* … so this is to be done again, on a worker */

    int64_t path_id;                    /* {id} */
    char path_text[256];                /* {key} or {name}, decoded */
    char path_other[256];               /* {other}, decoded */
    const char *query;                  /* what follows "?", undecoded; "" without one */
    const struct json *json;            /* the body; NULL where there is none */
    struct span body;                   /* with API_BODY_RAW, as far as it is in memory */
    const struct http_request *request; /* for fields, and for a body that lies in a file */
    const char *content_type;           /* of that; NULL: none was said */
    int64_t if_match;                   /* the row version of If-Match; 0: none given */
    int64_t if_none_match;              /* the ETag of If-None-Match; 0: none given */
    const char *idempotency_key;        /* NULL: none given */
    uint8_t request_hash[32];           /* what is kept beside it (api/idempotency) */
    bool was_done;                      /* by another request with it, whose answer was not kept */
    bool key_is_taken;                  /* another request with it was faster, just now */
    void *prepared;                     /* by the route's prepare(); NULL without one */
    void (*free_prepared)(void *prepared);
    bool wants_finish; /* set by run() */

    /* The answer. */
    int status; /* 200 unless the handler says otherwise */
    struct buf *body_out;
    struct json_out reply;          /* writes into body_out */
    int reply_fd;                   /* with API_REPLY_RAW: the body is this file's … */
    int64_t reply_size;             /* … first bytes; -1: body_out has it */
    struct http_producer producer;  /* … or, with `produce`, what this makes piece by piece */
    const char *media_type;         /* NULL: application/json; lives for ever */
    int64_t etag;                   /* 0: no ETag */
    int64_t retry_after;            /* with 429: in how many seconds; 0: not said */
    int64_t max_age;                /* anybody may keep it for so many seconds; 0: nobody */
    char location[256];             /* "" : no Location */
    char set_cookie[256];           /* "" : no Set-Cookie */
    char filename[128];             /* "" : no Content-Disposition */
    struct json_problems *problems; /* field errors, shown as errors[] beside a failure */
    bool wakes_jobs;                /* kick the job runner after the commit */
};

/* The caller as the store sees them. */
struct store_viewer api_viewer(const struct api_call *call);

/* Read {name} of people from JSON: the id of the account called `name`, or a problem at `field`. */
bool api_find_account(struct api_call *call, const char *field, const char *name, int64_t *ret_id,
    struct err *err) must_check;

/*
 * Everybody in "users" and "groups", at most `max` of each, of the object called `object` in the
 * body, which `in` is at (NULL: the body itself): `found` is called with the id of an account, or
 * with that of a group; the other is 0. A user who is not there is a failure, a group is complained
 * of.
 */
bool api_each_name(struct api_call *call, struct json_in *in, const char *object, size_t max,
    void (*found)(void *arg, int64_t account_id, int64_t group_id), void *arg, struct err *err)
    must_check;

/* For edits: fails with 412 if the store said that the row is stale, else with what it said. */
bool api_stale(struct api_call *call, struct err *err) must_check;

/* The body of a route with API_BODY_RAW, wherever it lies. */
bool api_read_body(const struct api_call *call, struct buf *body, struct err *err) must_check;

/* A decoder over the body, which must be an object. */
void api_body(struct api_call *call, struct json_in *in);

/* Queue a job of that type for the caller, with the body as its payload, and answer with it: what
 * it may touch is decided as it runs. */
bool api_start_job(struct api_call *call, const char *type, struct err *err) must_check;

/*
 * Write the audit entry of what the handler has just changed. `action` is "object.verb": what
 * stands before the dot is the object's type. `before` and `after` are JSON or NULL.
 */
bool api_audit(struct api_call *call, const char *action, int64_t object_id,
    const char *object_name, const char *before, const char *after, struct err *err) must_check;
