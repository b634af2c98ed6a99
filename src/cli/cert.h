/* cli/cert: what the files of "certdesk cert" share. Not for others. */
#pragma once

#include "cli/verbs.h"
#include "codec/json.h"

/* Of list, add and update; NULL where one was not given. */
struct cert_options {
    bool all;
    bool wait;
    const char *status; /* lists are separated by commas */
    const char *search;
    const char *owner;
    const char *assignee;
    const char *tag;
    const char *flag;
    const char *source;
    const char *stage;
    const char *profile;
    const char *business_group;
    const char *resource;
    const char *issuer;
    const char *expires_before;
    const char *expires_after;
    bool unused;
    const char *sort;
    const char *limit;
    const char *name;
    const char *sni;
    const char *protocol;
    const char *tags;
    const char *file; /* of hosts to add; "-": standard input */
};

/* What a new certificate is to be: its name, people and tags, as members of a body. */
void cert_write_fields(struct json_out *out, const struct cert_options *o);

/* "certdesk cert add -f FILE". The status is CLI_FAILED if a line was refused. */
bool cert_add_file(const struct verb_call *call, struct err *err) must_check;

/*
 * POST `body` and wait for the job that this starts; *ret is the job. The status is CLI_FAILED if
 * it failed with any of its items.
 */
bool cert_run_job(const struct verb_call *call, const char *path, const struct buf *body,
    struct json **ret, struct err *err) must_check;

#define CERT_EXPORT_USAGE "certdesk cert export ID… [-o FILE]"

/* "certdesk cert export ID…": `argv[0]` is "cert". Returns the exit status. */
int cert_export_run(int argc, char **argv);

/* "/certificates/17" and what follows: the caller frees *ret. ERR_INVALID: `id` is no id. */
bool cert_path(const char *id, const char *rest, char **ret, struct err *err) must_check;

/* The id of the endpoint that the second word names ("host:port", or an id) of the certificate that
 * the first one names. */
bool cert_find_endpoint(const struct verb_call *call, int64_t *ret, struct err *err) must_check;

#define CERT_EDIT_USAGE                                                                            \
    "certdesk cert edit ID [--name NAME] [--description TEXT] [--business-group NAME|-]\n"         \
    "                          [--tags A,B|-] [--required-names A,B|-] [--field NAME=VALUE]…\n"  \
    "                          [--notification-periods DAYS,…|-]\n"                              \
    "       certdesk cert delete ID…\n"                                                          \
    "       certdesk cert watch ID HOST[:PORT] [--sni NAME] [--protocol PROTO]\n"                  \
    "       certdesk cert unwatch ID HOST:PORT\n"                                                  \
    "       certdesk cert versions|log ID [-o table|json]"

/* "certdesk cert edit", "delete", "watch", "unwatch", "versions" and "log". Returns the exit
 * status. */
int cert_edit_run(int argc, char **argv);

#define CERT_JUDGE_USAGE                                                                           \
    "certdesk cert confirm ID FINGERPRINT\n"                                                       \
    "       certdesk cert dead|alive ID HOST:PORT ADDRESS\n"                                       \
    "       certdesk cert compare ID FINGERPRINT FINGERPRINT [-o table|json]"

/* "certdesk cert confirm", "dead", "alive" and "compare". Returns the exit status. */
int cert_judge_run(int argc, char **argv);
