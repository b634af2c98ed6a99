/* auth/permission: see the header. The rules are the two tables; the functions only look them up.
 */
#include "auth/permission.h"

#include <string.h>

#include "base/span.h"

#define CO_OWNER (RELATION_OWNER | RELATION_SHARED_USER | RELATION_SHARED_GROUP)
#define ANYONE_INVOLVED (CO_OWNER | RELATION_ASSIGNEE)

/* Which relations allow an action to a plain user, and what roles may do to any record. */
static const struct {
    unsigned relations;
    bool admin;
    bool auditor;
    unsigned scope;
} rules[N_ACTIONS] = {
    [ACTION_SEE] = { ANYONE_INVOLVED, true, true, SCOPE_READ },
    [ACTION_COMMENT] = { ANYONE_INVOLVED, true, false, SCOPE_WRITE },
    [ACTION_EDIT] = { CO_OWNER, true, false, SCOPE_WRITE },
    [ACTION_SHARE] = { CO_OWNER, true, false, SCOPE_WRITE },
    [ACTION_DELETE] = { CO_OWNER, true, false, SCOPE_WRITE },
    [ACTION_CHANGE_OWNER] = { RELATION_OWNER, true, false, SCOPE_WRITE },
    [ACTION_USE_KEY] = { RELATION_MAY_USE_KEY, true, false, SCOPE_WRITE },
};

static const char *const role_names[] = {
    [ROLE_PUBLIC] = "public",
    [ROLE_USER] = "user",
    [ROLE_AUDITOR] = "auditor",
    [ROLE_ADMIN] = "admin",
};

bool permission_allows(const struct principal *who, enum action action, unsigned relations)
{
    if (who->role == ROLE_PUBLIC || !(who->scopes & rules[action].scope))
        return false;
    if (who->role == ROLE_ADMIN && rules[action].admin)
        return true;
    if (who->role == ROLE_AUDITOR && rules[action].auditor)
        return true;
    return (relations & rules[action].relations) != 0;
}

bool permission_has_role(const struct principal *who, enum role role, bool is_write)
{
    if (role == ROLE_PUBLIC)
        return true;
    if (!(who->scopes & (is_write ? SCOPE_WRITE : SCOPE_READ)))
        return false;
    if (role == ROLE_ADMIN && !(who->scopes & SCOPE_ADMIN))
        return false;
    return who->role >= role;
}

bool permission_may_deploy(const struct principal *who, bool is_named)
{
    return who->role != ROLE_PUBLIC && (who->scopes & SCOPE_WRITE) &&
           (is_named || who->role == ROLE_ADMIN);
}

bool permission_sees_all(const struct principal *who)
{
    return permission_allows(who, ACTION_SEE, 0);
}

const char *role_name(enum role role)
{
    return role_names[role];
}

bool role_from_name(const char *name, enum role *ret)
{
    for (int i = ROLE_USER; i <= ROLE_ADMIN; i++) {
        if (strcmp(role_names[i], name) == 0) {
            *ret = (enum role)i;
            return true;
        }
    }
    return false;
}

bool scopes_from_text(const char *text, unsigned *ret)
{
    struct span rest = span_text(text);
    struct span word;
    unsigned scopes = 0;

    while (span_split(&rest, ' ', &word)) {
        if (span_is(word, "read"))
            scopes |= SCOPE_READ;
        else if (span_is(word, "write"))
            scopes |= SCOPE_READ | SCOPE_WRITE;
        else if (span_is(word, "admin"))
            scopes |= SCOPE_ALL;
        else
            return false;
    }
    if (scopes == 0)
        return false;
    *ret = scopes;
    return true;
}
