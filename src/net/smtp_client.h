/*
 * net/smtp_client: hand messages to a mail server (RFC 5321). On libcurl.
 *
 * Blocks: for workers, never for the loop. The server's certificate is verified. A client keeps its
 * connection between messages and belongs to one thread at a time.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct err;
struct secret;
struct smtp_client;

enum smtp_tls {
    SMTP_STARTTLS, /* demanded: without it nothing is said */
    SMTP_TLS,      /* from the first byte (RFC 8314, 3) */
    SMTP_PLAIN,    /* never; then no password is sent, either */
};

struct smtp_conf {
    const char *host;
    int port; /* 0: 587, 465 or 25, as `tls` says */
    enum smtp_tls tls;
    const char *user;              /* NULL or "": do not sign in */
    const struct secret *password; /* with a user */
    const char *ca_file; /* PEM of the roots to believe instead of the system's; or NULL */
    const char *helo;    /* what we say we are; NULL: the host's name */
    int64_t timeout_ms;  /* for one message, all in all */
};

struct smtp_message {
    const char *from; /* addresses that mime_address_check() accepts */
    const char *to;
    struct span text; /* header and body, with CRLF; dots are stuffed here */

    /*
     * Asked when everything is said but the final dot: from here on the server may have the
     * message. False, with `err` filled in, closes the connection instead, and it has not.
     */
    bool (*about_to)(void *arg, struct err *err);
    void *about_to_arg;
};

/* How it went, in the server's terms; also after a failure. */
struct smtp_answer {
    int code;              /* its last reply; 0: there was none */
    char said[256];        /* the text of it */
    bool is_about_message; /* it refused this message; else the server as a whole does not work */
};

/* `conf` and what it points to are copied, but for the password, which is borrowed. ERR_INVALID: a
 * password cannot be sent without TLS. */
bool smtp_client_new(const struct smtp_conf *conf, struct smtp_client **ret, struct err *err)
    must_check;
void smtp_client_free(struct smtp_client *client);

/*
 * True when the server has taken the message. ERR_UPSTREAM: it refused for good (5xx);
 * ERR_UNAVAILABLE: try again later (4xx, no connection, TLS, time-out, sign-in); what about_to
 * failed with.
 */
bool smtp_client_send(struct smtp_client *client, const struct smtp_message *message,
    struct smtp_answer *answer, struct err *err) must_check;

DEFINE_AUTOFREE(smtp_client);
