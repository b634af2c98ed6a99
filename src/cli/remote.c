/* cli/remote: see the header. */
#include "cli/remote.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"
#include "base/secret.h"
#include "cli/output.h"
#include "codec/hex.h"
#include "net/http_client.h"

#define ANSWER_MAX (64u << 20)
#define LOGIN_MAX 4096
#define DOWNLOAD_TIMEOUT_MS (6 * 3600 * INT64_C(1000))
#define POLL_NS 100000000L
#define MAX_TRIES 3
#define N_HEADERS 6 /* with the NULL at the end */

struct remote {
    struct http_client *client;
    char *url;
    char *credential; /* a whole header, or NULL */
    char *csrf;       /* likewise */
    char *match;      /* likewise, for the next call */
    char *once;       /* likewise */
    char *cookie;
};

/* $XDG_CONFIG_HOME/certdesk, else ~/.config/certdesk; the caller frees. */
static bool login_dir(char **ret, struct err *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"); /* NOLINT(concurrency-mt-unsafe): one thread */
    const char *home = getenv("HOME");              /* NOLINT(concurrency-mt-unsafe) */

    if (config && config[0] == '/')
        *ret = xasprintf("%s/certdesk", config);
    else if (home && home[0] == '/')
        *ret = xasprintf("%s/.config/certdesk", home);
    else
        return fail(err, ERR_INVALID,
            "neither XDG_CONFIG_HOME nor HOME says where to keep the login");
    return true;
}

bool remote_keep(const char *url, const char *token, struct err *err)
{
    autofree(str) char *dir = NULL;
    autodone(buf) struct buf text = BUF_INIT_SECRET(LOGIN_MAX);

    if (!login_dir(&dir, err) || !fs_make_dirs(dir, 0700, err))
        return false;
    autofree(str) char *path = xasprintf("%s/login", dir);

    buf_addf(&text, "%s\n%s\n", url, token);
    return fs_write_atomic(path, buf_span(&text), 0600, err);
}

bool remote_open_at(const char *url, const char *token, struct remote **ret, struct err *err)
{
    struct http_client_conf conf = { 0 };
    autofree(remote) struct remote *remote = xcalloc(1, sizeof *remote);
    size_t n = strlen(url);

    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return fail(err, ERR_INVALID, "\"%s\" is no address as in https://certdesk.example.org",
            url);
    while (n > 0 && url[n - 1] == '/')
        n--;
    remote->url = xstrndup(url, n);
    if (!http_client_new(&conf, &remote->client, err))
        return false;
    if (token)
        remote_set_token(remote, token);
    *ret = take(&remote);
    return true;
}

static bool read_first_line(const char *path, struct buf *text, struct err *err)
{
    if (!fs_read(path, text, err))
        return false;
    while (text->size && strchr("\r\n ", text->data[text->size - 1]))
        text->data[--text->size] = '\0';
    return true;
}

static bool open_kept(const char *token, struct remote **ret, struct err *err)
{
    autofree(str) char *dir = NULL;
    autodone(buf) struct buf text = BUF_INIT_SECRET(LOGIN_MAX);

    if (!login_dir(&dir, err))
        return false;
    autofree(str) char *path = xasprintf("%s/login", dir);

    if (!read_first_line(path, &text, err))
        return fail(err, ERR_NOT_FOUND,
            "not signed in: run \"certdesk login URL\", or set CERTDESK_URL and CERTDESK_TOKEN");
    char *line_end = strchr((char *)text.data, '\n');

    if (!line_end)
        return fail(err, ERR_INVALID, "\"%s\" is damaged: run \"certdesk login URL\" again", path);
    *line_end = '\0';
    return remote_open_at((char *)text.data, token ? token : line_end + 1, ret, err);
}

bool remote_open(struct remote **ret, struct err *err)
{
    const char *url = getenv("CERTDESK_URL");     /* NOLINT(concurrency-mt-unsafe): one thread */
    const char *token = getenv("CERTDESK_TOKEN"); /* NOLINT(concurrency-mt-unsafe) */
    const char *file = getenv("CERTDESK_TOKEN_FILE"); /* NOLINT(concurrency-mt-unsafe) */
    autodone(buf) struct buf text = BUF_INIT_SECRET(LOGIN_MAX);

    if (!token && file) {
        if (!read_first_line(file, &text, err))
            return err_wrap(err, "could not read the token");
        token = buf_text(&text);
    }
    if (url && token)
        return remote_open_at(url, token, ret, err);
    return open_kept(token, ret, err);
}

