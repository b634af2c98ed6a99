/*
 * store/cert_sheet: records as an exported table shows them, many at a time.
 *
 * Less than store/cert_list gives for each record, and in fewer steps: a million of them are
 * written while somebody waits.
 */
#pragma once

#include "core/rows_cert.h"
#include "core/rows_view.h"

struct err;
struct tx;

/* Most ids that store_cert_sheet() takes. */
#define CERT_SHEET_MAX 50

struct cert_sheet_place {
    int64_t certificate_id;
    char *host;
    int64_t port;
    char *sni;
    char *protocol;
    int64_t last_checked_at; /* 0: never */
    char *error;             /* "" while it answers */
};

struct cert_sheet_row {
    struct cert_row cert; /* what a table shows of it; texts may be NULL, and so may the version */
    char *issuer;
    char *serial; /* NULL: nothing seen yet, … */
    uint8_t sha256[32];
    char *sans;        /* … likewise; JSON */
    char *share_users; /* separated by ";" */
    char *share_groups;
    char **fields; /* values of the custom fields that were asked for, NULL where it has none */
    struct cert_sheet_place *places; /* by host and port; borrowed from the sheet */
    size_t n_places;
};

struct cert_sheet {
    struct cert_sheet_row *rows;
    size_t n;
    struct cert_sheet_place *places;
    size_t n_places;
    size_t places_room;
    size_t n_fields;
};

/* The records of up to CERT_SHEET_MAX ids that ascend; those that are gone are left out. */
bool store_cert_sheet(struct tx *tx, const int64_t *ids, size_t n, struct cert_sheet *ret,
    struct err *err) must_check;

/* Add the values of custom fields. */
bool store_cert_sheet_fields(struct tx *tx, const struct custom_field_rows *fields,
    struct cert_sheet *sheet, struct err *err) must_check;
void cert_sheet_done(struct cert_sheet *sheet);

DEFINE_AUTODONE(cert_sheet);
