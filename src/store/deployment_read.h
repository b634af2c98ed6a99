/*
 * store/deployment_read: how a row of deployment is read. Not for others than store/.
 */
#pragma once

#include "core/rows_resource.h"
#include "db/db.h"

/* The columns, from DEPLOYMENT_FROM, with an own condition behind them. */
#define DEPLOYMENT_COLUMNS                                                                          \
    "SELECT d.id, d.resource_id, r.name, d.slot, d.certificate_id, c.name, d.version_id, v.sha256," \
    " d.previous_version_id, p.sha256, d.previous_name, d.ticket_id, t.project, t.number,"          \
    " d.account_id, a.name, d.state, d.is_putting_back, d.attempts, d.n_tries, d.error,"            \
    " d.addresses, d.prove_until, d.retry_at, d.created_at, d.started_at, d.updated_at,"            \
    " d.finished_at"
#define DEPLOYMENT_FROM                                                                            \
    " FROM deployment d JOIN resource r ON r.id = d.resource_id"                                   \
    " JOIN certificate c ON c.id = d.certificate_id JOIN version v ON v.id = d.version_id"         \
    " LEFT JOIN version p ON p.id = d.previous_version_id"                                         \
    " LEFT JOIN ticket t ON t.id = d.ticket_id LEFT JOIN account a ON a.id = d.account_id"

void deployment_read(struct stmt *q, struct deployment_row *row);
