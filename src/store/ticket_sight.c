/* store/ticket_sight: see the header. */
#include "store/ticket_sight.h"

#include "base/err.h"
#include "store/read.h"

/* Who sees up to so many records has their tickets looked up. */
#define FEW_RECORDS 2000

bool ticket_sight_plan(struct tx *tx, const struct store_viewer *viewer, struct ticket_sight *ret,
    struct err *err)
{
    int64_t n = 0;
    autofree(stmt) struct stmt *q = NULL;

    *ret = (struct ticket_sight){ .viewer = viewer };
    if (viewer->sees_all)
        return true;
    q = tx_prepare(tx,
        "SELECT count(*) FROM (SELECT 1 AS one FROM"
        " (SELECT x.certificate_id FROM certificate_access x WHERE x.account_id = $1"
        "  UNION ALL SELECT y.certificate_id FROM certificate_access y WHERE y.group_id IN"
        "   (SELECT m.group_id FROM group_member m WHERE m.account_id = $1)) AS mine"
        " LIMIT $2) AS counted");
    stmt_bind_i64(q, 1, viewer->account_id);
    stmt_bind_i64(q, 2, FEW_RECORDS + 1);
    if (!read_number(q, &n, err))
        return false;
    ret->sees_few = n <= FEW_RECORDS;
    return true;
}

/* The tickets themselves, all of them. */
static void add_few(struct select *select, const struct store_viewer *viewer)
{
    select_add(select, " AND t.id IN (SELECT k.id FROM ticket k WHERE k.assignee_id = ");
    select_i64(select, viewer->account_id);
    select_add(select, " UNION SELECT k.id FROM ticket k WHERE k.reporter_id = ");
    select_i64(select, viewer->account_id);
    select_add(select,
        " UNION SELECT k.id FROM certificate_access x"
        " CROSS JOIN ticket k WHERE k.certificate_id = x.certificate_id AND x.account_id = ");
    select_i64(select, viewer->account_id);
    select_add(select,
        " UNION SELECT k.id FROM group_member m CROSS JOIN certificate_access x CROSS JOIN ticket k"
        " WHERE x.group_id = m.group_id AND k.certificate_id = x.certificate_id"
        "   AND m.account_id = ");
    select_i64(select, viewer->account_id);
    select_add(select, " UNION SELECT y.ticket_id FROM group_member m CROSS JOIN profile z"
                       " CROSS JOIN certificate_request y WHERE z.approver_group_id = m.group_id"
                       " AND y.profile_id = z.id AND m.account_id = ");
    select_i64(select, viewer->account_id);
    select_add(select, ")");
}

void ticket_sight_add(struct select *select, const struct ticket_sight *sight)
{
    const struct store_viewer *viewer = sight->viewer;

    if (viewer->sees_all)
        return;
    if (sight->sees_few) {
        add_few(select, viewer);
        return;
    }
    select_add(select,
        " AND (EXISTS (SELECT 1 FROM certificate_access x WHERE x.certificate_id = t.certificate_id"
        " AND (+x.account_id = ");
    select_i64(select, viewer->account_id);
    select_add(select, " OR +x.group_id IN (SELECT m.group_id FROM group_member m"
                       " WHERE m.account_id = ");
    select_i64(select, viewer->account_id);
    select_add(select, "))) OR +t.reporter_id = ");
    select_i64(select, viewer->account_id);
    select_add(select, " OR +t.assignee_id = ");
    select_i64(select, viewer->account_id);
    select_add(select,
        " OR EXISTS (SELECT 1 FROM certificate_request y JOIN profile z ON z.id = y.profile_id"
        " JOIN group_member g ON g.group_id = z.approver_group_id WHERE y.ticket_id = t.id"
        " AND g.account_id = ");
    select_i64(select, viewer->account_id);
    select_add(select, "))");
}
