/* life/case: a ticket with what its transitions look at, and the small steps that all of them take.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "life/work.h"
#include "store/account.h"
#include "store/approval.h"
#include "store/audit.h"
#include "store/ca.h"
#include "store/cert_people.h"
#include "store/delivery_item.h"
#include "store/profile.h"
#include "store/request.h"
#include "store/ticket_talk.h"
#include "store/watcher.h"

void life_case_done(struct life_case *c)
{
    ticket_row_free(c->ticket);
    request_row_free(c->request);
    profile_row_free(c->profile);
    ca_row_free(c->ca);
    *c = (struct life_case){ 0 };
}

struct store_viewer life_viewer(const struct life *life)
{
    return (struct store_viewer){ .account_id = life->who->account_id,
        .sees_all = permission_sees_all(life->who) };
}

bool life_relations(struct tx *tx, const struct principal *who, const struct ticket_row *ticket,
    unsigned *ret, struct err *err)
{
    unsigned relations = 0;

    if (ticket->certificate_id &&
        !store_cert_relations(tx, ticket->certificate_id, who->account_id, &relations, err))
        return false;
    if (ticket->assignee_id && ticket->assignee_id == who->account_id)
        relations |= RELATION_ASSIGNEE;
    if (ticket->reporter_id && ticket->reporter_id == who->account_id)
        relations |= ticket->certificate_id ? RELATION_ASSIGNEE : RELATION_OWNER;
    *ret = relations;
    return true;
}

static bool load_profile(struct tx *tx, struct life_case *c, struct err *err)
{
    if (!c->request || !c->request->profile_id)
        return true;
    return store_profile_get(tx, c->request->profile_id, &c->profile, err) &&
           store_ca_get(tx, c->profile->ca_id, &c->ca, err);
}

bool life_case_load(struct life *life, struct tx *tx, int64_t ticket_id, struct life_case *ret,
    struct err *err)
{
    const struct store_viewer viewer = life_viewer(life);
    autodone(life_case) struct life_case c = { 0 };

    if (!store_ticket_get(tx, &viewer, ticket_id, &c.ticket, err) ||
        !life_relations(tx, life->who, c.ticket, &c.relations, err) ||
        !store_request_find(tx, ticket_id, &c.request, err) || !load_profile(tx, &c, err))
        return false;
    if (!ticket_type_from_name(c.ticket->type, &c.type) ||
        !ticket_status_from_name(c.ticket->status, &c.status))
        return fail(err, ERR_INTERNAL, "%s has an unknown type or status", c.ticket->key);
    life_case_done(ret);
    *ret = c;
    c = (struct life_case){ 0 };
    return true;
}

bool life_case_lock(struct life *life, struct tx *tx, int64_t ticket_id, const struct life_ask *ask,
    struct life_case *ret, struct err *err)
{
    return store_ticket_lock(tx, ticket_id, ask ? ask->expected_row_version : 0, err) &&
           life_case_load(life, tx, ticket_id, ret, err);
}

bool life_case_require(const struct life *life, const struct life_case *c, enum action action,
    struct err *err)
{
    return permission_allows(life->who, action, c->relations) ||
           fail(err, ERR_DENIED, "you may not %s this ticket",
               action == ACTION_COMMENT ? "comment on" : "change");
}

bool life_open_ca(struct life *life, const struct ca_row *row, struct ca **ret, struct err *err)
{
    return (life->open_ca ? life->open_ca : ca_open)(life->db, row, life->cas, ret, err);
}

bool life_say(struct life *life, struct tx *tx, int64_t ticket_id, const struct buf *body,
    struct err *err)
{
    int64_t id;

    return store_comment_add(tx, ticket_id, 0, buf_text(body), life->now, &id, err);
}

bool life_comment(struct life *life, struct tx *tx, int64_t ticket_id, const char *comment,
    struct err *err)
{
    int64_t id;

    return !comment || !comment[0] ||
           store_comment_add(tx, ticket_id, life->who->account_id, comment, life->now, &id, err);
}

bool life_note(struct life *life, struct tx *tx, struct err *err)
{
    return !life->note || life->note(life->note_arg, tx, err);
}

bool life_audit(struct life *life, struct tx *tx, const struct audit_entry *entry, struct err *err)
{
    struct audit_entry whole = *entry;

    whole.at = life->now;
    whole.account_id = life->who->account_id;
    whole.actor = life->who->account_id ? life->who->name : "certdesk";
    whole.address = life->address;
    return store_audit_add(tx, &whole, err);
}

bool life_audit_ticket(struct life *life, struct tx *tx, const struct ticket_row *ticket,
    const char *action, const char *before, const char *after, struct err *err)
{
    const struct audit_entry entry = { .action = action,
        .object_type = "ticket",
        .object_id = ticket->id,
        .object_name = ticket->key,
        .before = before,
        .after = after };

    return life_audit(life, tx, &entry, err);
}

/* What a ticket that is resolved is called. */
static const char *resolution_of(enum ticket_status status)
{
    switch (status) {
    case STATUS_CERTIFICATE_ENROLLED:
        return "enrolled";
    case STATUS_CERTIFICATE_RENEWED:
        return "renewed";
    case STATUS_CERTIFICATE_REVOKED:
        return "revoked";
    case STATUS_CANCELLED:
        return "cancelled";
    case STATUS_OPEN:
    case STATUS_DONE:
    case STATUS_CERTIFICATE_REQUEST:
    case STATUS_CERTIFICATE_ENROLLING:
    case STATUS_CERTIFICATE_RENEW:
    case STATUS_CERTIFICATE_REVOKING:
    case N_TICKET_STATUSES:
        break;
    }
    return "done";
}

