/* cli/ticket: what the words of "certdesk ticket" share. Not for others, but for ticket_record. */
#pragma once

#include "cli/remote.h"

#define TICKET_ATTRIBUTES_MAX 8

struct ticket_options {
    struct buf query; /* of list */
    bool json;
    bool is_forced;
    const char *profile;
    const char *csr; /* a file, "-": standard input */
    const char *summary;
    const char *project;
    const char *certificate; /* id of a record */
    const char *key;         /* "rsa:3072" */
    const char *subject[TICKET_ATTRIBUTES_MAX];
    size_t n_subject;
    const char *comment;
    const char *reason;
    const char *revoke; /* a certificate ID: the ticket is one of type Revoke Certificate */
    const char *domain;
    const char *user;
    /* of edit; "-" takes away what need not be there. NULL: as it is */
    const char *description;
    const char *assignee;
    const char *priority;
    const char *labels; /* separated by commas */
    const char *due;
};

/* The words that change something. `verb` is one of the table's; `words` follow it. */
bool ticket_create(struct remote *remote, const struct ticket_options *o, char **words, size_t n,
    struct err *err) must_check;
bool ticket_edit(struct remote *remote, const struct ticket_options *o, const char *key,
    struct err *err) must_check;
bool ticket_move(struct remote *remote, const struct ticket_options *o, const char *verb,
    const char *key, struct err *err) must_check;
bool ticket_approve(struct remote *remote, const struct ticket_options *o, bool is_approved,
    const char *key, struct err *err) must_check;
bool ticket_csr(struct remote *remote, const char *key, const char *file, struct err *err)
    must_check;
bool ticket_files(struct remote *remote, const struct ticket_options *o, const char *key,
    const char *id, struct err *err) must_check;
bool ticket_attach(struct remote *remote, const char *key, const char *file, struct err *err)
    must_check;
bool ticket_watch(struct remote *remote, const struct ticket_options *o, bool watches,
    const char *key, struct err *err) must_check;

bool ticket_record(struct remote *remote, const struct ticket_options *o, const char *verb,
    char **words, size_t n, struct err *err) must_check;

/* certdesk cert enroll, renew, revoke ID: the exit status. */
int ticket_record_run(int argc, char **argv);

#define TICKET_RECORD_USAGE                                                                             \
    "certdesk cert enroll ID --profile NAME [--csr FILE | NAME…] [--subject O=TEXT]… [--key KEY]\n" \
    "       certdesk cert renew ID [--csr FILE] [--force] [--comment TEXT]\n"                           \
    "       certdesk cert revoke ID [--reason REASON] [--comment TEXT]"