void remote_free(struct remote *remote)
{
    if (!remote)
        return;
    http_client_free(remote->client);
    free(remote->url);
    free(remote->credential);
    free(remote->match);
    free(remote->once);
    free(remote->csrf);
    free(remote->cookie);
    free(remote);
}

void remote_set_token(struct remote *remote, const char *token)
{
    free(remote->credential);
    remote->credential = xasprintf("Authorization: Bearer %s", token);
    str_set(&remote->csrf, NULL);
}

void remote_set_session(struct remote *remote, const char *cookie, const char *csrf)
{
    free(remote->credential);
    free(remote->csrf);
    remote->credential = xasprintf("Cookie: %s", cookie);
    remote->csrf = xasprintf("X-CSRF-Token: %s", csrf);
}

const char *remote_cookie(const struct remote *remote)
{
    return remote->cookie ? remote->cookie : "";
}

/* "detail (field: message; field: message)" */
static bool fail_problem(const struct json *problem, int status, struct err *err)
{
    const char *detail = json_as_text(json_member(problem, "detail"));
    const struct json *fields = json_member(problem, "errors");
    enum err_kind kind = status == 404                    ? ERR_NOT_FOUND
                         : status == 401 || status == 403 ? ERR_DENIED
                                                          : ERR_UPSTREAM;
    autodone(buf) struct buf text = BUF_INIT(4096);

    if (detail)
        buf_add_text(&text, detail);
    else
        buf_addf(&text, "the server answered %d", status);
    for (size_t i = 0; i < json_list_size(fields); i++) {
        const struct json *field = json_list_item(fields, i);
        const char *name = json_as_text(json_member(field, "field"));
        const char *message = json_as_text(json_member(field, "message"));

        autofree(str) char *line = xasprintf("%s: %s", name ? name : "?", message ? message : "?");

        if (!detail || strcmp(line, detail) != 0)
            buf_addf(&text, "\n  %s", line);
    }
    return fail(err, kind, "%s", buf_text(&text));
}

/* What goes with every request; the strings are the remote's. */
static void write_headers(const struct remote *remote, const char *type,
    const char *headers[N_HEADERS])
{
    size_t n = 0;

    if (remote->credential)
        headers[n++] = remote->credential;
    if (remote->csrf)
        headers[n++] = remote->csrf;
    if (type)
        headers[n++] = type;
    if (remote->match)
        headers[n++] = remote->match;
    if (remote->once)
        headers[n++] = remote->once;
    headers[n] = NULL;
}

void remote_set_match(struct remote *remote, const char *etag)
{
    free(remote->match);
    remote->match = etag ? xasprintf("If-Match: %s", etag) : NULL;
}

void remote_set_once(struct remote *remote)
{
    uint8_t random[16];
    char key[2 * sizeof random + 1];

    rand_bytes(random, sizeof random);
    (void)hex_encode(span_of(random, sizeof random), key, sizeof key);
    free(remote->once);
    remote->once = xasprintf("Idempotency-Key: %s", key);
}

/* What has no answer is sent again where that does no harm. */
static bool call_surely(struct remote *remote, const struct http_call *call,
    struct http_answer *answer, struct err *err)
{
    const struct timespec pause = { .tv_nsec = POLL_NS };

