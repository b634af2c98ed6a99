/*
 * auth/permission: who may do what. The one function that every path asks.
 *
 * What a person may do to a record follows from their role and from how they stand to it: owner,
 * assignee, shared with (as a user or through a group). Business groups grant nothing. A token
 * narrows its owner's rights to its scopes, and never widens them.
 */
#pragma once

#include "base/base.h"
#include "core/relation.h"

enum role { ROLE_PUBLIC, ROLE_USER, ROLE_AUDITOR, ROLE_ADMIN };

enum scope {
    SCOPE_READ = 1 << 0,
    SCOPE_WRITE = 1 << 1,
    SCOPE_ADMIN = 1 << 2,
    SCOPE_ALL = SCOPE_READ | SCOPE_WRITE | SCOPE_ADMIN,
};

enum action {
    ACTION_SEE,     /* in lists, searches, counts, exports and by id */
    ACTION_COMMENT, /* and acknowledge */
    ACTION_EDIT,    /* the record, its endpoints, its tickets; refresh it */
    ACTION_SHARE,   /* co-owners and assignee */
    ACTION_DELETE,
    ACTION_CHANGE_OWNER,
    ACTION_USE_KEY, /* deploy it */
    N_ACTIONS,
};

/* Whoever makes a request, or on whose behalf a job runs. */
struct principal {
    int64_t account_id; /* 0: certdesk itself, or nobody */
    char name[128];
    enum role role;
    unsigned scopes; /* enum scope; SCOPE_ALL for a session */
};

/* May `who` do `action` to a record to which they stand in `relations` (enum relation)? */
bool permission_allows(const struct principal *who, enum action action, unsigned relations);

/* May `who` use something that asks for at least `role`, and changes things if `is_write`? */
bool permission_has_role(const struct principal *who, enum role role, bool is_write);

/* May `who` deploy to a resource? `is_named`: those who may are listed, and `who` is one of them.
 */
bool permission_may_deploy(const struct principal *who, bool is_named);

/* Does `who` see every record, whatever their relation? */
bool permission_sees_all(const struct principal *who);

const char *role_name(enum role role); /* "user", "auditor", "admin" */
bool role_from_name(const char *name, enum role *ret);

/* "read write" to enum scope; false at a word that is no scope, or when there is none. */
bool scopes_from_text(const char *text, unsigned *ret);
