/*
 * api/import_read: an upload, from the form to certificates with sealed keys, before anything of it
 * is written down.
 *
 * The road: the form's parts go to the importer, which sends back certificates, and keys that only
 * the vault can open; the certificates are sorted out; the vault seals the keys; chains are
 * completed and verified. It is a route's prepare(): no transaction waits for it.
 */
#pragma once

#include "api/api.h"
#include "api/import_form.h"
#include "core/bundle.h"
#include "monitor/bring.h"
#include "store/sealed_key.h"

/* One certificate that is to be kept. */
struct import_item {
    struct brought brought;
    struct sealed_key_new key; /* where brought.new_key points, if a key came */
    char key_row[VAULT_ROW_NAME_SIZE];
    char key_name[64];
    struct buf sealed;
    struct buf spki;
    bool is_reordered;
};

struct import_read {
    struct import_form form;
    struct bundle bundle;
    struct import_item items[BUNDLE_LEAVES_MAX];
    size_t n_items;
    size_t n_extra; /* certificates that belong to none of them */
};

/* Did its key come with it, or do we have it already? */
bool import_item_has_key(const struct import_item *item);

/* For the audit log, into an open object: which certificate, and whether it has a key. */
void import_item_write(const struct import_item *item, struct json_out *out);

/* Into call->prepared, a struct import_read. What is wrong with the upload is a problem of a field
 * of the form. */
bool import_read(struct api_call *call, enum import_form_kind kind, struct err *err) must_check;
