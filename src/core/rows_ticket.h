/*
 * core/rows_ticket: the tracker's rows, and what people were told.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"

struct ticket_row {
    int64_t id;
    char *key; /* "CERT-45" */
    char *type;
    char *status;
    char *summary;
    char *description;
    int64_t certificate_id; /* 0: about none, or it was deleted */
    char *certificate;      /* its name; NULL without one */
    int64_t version_id;
    char *project;
    char *profile;           /* of a request; NULL: none */
    char *domain;            /* of a request; "" without one */
    char *ca_certificate_id; /* C-1042, or its CA's number, of the version; NULL: none yet */
    int64_t expires_at;      /* the version's; 0: none yet */
    int64_t reporter_id;     /* 0: certdesk itself */
    char *reporter;          /* NULL: certdesk itself */
    int64_t assignee_id;
    char *assignee; /* NULL: nobody */
    char *priority;
    char *labels; /* separated by blanks */
    int64_t due_at;
    int64_t snoozed_until;
    int64_t acknowledged_at;
    char *acknowledged_by; /* NULL: nobody */
    int64_t created_at;
    int64_t updated_at;
    int64_t resolved_at; /* 0 while it is open */
    char *resolution;
    int64_t row_version;
};
DECLARE_ROWS(ticket);

struct comment_row {
    int64_t id;
    int64_t ticket_id;
    int64_t author_id;
    char *author; /* NULL: certdesk itself */
    char *body;
    int64_t created_at;
    int64_t updated_at; /* later than created_at once it was edited */
};
DECLARE_ROWS(comment);

struct change_row {
    int64_t id;
    int64_t ticket_id;
    int64_t actor_id;
    char *actor; /* NULL: certdesk itself */
    char *field;
    char *old_value;
    char *new_value;
    int64_t created_at;
};
DECLARE_ROWS(change);

/* A file of a ticket, without its content. */
struct attachment_row {
    int64_t id;
    int64_t ticket_id;
    int64_t author_id;
    char *author; /* NULL: certdesk itself */
    char *name;
    char *media_type;
    int64_t size;
    int64_t created_at;
};
DECLARE_ROWS(attachment);

struct approval_row {
    int64_t account_id;
    char *account;
    bool is_approved;
    char *comment;
    int64_t created_at;
};
DECLARE_ROWS(approval);

struct watcher_row {
    int64_t account_id;
    char *account;
    char *email; /* "": none */
};
DECLARE_ROWS(watcher);

struct project_row {
    char *key;
    char *name;
    int64_t lead_id;
    char *lead; /* NULL: nobody */
    int64_t n_tickets;
    int64_t created_at;
};
DECLARE_ROWS(project);

/* People were told, by `channel`, that the version in the record ends in period_days. */
struct notice_row {
    int64_t id;
    int64_t certificate_id;
    int64_t version_id;
    int64_t period_days; /* before the end; negative after it */
    char *channel;
    int64_t created_at;
};
DECLARE_ROWS(notice);
