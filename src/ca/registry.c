/* ca/registry: the list of certificate authorities that can be asked, and what they share. */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "ca/ca.h"
#include "ca/local/local.h"

static const struct ca_ops *const all[] = { &local_ca_ops, NULL };

static const struct {
    enum ca_reason reason;
    const char *name;
} reasons[] = {
    { CA_REASON_UNSPECIFIED, "unspecified" },
    { CA_REASON_KEY_COMPROMISE, "keyCompromise" },
    { CA_REASON_AFFILIATION_CHANGED, "affiliationChanged" },
    { CA_REASON_SUPERSEDED, "superseded" },
    { CA_REASON_CESSATION_OF_OPERATION, "cessationOfOperation" },
    { CA_REASON_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn" },
};

void ca_answer_done(struct ca_answer *answer)
{
    buf_done(&answer->remote_id);
    buf_done(&answer->chain_pem);
}

const char *ca_reason_name(enum ca_reason reason)
{
    for (size_t i = 0; i < countof(reasons); i++)
        if (reasons[i].reason == reason)
            return reasons[i].name;
    return "unspecified";
}

const char *ca_reason_nth(size_t i)
{
    return i < countof(reasons) ? reasons[i].name : NULL;
}

/* As RFC 5280 writes it, and as names are written elsewhere in the API. */
static bool is_same_reason(const char *name, const char *given)
{
    for (; *name; name++, given++) {
        if (*given == '_')
            given++;
        if (strncasecmp(name, given, 1) != 0)
            return false;
    }
    return !*given;
}

bool ca_reason_from_name(const char *name, enum ca_reason *ret)
{
    for (size_t i = 0; i < countof(reasons); i++) {
        if (is_same_reason(reasons[i].name, name)) {
            *ret = reasons[i].reason;
            return true;
        }
    }
    return false;
}

/* All of them, NULL past the last. */
static const struct ca_ops *nth(size_t n)
{
    return n < countof(all) ? all[n] : NULL;
}

const struct ca_ops *ca_ops_find(const char *type)
{
    const struct ca_ops *ops;

    for (size_t i = 0; (ops = nth(i)); i++)
        if (strcmp(ops->type, type) == 0)
            return ops;
    return NULL;
}

bool ca_open(struct db *db, const struct ca_row *row, const struct ca_services *services,
    struct ca **ret, struct err *err)
{
    const struct ca_ops *const ops = ca_ops_find(row->type);

    if (!ops)
        return fail(err, ERR_INTERNAL, "no certificate authority is of type \"%s\"", row->type);
    if (row->is_disabled)
        return fail(err, ERR_CONFLICT, "the certificate authority %s is disabled", row->name);
    return ops->open(db, row, services, ret, err);
}

void ca_free(struct ca *ca)
{
    if (ca)
        ca->ops->close(ca);
}
