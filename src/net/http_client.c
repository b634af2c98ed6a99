/*
 * net/http_client: see the header. The only file that knows libcurl.
 */
#include "net/http_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/err.h"
#include "net/curl_init.h"
#include "net/http.h"

#define CONNECT_TIMEOUT_MS INT64_C(10000)
#define TOTAL_TIMEOUT_MS INT64_C(60000)

struct http_client {
    CURL *curl;
    struct http_client_conf conf; /* strings are copies */
    char *user_agent;
    char *ca_file;
    char *proxy;
    char *unix_socket;
};

/* One call under way: what the callbacks share. */
struct transfer {
    struct http_client *client;
    const struct http_call *call;
    struct http_answer *answer;
    struct err stop; /* why a callback ended it; kind ERR_NONE: none did */
};

void http_answer_done(struct http_answer *answer)
{
    buf_done(&answer->headers);
    buf_done(&answer->body);
}

bool http_answer_field(const struct http_answer *answer, const char *name, struct span *ret)
{
    return http_fields_find(buf_span(&answer->headers), name, ret);
}

bool http_client_new(const struct http_client_conf *conf, struct http_client **ret, struct err *err)
{
    struct http_client *client;
    CURL *curl;

    curl_init_once();
    curl = curl_easy_init();
    if (!curl)
        return fail(err, ERR_INTERNAL, "could not set up the HTTP client");
    client = xcalloc(1, sizeof *client);
    client->curl = curl;
    client->conf = *conf;
    client->user_agent = xstrdup(conf->user_agent ? conf->user_agent : "certdesk");
    client->ca_file = xstrdup(conf->ca_file);
    client->proxy = xstrdup(conf->proxy ? conf->proxy : "");
    client->unix_socket = xstrdup(conf->unix_socket);
    *ret = client;
    return true;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client->user_agent);
    free(client->ca_file);
    free(client->proxy);
    free(client->unix_socket);
    free(client);
}

/* The moment before connect(2): the last chance to say no, about the address that is really used.
 */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfer *transfer = arg;
    const struct http_client_conf *conf = &transfer->client->conf;

    (void)purpose;
    if (conf->approve && !transfer->client->unix_socket) {
        struct err err = { 0 };

        if (!conf->approve(conf->approve_arg, &to->addr, to->addrlen, &err)) {
            transfer->stop = err;
            return CURL_SOCKET_BAD;
        }
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static long status_of(const struct transfer *transfer)
{
    long status = 0;

    curl_easy_getinfo(transfer->client->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/* Connected, and about to ask. */
/* NOLINTNEXTLINE(readability-non-const-parameter): as curl wants it */
static int before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
    struct transfer *transfer = arg;

    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    return transfer->call->about_to(transfer->call->about_to_arg, &transfer->stop)
               ? CURL_PREREQFUNC_OK
               : CURL_PREREQFUNC_ABORT;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    struct span piece = span_of(bytes, size * n);

    if (transfer->call->sink && (transfer->call->sinks_errors || status_of(transfer) < 400)) {
        if (!transfer->call->sink(transfer->call->sink_arg, piece, &transfer->stop))
            return CURL_WRITEFUNC_ERROR;
        return piece.size;
    }
    buf_add_span(&transfer->answer->body, piece);
    if (!buf_check(&transfer->answer->body, "the answer", &transfer->stop))
        return CURL_WRITEFUNC_ERROR;
    return piece.size;
}

static size_t take_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    struct span line = span_of(bytes, size * n);

    /* Each response begins anew: after a 100, or a redirect, only the last counts. */
    if (span_starts_with(line, "HTTP/"))
        buf_clear(&transfer->answer->headers);
    else if (span_find_char(line, ':') != SIZE_MAX)
        buf_add_span(&transfer->answer->headers, line);
    if (!buf_check(&transfer->answer->headers, "the answer's header section", &transfer->stop))
        return 0;
    return line.size;
}

/* A line break in a header of ours would begin another one. */
static bool make_headers(const char *const *headers, struct curl_slist **list, struct err *err)
{
    for (size_t i = 0; headers && headers[i]; i++) {
        struct curl_slist *longer;

        if (strpbrk(headers[i], "\r\n") || !strchr(headers[i], ':'))
            return fail(err, ERR_INVALID, "a header of the request is malformed");
        longer = curl_slist_append(*list, headers[i]);
        ASSERT(longer);
        *list = longer;
    }
    return true;
}

bool http_url_check(const char *url, struct err *err)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *user = NULL, *host = NULL;
    bool is_http, has_user;

    ASSERT(parts);
    if (curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        curl_url_cleanup(parts);
        curl_free(scheme);
        return fail(err, ERR_INVALID, "\"%.200s\" is not a URL", url);
    }
    is_http = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
    has_user = curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK;
    curl_url_cleanup(parts);
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    if (!is_http)
        return fail(err, ERR_INVALID, "\"%.200s\" is neither an http nor an https URL", url);
    if (has_user)
        return fail(err, ERR_INVALID, "a URL must not carry a user name or password");
    return true;
}

