/* cli/ticket: what the words of "certdesk ticket" share. Not for others, but for ticket_record. */
#pragma once

#include "cli/verbs.h"

struct ticket_options {
    const char *status; /* of list; as is search */
    const char *search;
    bool is_forced;
    const char *profile;
    const char *csr; /* a file, "-": standard input */
    const char *summary;
    const char *project;
    const char *certificate;  /* id of a record */
    const char *key;          /* "rsa:3072" */
    struct verb_list subject; /* "O=Example" */
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
    const char *etag; /* of approve and refuse: what was looked at */
};

/* The verbs that change something; call->asked is a struct ticket_options. */
bool ticket_create(const struct verb_call *call, struct err *err) must_check;
bool ticket_edit(const struct verb_call *call, struct err *err) must_check;
bool ticket_acknowledge(const struct verb_call *call, struct err *err) must_check;
bool ticket_snooze(const struct verb_call *call, struct err *err) must_check;
bool ticket_move(const struct verb_call *call, struct err *err) must_check;
bool ticket_approve(const struct verb_call *call, struct err *err) must_check;
bool ticket_csr(const struct verb_call *call, struct err *err) must_check;
bool ticket_files(const struct verb_call *call, struct err *err) must_check;
bool ticket_attach(const struct verb_call *call, struct err *err) must_check;
bool ticket_detach(const struct verb_call *call, struct err *err) must_check;
bool ticket_uncomment(const struct verb_call *call, struct err *err) must_check;
bool ticket_watch(const struct verb_call *call, struct err *err) must_check;
bool ticket_record(const struct verb_call *call, struct err *err) must_check;

/* certdesk cert enroll, renew, revoke ID: `argv[0]` is "cert". Returns the exit status. */
int ticket_record_run(int argc, char **argv);

#define TICKET_RECORD_USAGE                                                                             \
    "certdesk cert enroll ID --profile NAME [--csr FILE | NAME…] [--subject O=TEXT]… [--key KEY]\n" \
    "       certdesk cert renew ID [--csr FILE] [--force] [--comment TEXT]\n"                           \
    "       certdesk cert revoke ID [--reason REASON] [--comment TEXT]"
