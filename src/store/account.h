/*
 * store/account: the people who may sign in, and the settings they share.
 */
#pragma once

#include "core/rows_account.h"

struct err;
struct tx;

struct account_new {
    const char *name;
    const char *display_name;
    const char *email;
    const char *role;
    const char *password_hash; /* NULL: none */
};

/* ERR_CONFLICT if the name is taken. */
bool store_account_add(struct tx *tx, const struct account_new *account, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

bool store_account_get(struct tx *tx, int64_t id, struct account_row **ret, struct err *err)
    must_check;

/* *ret is NULL when there is no such account. Names are compared in lower case. */
bool store_account_find(struct tx *tx, const char *name, struct account_row **ret, struct err *err)
    must_check;

/* By mail address, in any case. *ret is NULL when nobody, or more than one, has it. */
bool store_account_find_by_mail(struct tx *tx, const char *email, struct account_row **ret,
    struct err *err) must_check;

/*
 * Who is to do something: the first of two accounts (0: none), else the one of that name ("": none)
 * who may sign in; 0 where nobody of them may.
 */
bool store_account_choose(struct tx *tx, int64_t first_id, int64_t second_id, const char *name,
    int64_t *ret_id, struct err *err) must_check;

/*
 * All of them by name, from after `after` on ("" is the beginning): up to `limit` rows. `q` NULL is
 * any, else part of a name, in any case.
 */
bool store_account_list(struct tx *tx, const char *q, const char *after, int64_t limit,
    struct account_row **rows, size_t *ret_n, struct err *err) must_check;

/*
 * Write the editable fields of `row` (all but id, name and times). ERR_CONFLICT when its
 * row_version is not the one stored any more; on success row->row_version is the new one.
 */
bool store_account_save(struct tx *tx, struct account_row *row, int64_t now, struct err *err)
    must_check;

/* What somebody else must take before the account can go. */
struct account_holdings {
    int64_t certificates; /* owned or assigned */
    int64_t tickets;      /* open, and assigned */
    int64_t requests;     /* certificate requests */
};

bool store_account_holdings(struct tx *tx, int64_t id, struct account_holdings *ret,
    struct err *err) must_check;

/*
 * ERR_CONFLICT while it still holds something: hand that over first (store_cert_hand_over). What
 * the person has said and done in tickets stays under their name, as that of an account which is
 * only a name: "ann (deleted)". The name is free again.
 */
bool store_account_delete(struct tx *tx, int64_t id, int64_t now, struct err *err) must_check;

/* Those who can sign in. In a transaction that writes, nobody else changes an admin until it ends.
 */
bool store_account_count_admins(struct tx *tx, int64_t *ret, struct err *err) must_check;

/* The JSON of a setting; *ret is NULL when it was never written. The caller frees. */
bool store_setting_get(struct tx *tx, const char *name, char **ret, int64_t *ret_version,
    struct err *err) must_check;

/* `if_version` 0 writes whatever was there; else ERR_CONFLICT when it is not that version. */
bool store_setting_put(struct tx *tx, const char *name, const char *value, int64_t if_version,
    int64_t now, int64_t *ret_version, struct err *err) must_check;