bool life_tell(struct tx *tx, const struct ticket_row *ticket, int64_t actor_id, const char *what,
    int64_t now, struct err *err)
{
    autofree(str) char *detail = xasprintf("%s (%.200s) %s", ticket->key, ticket->summary, what);
    int64_t n = 0;

    if (!store_watchers_tell(tx, ticket, actor_id, detail, now, &n, err))
        return false;
    if (n > 0)
        store_items_gather(tx, now);
    return true;
}

bool life_ask_approvers(struct tx *tx, const struct ticket_row *ticket,
    const struct profile_row *profile, int64_t now, struct err *err)
{
    int64_t n = 0;

    if (profile->n_approvals == 0)
        return true;
    autofree(str) char *detail =
        xasprintf("%s (%.200s) asks for your approval", ticket->key, ticket->summary);

    if (!store_approvers_tell(tx, ticket, profile->approver_group_id, detail, now, &n, err))
        return false;
    if (n > 0)
        store_items_gather(tx, now);
    return true;
}

bool life_move(struct life *life, struct tx *tx, const struct life_case *c, enum ticket_status to,
    const struct ticket_edit *edit, struct err *err)
{
    struct ticket_edit whole = edit ? *edit : (struct ticket_edit){ 0 };
    char what[64];

    whole.status = ticket_status_name(to);
    whole.actor_id = life->who->account_id;
    if (!whole.resolution)
        whole.resolution = ticket_status_is_resolved(to) ? resolution_of(to) : "";
    (void)snprintf(what, sizeof what, "is in stage %s", ticket_status_title(to));
    return store_ticket_edit(tx, c->ticket->id, &whole, life->now, err) &&
           life_tell(tx, c->ticket, life->who->account_id, what, life->now, err);
}

bool life_has_asked(const struct ticket_row *ticket, const struct request_row *request,
    int64_t account_id)
{
    return account_id &&
           (ticket->reporter_id == account_id || (request && request->asked_by == account_id));
}

static bool may_use(struct tx *tx, const struct profile_row *profile, int64_t account_id, bool *ret,
    struct err *err)
{
    autofree(account_row) struct account_row *account = NULL;
    struct policy_use use = { 0 };

    *ret = false;
    if (!account_id)
        return true;
    if (!store_account_get(tx, account_id, &account, err) ||
        !store_profile_use(tx, profile->id, account_id, &use, err))
        return false;
    use.is_admin = strcmp(account->role, role_name(ROLE_ADMIN)) == 0;
    *ret = !account->is_disabled && policy_use_sees(&use, false);
    return true;
}

bool life_check_use(struct life *life, struct tx *tx, const struct life_case *c, bool or_asker,
    struct err *err)
{
    bool may = false;

    if (life->who->account_id == 0 || life->who->role == ROLE_ADMIN)
        return true;
    if (!may_use(tx, c->profile, life->who->account_id, &may, err) ||
        (!may && or_asker && !may_use(tx, c->profile, c->request->asked_by, &may, err)))
        return false;
    return may ||
           fail(err, ERR_DENIED, "you may not use the profile \"%s\" any more", c->profile->name);
}

bool life_check_approvals(struct tx *tx, const struct life_case *c, struct err *err)
{
    struct policy_approvals approvals = { 0 };

    if (c->profile->n_approvals > 0 &&
        !store_approvals_count(tx, c->ticket->id, c->profile->approver_group_id,
            c->ticket->reporter_id, &approvals, err))
        return false;
    return policy_approvals_check(c->profile, &approvals, err);
}

void life_message_created(const struct ticket_row *ticket, char field[static LIFE_MESSAGE_SIZE])
{
    const bool is_revoked =
        strcmp(ticket->type, ticket_type_name(TICKET_REVOKE_CERTIFICATE)) == 0 &&
        strcmp(ticket->status, ticket_status_name(STATUS_DONE)) == 0;

    (void)snprintf(field, LIFE_MESSAGE_SIZE, "%s- %s has been %s", ticket->key, ticket->summary,
        is_revoked ? "revoked" : "created");
}

void life_message_updated(const struct ticket_row *ticket, char field[static LIFE_MESSAGE_SIZE])
{
    (void)snprintf(field, LIFE_MESSAGE_SIZE, "%s has been updated", ticket->key);
}