    for (int i = 1; !http_client_call(remote->client, call, answer, err); i++) {
        if (!remote->once || i == MAX_TRIES)
            return false;
        http_answer_done(answer);
        *answer = (struct http_answer)HTTP_ANSWER_INIT(ANSWER_MAX);
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

static bool read_json(const struct http_answer *answer, const char *url, struct json **ret,
    struct err *err)
{
    if (answer->body.size > 0 &&
        !json_parse_within(buf_span(&answer->body), ANSWER_MAX, JSON_MAX_DEPTH, ret, err))
        return fail(err, ERR_UPSTREAM, "%s does not answer like certdesk (status %d)", url,
            answer->status);
    return true;
}

static bool call_with(struct remote *remote, const char *method, const char *path, const char *type,
    const struct span *body, struct json **ret, struct err *err)
{
    autofree(str) char *url = xasprintf("%s/api/v1%s", remote->url, path);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(ANSWER_MAX);
    autofree(json) struct json *json = NULL;
    const char *headers[N_HEADERS];
    struct span cookie;

    write_headers(remote, type, headers);
    struct http_call call = { .method = method,
        .url = url,
        .headers = headers,
        .body = body ? *body : SPAN_EMPTY,
        .has_body = body != NULL };

    const bool is_answered = call_surely(remote, &call, &answer, err);

    str_set(&remote->match, NULL);
    str_set(&remote->once, NULL);
    if (!is_answered)
        return err_wrap(err, "could not talk to %s", remote->url);
    if (http_answer_field(&answer, "set-cookie", &cookie)) {
        free(remote->cookie);
        remote->cookie = span_dup(span_slice(cookie, 0, span_find_char(cookie, ';')));
    }
    if (!read_json(&answer, url, &json, err))
        return false;
    if (answer.status >= 400)
        return fail_problem(json, answer.status, err);
    *ret = take(&json);
    return true;
}

bool remote_call(struct remote *remote, const char *method, const char *path, const char *body,
    struct json **ret, struct err *err)
{
    struct span bytes = span_text(body);

    return body
               ? call_with(remote, method, path, "Content-Type: application/json", &bytes, ret, err)
               : call_with(remote, method, path, NULL, NULL, ret, err);
}

bool remote_do(struct remote *remote, const char *method, const char *path, const char *body,
    struct err *err)
{
    autofree(json) struct json *answer = NULL;

    return remote_call(remote, method, path, body, &answer, err);
}

bool remote_send(struct remote *remote, const char *method, const char *path,
    const char *content_type, struct span body, struct json **ret, struct err *err)
{
    autofree(str) char *type = xasprintf("Content-Type: %s", content_type);

    return call_with(remote, method, path, type, &body, ret, err);
}

static bool write_to_file(void *arg, struct span bytes, struct err *err)
{
    const int *fd = arg;

    return fs_write_all(*fd, bytes, err);
}

bool remote_download(struct remote *remote, const char *method, const char *path, int fd,
    struct err *err)
{
    const struct http_client_conf patient = { .total_timeout_ms = DOWNLOAD_TIMEOUT_MS };
    autofree(str) char *url = xasprintf("%s/api/v1%s", remote->url, path);
    autodone(http_answer) struct http_answer answer = HTTP_ANSWER_INIT(ANSWER_MAX);
    autofree(http_client) struct http_client *client = NULL;
    autofree(json) struct json *json = NULL;
    const char *headers[N_HEADERS];

    write_headers(remote, NULL, headers);
    struct http_call call = { .method = method,
        .url = url,
        .headers = headers,
        .sink = write_to_file,
        .sink_arg = &fd };

    if (!http_client_new(&patient, &client, err) || !http_client_call(client, &call, &answer, err))
        return err_wrap(err, "could not talk to %s", remote->url);
    if (answer.status < 400)
        return true;
    if (!read_json(&answer, url, &json, err))
        return false;
    return fail_problem(json, answer.status, err);
}

bool remote_save(struct remote *remote, const char *path, const char *file, struct err *err)
{
    autoclose int fd = -1;

    if (!output_open(file, &fd, err))
        return false;
    if (remote_download(remote, "GET", path, fd, err))
        return true;
    return file ? err_wrap(err, "\"%s\" is not whole", file) : false;
}

static void show_progress(const struct json *job)
{
    const struct json *progress = json_member(job, "progress");
    int64_t total = json_as_i64(json_member(progress, "total"), 0);

    if (isatty(STDERR_FILENO) && total > 0)
        fprintf(stderr, "\r%" PRId64 " of %" PRId64 " ",
            json_as_i64(json_member(progress, "done"), 0), total);
}

bool remote_wait(struct remote *remote, int64_t job, struct json **ret, struct err *err)
{
    autofree(str) char *path = xasprintf("/jobs/%" PRId64, job);
    const struct timespec pause = { .tv_nsec = POLL_NS };

    for (;;) {
        autofree(json) struct json *json = NULL;

        if (!remote_call(remote, "GET", path, NULL, &json, err))
            return false;
        const char *state = json_as_text(json_member(json, "state"));

        if (state && (strcmp(state, "done") == 0 || strcmp(state, "failed") == 0)) {
            if (isatty(STDERR_FILENO))
                fputs("\r\033[K", stderr);
            *ret = take(&json);
            return true;
        }
        show_progress(json);
        (void)nanosleep(&pause, NULL);
    }
}