static long to_long(int64_t value, int64_t otherwise)
{
    if (value <= 0)
        value = otherwise;
    return value > INT32_MAX ? INT32_MAX : (long)value;
}

static void set_client_options(struct transfer *transfer)
{
    struct http_client *client = transfer->client;
    const struct http_client_conf *conf = &client->conf;
    CURL *curl = client->curl;

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
        to_long(conf->connect_timeout_ms, CONNECT_TIMEOUT_MS));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, to_long(conf->total_timeout_ms, TOTAL_TIMEOUT_MS));
    curl_easy_setopt(curl, CURLOPT_USERAGENT, client->user_agent);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, conf->trusts_anybody ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, conf->trusts_anybody ? 0L : 2L);
    if (client->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(curl, CURLOPT_PROXY, client->proxy); /* "" keeps the environment out */
    if (client->unix_socket)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->unix_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (transfer->call->about_to) {
        curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request);
        curl_easy_setopt(curl, CURLOPT_PREREQDATA, transfer);
    }
}

static void set_call_options(CURL *curl, const struct http_call *call, struct curl_slist *headers)
{
    bool is_get = strcmp(call->method, "GET") == 0;

    curl_easy_setopt(curl, CURLOPT_URL, call->url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (call->has_body) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
            call->body.data ? (const char *)call->body.data : "");
    }
    if (strcmp(call->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (!is_get || call->has_body)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    if (is_get && call->max_redirects > 0) {
        curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)call->max_redirects);
    }
}

/* curl's result in our words. */
static bool explain(const struct transfer *transfer, CURLcode code, const char *details,
    struct err *err)
{
    enum err_kind kind = ERR_UPSTREAM;
    const char *why = curl_easy_strerror(code);

    if (transfer->stop.kind != ERR_NONE) {
        if (err)
            *err = transfer->stop;
        return false;
    }
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        kind = ERR_UNAVAILABLE;
        break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        kind = ERR_INVALID;
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        why = "its certificate is not trusted";
        break;
    default:
        break;
    }
    (void)fail(err, kind, "%s", why);
    return err_detail(err, "curl %d: %s", (int)code, details);
}

/* "https://host:port" of a URL: what a message may show, for paths and queries may hold secrets. */
static char *origin_of(const char *url)
{
    const char *after = strstr(url, "://");
    size_t n = after ? (size_t)(after - url) + 3 : 0;

    return xstrndup(url, n + strcspn(url + n, "/?#"));
}

static bool perform(struct transfer *transfer, struct curl_slist *headers, struct err *err)
{
    CURL *curl = transfer->client->curl;
    char details[CURL_ERROR_SIZE] = "";
    autofree(str) char *origin = NULL;
    long status = 0;
    CURLcode code;

    set_client_options(transfer);
    set_call_options(curl, transfer->call, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, details);
    code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_reset(curl); /* keeps connections, forgets what pointed here */
    transfer->answer->status = (int)status;
    if (code == CURLE_OK)
        return true;
    (void)explain(transfer, code, details, err);
    origin = origin_of(transfer->call->url);
    return err_wrap(err, "could not talk to %s", origin);
}

bool http_client_call(struct http_client *client, const struct http_call *call,
    struct http_answer *answer, struct err *err)
{
    struct transfer transfer = { .client = client, .call = call, .answer = answer };
    struct curl_slist *headers = NULL;
    bool works;

    buf_clear(&answer->headers);
    buf_clear(&answer->body);
    answer->status = 0;
    if (!http_url_check(call->url, err))
        return false;
    works = make_headers(call->headers, &headers, err);
    /* curl would ask for a 100 and wait a second for it. */
    if (works && call->has_body) {
        headers = curl_slist_append(headers, "Expect:");
        ASSERT(headers);
    }
    works = works && perform(&transfer, headers, err);
    curl_slist_free_all(headers);
    return works;
}
