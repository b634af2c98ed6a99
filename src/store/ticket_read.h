/*
 * store/ticket_read: the columns that make a ticket_row. Not for others than store/.
 */
#pragma once

#include "core/rows_ticket.h"
#include "store/read.h"

/* A query that begins so and goes on with conditions on t. */
#define SELECT_TICKET                                                                              \
    "SELECT t.id, t.project, t.number, t.type, t.status, t.summary, t.description,"                \
    " t.certificate_id, c.name, t.version_id, t.reporter_id, r.name, t.assignee_id, a.name,"       \
    " t.priority, t.labels, t.due_at, t.snoozed_until, t.acknowledged_at, k.name, t.created_at,"   \
    " t.updated_at, t.resolved_at, t.resolution, t.row_version, p.name, q.domain,"                 \
    " CASE WHEN u.id IS NULL THEN NULLIF(q.ca_certificate_id, '')"                                 \
    "  ELSE COALESCE(u.ca_certificate_id, 'C-' || CAST(u.id AS TEXT)) END, v.not_after"            \
    "  FROM ticket t"                                                                              \
    "  LEFT JOIN certificate c ON c.id = t.certificate_id"                                         \
    "  LEFT JOIN certificate_request q ON q.ticket_id = t.id"                                      \
    "  LEFT JOIN profile p ON p.id = q.profile_id"                                                 \
    "  LEFT JOIN version v ON v.id = t.version_id"                                                 \
    "  LEFT JOIN record_version u ON u.certificate_id = t.certificate_id"                          \
    "   AND u.version_id = t.version_id"                                                           \
    "  LEFT JOIN account r ON r.id = t.reporter_id"                                                \
    "  LEFT JOIN account a ON a.id = t.assignee_id"                                                \
    "  LEFT JOIN account k ON k.id = t.acknowledged_by"

/*
 * As VISIBLE() of store/read; reporter and assignee see theirs in any case, and whoever may have to
 * agree to a request sees what is asked.
 */
#define VISIBLE_TICKET(all, account)                                                                     \
    "(" VISIBLE("t.certificate_id", all,                                                                 \
        account) " OR t.reporter_id = " account " OR t.assignee_id = " account                           \
                 " OR EXISTS (SELECT 1 FROM certificate_request y JOIN profile z ON z.id = y.profile_id" \
                 "  JOIN group_member g ON g.group_id = z.approver_group_id AND g.account_id = " account \
                 "  WHERE y.ticket_id = t.id))"

/* What a ticket is searched by. The caller frees. */
char *ticket_words(const char *key, const char *summary, const char *description) must_check;

/* "cert-45" is project CERT, number 45. False for what cannot be a key. */
bool ticket_split_key(const char *key, char project[static 16], int64_t *ret_number);

/* Something about it has changed at `now`. ERR_NOT_FOUND. */
bool ticket_touch(struct tx *tx, int64_t ticket_id, int64_t now, struct err *err) must_check;

void ticket_read(struct stmt *q, struct ticket_row *row);
