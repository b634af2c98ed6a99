/* core/lifecycle: see the header. */
#include "core/lifecycle.h"

#include "base/buf.h"
#include "base/err.h"

/* ---- words ---- */

static const struct {
    const char *name;
    const char *title;
    enum ticket_status first;
} types[N_TICKET_TYPES] = {
    [TICKET_CERTIFICATE] = { "certificate", "Certificate", STATUS_CERTIFICATE_REQUEST },
    [TICKET_REVOKE_CERTIFICATE] = { "revoke_certificate", "Revoke Certificate", STATUS_OPEN },
    [TICKET_CERTIFICATE_EXPIRY] = { "certificate_expiry", "Certificate Expiry", STATUS_OPEN },
};

static const struct {
    const char *name;
    const char *title;
    enum status_category category;
    bool is_resolved;
} statuses[N_TICKET_STATUSES] = {
    [STATUS_OPEN] = { "open", "Open", CATEGORY_NEW, false },
    [STATUS_DONE] = { "done", "Done", CATEGORY_DONE, true },
    [STATUS_CERTIFICATE_REQUEST] = { "certificate_request", "Certificate Request", CATEGORY_NEW,
        false },
    [STATUS_CERTIFICATE_ENROLLING] = { "certificate_enrolling", "Certificate Enrolling",
        CATEGORY_INDETERMINATE, false },
    [STATUS_CERTIFICATE_ENROLLED] = { "certificate_enrolled", "Certificate Enrolled", CATEGORY_DONE,
        true },
    [STATUS_CERTIFICATE_RENEW] = { "certificate_renew", "Certificate Renew", CATEGORY_INDETERMINATE,
        false },
    [STATUS_CERTIFICATE_RENEWED] = { "certificate_renewed", "Certificate Renewed", CATEGORY_DONE,
        true },
    [STATUS_CERTIFICATE_REVOKING] = { "certificate_revoking", "Certificate Revoking",
        CATEGORY_INDETERMINATE, false },
    [STATUS_CERTIFICATE_REVOKED] = { "certificate_revoked", "Certificate Revoked", CATEGORY_DONE,
        true },
    [STATUS_CANCELLED] = { "cancelled", "Cancelled", CATEGORY_DONE, true },
};

/* ---- what leads where ---- */

#define CERTIFICATE(name, title, from, to, working)                                                \
    {                                                                                              \
        name, title, TICKET_CERTIFICATE, STATUS_CERTIFICATE_##from, STATUS_##to, BY_ANYONE,        \
            STATUS_##working                                                                       \
    }

/* While certdesk works on it the ticket has the `working` status; how that ends is certdesk's. */
#define OUTCOME(name, title, from, to)                                                             \
    {                                                                                              \
        name, title, TICKET_CERTIFICATE, STATUS_CERTIFICATE_##from, STATUS_##to, BY_CERTDESK,      \
            STATUS_##to                                                                            \
    }

#define OTHER(name, title, type, from, to, actor)                                                  \
    {                                                                                              \
        name, title, TICKET_##type, STATUS_##from, STATUS_##to, actor, STATUS_##to                 \
    }

static const struct transition transitions[] = {
    CERTIFICATE("enroll", "Enroll Certificate", REQUEST, CERTIFICATE_ENROLLED,
        CERTIFICATE_ENROLLING),
    CERTIFICATE("cancel", "Cancel", REQUEST, CANCELLED, CANCELLED),
    CERTIFICATE("renew", "Renew Certificate", ENROLLED, CERTIFICATE_RENEWED, CERTIFICATE_RENEW),
    CERTIFICATE("revoke", "Revoke Certificate", ENROLLED, CERTIFICATE_REVOKED,
        CERTIFICATE_REVOKING),
    CERTIFICATE("renew", "Renew Certificate", RENEWED, CERTIFICATE_RENEWED, CERTIFICATE_RENEW),
    CERTIFICATE("revoke", "Revoke Certificate", RENEWED, CERTIFICATE_REVOKED, CERTIFICATE_REVOKING),
    OUTCOME("enrolled", "Certificate Enrolled", ENROLLING, CERTIFICATE_ENROLLED),
    OUTCOME("not_enrolled", "Enrolment Failed", ENROLLING, CERTIFICATE_REQUEST),
    OUTCOME("renewed", "Certificate Renewed", RENEW, CERTIFICATE_RENEWED),
    OUTCOME("not_renewed", "Renewal Failed", RENEW, CERTIFICATE_ENROLLED),
    OUTCOME("not_renewed_again", "Renewal Failed", RENEW, CERTIFICATE_RENEWED),
    OUTCOME("revoked", "Certificate Revoked", REVOKING, CERTIFICATE_REVOKED),
    OUTCOME("not_revoked", "Revocation Failed", REVOKING, CERTIFICATE_ENROLLED),
    OUTCOME("not_revoked_after_renewal", "Revocation Failed", REVOKING, CERTIFICATE_RENEWED),
    OTHER("revoke", "Revoke Certificate", REVOKE_CERTIFICATE, OPEN, DONE, BY_ANYONE),
    OTHER("cancel", "Cancel", REVOKE_CERTIFICATE, OPEN, CANCELLED, BY_PERSON),
    OTHER("resolve", "Resolve", CERTIFICATE_EXPIRY, OPEN, DONE, BY_ANYONE),
    OTHER("reopen", "Reopen", CERTIFICATE_EXPIRY, DONE, OPEN, BY_ANYONE),
};

