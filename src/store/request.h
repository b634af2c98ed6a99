/*
 * store/request: what a ticket of type Certificate or Revoke Certificate asks for.
 */
#pragma once

#include "base/span.h"
#include "core/rows_lifecycle.h"

struct err;
struct tx;

/* Everything of the row is kept; texts may be NULL. The ticket is there already. */
bool store_request_add(struct tx *tx, const struct request_row *request, struct err *err)
    must_check;

/* *ret is NULL for a ticket that asks for nothing. The caller frees it. */
bool store_request_find(struct tx *tx, int64_t ticket_id, struct request_row **ret, struct err *err)
    must_check;

struct request_csr {
    struct span der;
    const char *domain;    /* what it is called by */
    const char *names;     /* all of them, with blanks between: the ticket is found by them */
    int64_t sealed_key_id; /* 0: the vault has not got its key */
    int64_t asked_by;      /* who gave it; 0: nobody else than before */
};

/* Another CSR; none is asked for any more. The ticket is in another version from now on. */
bool store_request_set_csr(struct tx *tx, int64_t ticket_id, const struct request_csr *csr,
    struct err *err) must_check;

/* A person must give another CSR before the next renewal, or need not. */
bool store_request_set_wants_csr(struct tx *tx, int64_t ticket_id, bool wants_csr, struct err *err)
    must_check;
