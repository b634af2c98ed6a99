/*
 * core/rows_account: people, their sessions and tokens, as the database keeps them.
 */
#pragma once

#include "base/base.h"
#include "core/rows.h"

struct account_row {
    int64_t id;
    char *name; /* lower case; what one signs in with */
    char *display_name;
    char *email;
    char *role;          /* admin, auditor, user */
    char *password_hash; /* NULL: cannot sign in with a password */
    bool is_disabled;
    int64_t created_at;
    int64_t updated_at;
    int64_t row_version;
};

void account_row_free(struct account_row *row);

/* Letters, digits and ._-@+, lower case, 1 to 64 of them, not only dots: what an account may be
 * called. */
bool account_name_is_valid(const char *name);

/* A group of users, which records can be shared with. */
struct group_row {
    int64_t id;
    char *name;
    char *description;
    int64_t n_members;
    bool is_mine; /* whoever asked is a member */
    int64_t created_at;
    int64_t row_version; /* grows with each edit, and with each change of its members */
};
DECLARE_ROWS(group);

/* What is asked about whoever shows a session or a token, with each request. */
struct caller_row {
    char name[128];
    char role[32];
    bool is_disabled;
};

struct session_row {
    int64_t account_id;
    struct caller_row caller; /* filled in by store_session_find() */
    char csrf[64];
    int64_t created_at;
    int64_t seen_at;
    int64_t expires_at;
};

/* A token as each request that shows it needs it. */
struct token_use_row {
    int64_t id;
    int64_t account_id;
    struct caller_row caller;
    char scopes[32];
    int64_t expires_at; /* 0: never */
    int64_t used_at;    /* 0: not yet */
};

struct token_row {
    int64_t id;
    int64_t account_id;
    char *name;
    char *scopes;
    int64_t created_at;
    int64_t expires_at; /* 0: never */
    int64_t used_at;    /* 0: not yet */
};

void token_row_free(struct token_row *row);

DEFINE_AUTOFREE(account_row);
DEFINE_AUTOFREE(token_row);
