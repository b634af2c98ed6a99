/* net/smtp_client: see the header. Beside net/http_client the only file that knows libcurl. */
#include "net/smtp_client.h"

#include <string.h>

#include <curl/curl.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "codec/hostport.h"
#include "net/curl_init.h"

#define CONNECT_TIMEOUT_MS 10000L

struct smtp_client {
    CURL *curl;
    char *url;
    char *user;
    char *ca_file;
    const struct secret *password;
    enum smtp_tls tls;
    long timeout_ms;
};

struct transfer {
    const struct smtp_message *message;
    struct smtp_answer *answer;
    size_t at;
    bool is_at_end;
    struct err stop; /* why about_to said no; kind ERR_NONE: it did not */
};

static char *make_url(const struct smtp_conf *conf)
{
    static const int ports[] = { [SMTP_STARTTLS] = 587, [SMTP_TLS] = 465, [SMTP_PLAIN] = 25 };

    return xasprintf("%s://%s/%s", conf->tls == SMTP_TLS ? "smtps" : "smtp",
        hostport_text(conf->host, conf->port ? conf->port : ports[conf->tls]).text,
        conf->helo ? conf->helo : "");
}

bool smtp_client_new(const struct smtp_conf *conf, struct smtp_client **ret, struct err *err)
{
    bool has_user = conf->user && conf->user[0];
    struct smtp_client *client;
    CURL *curl;

    if (has_user && conf->tls == SMTP_PLAIN)
        return fail(err, ERR_INVALID, "a password is not sent to a mail server without TLS");
    curl_init_once();
    curl = curl_easy_init();
    if (!curl)
        return fail(err, ERR_INTERNAL, "could not set up the mail client");
    client = xcalloc(1, sizeof *client);
    client->curl = curl;
    client->url = make_url(conf);
    client->user = has_user ? xstrdup(conf->user) : NULL;
    client->ca_file = conf->ca_file && conf->ca_file[0] ? xstrdup(conf->ca_file) : NULL;
    client->password = conf->password;
    client->tls = conf->tls;
    client->timeout_ms = conf->timeout_ms > 0 ? (long)conf->timeout_ms : 30000L;
    *ret = client;
    return true;
}

void smtp_client_free(struct smtp_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client->url);
    free(client->user);
    free(client->ca_file);
    free(client);
}

static size_t give_text(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    struct span piece = span_slice(transfer->message->text, transfer->at, size * n);

    if (piece.size > 0) {
        memcpy(bytes, piece.data, piece.size);
        transfer->at += piece.size;
        return piece.size;
    }
    if (!transfer->is_at_end && transfer->message->about_to &&
        !transfer->message->about_to(transfer->message->about_to_arg, &transfer->stop))
        return CURL_READFUNC_ABORT;
    transfer->is_at_end = true;
    return 0;
}

/* Every line of the server's passes here; the last one tells why. */
static size_t take_reply(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    struct span line = span_trim(span_of(bytes, size * n));
    autodone(buf) struct buf clean = BUF_INIT(4096);

    if (span_starts_with(line, "221")) /* to the QUIT that ends what has failed before */
        return size * n;
    buf_add_clean(&clean, span_slice(line, 0, 1000));
    span_copy_text(buf_span(&clean), transfer->answer->said, sizeof transfer->answer->said);
    return size * n;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): as curl wants it */
static size_t take_nothing(char *bytes, size_t size, size_t n, void *arg)
{
    (void)bytes;
    (void)arg;
    return size * n;
}

static void set_options(struct smtp_client *client, struct transfer *transfer)
{
    CURL *curl = client->curl;

    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_URL, client->url);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, client->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
        client->tls == SMTP_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    if (client->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* keeps the environment out */
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_text);
    curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_reply);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_nothing);
}

static void set_password(const struct smtp_client *client)
{
    if (!client->user)
        return;
    autofree(str) char *password =
        client->password ? span_dup(secret_span(client->password)) : xstrdup("");

    curl_easy_setopt(client->curl, CURLOPT_USERNAME, client->user);
    curl_easy_setopt(client->curl, CURLOPT_PASSWORD, password);
    secret_wipe(password, strlen(password));
}

/*
 * curl's result in our words. It says CURLE_SEND_ERROR where MAIL, RCPT or DATA were refused, and
 * CURLE_WEIRD_SERVER_REPLY where the greeting was, or the message as a whole. 421 is "I am going
 * down", whatever it answers.
 */
static bool explain(const struct transfer *transfer, CURLcode code, const char *details,
    struct err *err)
{
    struct smtp_answer *answer = transfer->answer;
    bool is_refusal =
        answer->code >= 400 && answer->code != 421 &&
        (code == CURLE_SEND_ERROR || (code == CURLE_WEIRD_SERVER_REPLY && transfer->is_at_end));

    if (transfer->stop.kind != ERR_NONE) {
        *err = transfer->stop;
        return false;
    }
    if (is_refusal) {
        answer->is_about_message = true;
        return fail(err, answer->code >= 500 ? ERR_UPSTREAM : ERR_UNAVAILABLE,
            "the mail server said \"%s\"", answer->said);
    }
    if (code == CURLE_LOGIN_DENIED)
        (void)fail(err, ERR_UNAVAILABLE, "the mail server refused user or password: \"%s\"",
            answer->said);
    else if (code == CURLE_USE_SSL_FAILED)
        (void)fail(err, ERR_UNAVAILABLE, "the mail server offers no TLS");
    else if (code == CURLE_PEER_FAILED_VERIFICATION)
        (void)fail(err, ERR_UNAVAILABLE, "the mail server's certificate is not trusted");
    else if (answer->code >= 400)
        (void)fail(err, ERR_UNAVAILABLE, "the mail server said \"%s\"", answer->said);
    else
        (void)fail(err, ERR_UNAVAILABLE, "could not talk to the mail server: %s",
            curl_easy_strerror(code));
    return err_detail(err, "curl %d: %s", (int)code, details);
}

bool smtp_client_send(struct smtp_client *client, const struct smtp_message *message,
    struct smtp_answer *answer, struct err *err)
{
    struct transfer transfer = { .message = message, .answer = answer };
    autofree(str) char *from = xasprintf("<%s>", message->from);
    autofree(str) char *to = xasprintf("<%s>", message->to);
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    char details[CURL_ERROR_SIZE] = "";
    long last = 0;
    CURLcode code;

    ASSERT(recipients);
    *answer = (struct smtp_answer){ 0 };
    set_options(client, &transfer);
    set_password(client);
    curl_easy_setopt(client->curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(client->curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, details);
    code = curl_easy_perform(client->curl);
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &last);
    answer->code = (int)last;
    curl_easy_reset(client->curl); /* keeps the connection, forgets what pointed here */
    curl_slist_free_all(recipients);
    return code == CURLE_OK || explain(&transfer, code, details, err);
}
