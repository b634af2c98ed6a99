/*
 * job/types/deploy_tell: what people read of a deployment: the audit log, and its ticket.
 */
#pragma once

#include "base/base.h"
#include "core/rows_resource.h"

struct err;
struct tx;

/* "deployment.begin", "deployment.seen", "deployment.put_back", "deployment.fail". */
bool deploy_audit(struct tx *tx, const struct deployment_row *row, const char *action, int64_t now,
    struct err *err) must_check;

/* It ended in the state that the row says: a comment in its ticket, or else, where it is not
 * served, in the open expiry tickets of its record. Not said twice. */
bool deploy_tell(struct tx *tx, const struct deployment_row *row, size_t n_addresses, int64_t now,
    struct err *err) must_check;