/* ---- questions ---- */

const char *ticket_type_name(enum ticket_type type)
{
    ASSERT((size_t)type < countof(types));
    return types[type].name;
}

const char *ticket_type_title(enum ticket_type type)
{
    ASSERT((size_t)type < countof(types));
    return types[type].title;
}

bool ticket_type_from_name(const char *name, enum ticket_type *ret)
{
    for (size_t i = 0; i < countof(types); i++) {
        if (strcmp(name, types[i].name) == 0) {
            *ret = (enum ticket_type)i;
            return true;
        }
    }
    return false;
}

const char *ticket_status_name(enum ticket_status status)
{
    ASSERT((size_t)status < countof(statuses));
    return statuses[status].name;
}

const char *ticket_status_title(enum ticket_status status)
{
    ASSERT((size_t)status < countof(statuses));
    return statuses[status].title;
}

bool ticket_status_from_name(const char *name, enum ticket_status *ret)
{
    for (size_t i = 0; i < countof(statuses); i++) {
        if (strcmp(name, statuses[i].name) == 0) {
            *ret = (enum ticket_status)i;
            return true;
        }
    }
    return false;
}

enum status_category ticket_status_category(enum ticket_status status)
{
    ASSERT((size_t)status < countof(statuses));
    return statuses[status].category;
}

bool ticket_status_is_resolved(enum ticket_status status)
{
    ASSERT((size_t)status < countof(statuses));
    return statuses[status].is_resolved;
}

enum ticket_status ticket_first_status(enum ticket_type type)
{
    ASSERT((size_t)type < countof(types));
    return types[type].first;
}

bool ticket_type_has_status(enum ticket_type type, enum ticket_status status)
{
    for (size_t i = 0; i < countof(transitions); i++)
        if (transitions[i].type == type &&
            (transitions[i].from == status || transitions[i].to == status))
            return true;
    return false;
}

const struct transition *lifecycle_nth(enum ticket_type type, enum ticket_status from,
    enum transition_actor actor, size_t n)
{
    for (size_t i = 0; i < countof(transitions); i++) {
        const struct transition *const t = &transitions[i];

        if (t->type == type && t->from == from && (t->actor & actor) != 0 && n-- == 0)
            return t;
    }
    return NULL;
}

static bool refuse(enum ticket_type type, enum ticket_status from, const char *name,
    enum transition_actor actor, struct err *err)
{
    autodone(buf) struct buf possible = BUF_INIT(200);
    const struct transition *t;

    for (size_t i = 0; (t = lifecycle_nth(type, from, actor, i)); i++)
        buf_addf(&possible, "%s%s", i > 0 ? ", " : "", t->name);
    return fail(err, ERR_CONFLICT, "\"%.60s\" is not possible for a ticket in status %s; %s%s",
        name, ticket_status_title(from), possible.size > 0 ? "possible: " : "nothing is",
        buf_text(&possible));
}

bool lifecycle_find(enum ticket_type type, enum ticket_status from, const char *name,
    enum transition_actor actor, const struct transition **ret, struct err *err)
{
    const struct transition *t;

    for (size_t i = 0; (t = lifecycle_nth(type, from, actor, i)); i++) {
        if (strcmp(t->name, name) == 0) {
            *ret = t;
            return true;
        }
    }
    return refuse(type, from, name, actor, err);
}

const struct transition *lifecycle_outcome(enum ticket_type type, enum ticket_status working,
    enum ticket_status to)
{
    const struct transition *t;

    for (size_t i = 0; (t = lifecycle_nth(type, working, BY_CERTDESK, i)); i++)
        if (t->to == to)
            return t;
    return NULL;
}

bool ticket_status_is_working(enum ticket_status status)
{
    return ticket_status_category(status) == CATEGORY_INDETERMINATE;
}
