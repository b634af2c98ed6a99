/* api/cert_import: the answer to whoever brought a certificate. */
#pragma once

#include "api/api.h"
#include "api/cert_new.h"
#include "api/import_read.h"

/* What became of one certificate of an upload. */
struct import_saved {
    int64_t id; /* of the record */
    int64_t version_id;
    bool is_duplicate; /* it had it already */
};

/* What the form says of the record, read once for all certificates of an upload. */
struct record_fields {
    struct buf tags; /* BUF_INIT() by the caller */
    struct watch_new watch;
    struct cert_people_edit people;
};
void record_fields_done(struct record_fields *fields);

bool cert_import_fields(struct api_call *call, const struct import_read *read,
    struct record_fields *ret, struct err *err) must_check;

/* One certificate of an upload becomes a record of the caller's, unless one they see has it. */
bool cert_import_save(struct api_call *call, struct import_item *item,
    const struct record_fields *fields, bool is_first, struct import_saved *ret, struct err *err)
    must_check;

DEFINE_AUTODONE(record_fields);

/* The record of `item`, the first, "duplicate", "key", "warnings", and "also" for the others. */
bool cert_import_write(struct api_call *call, const struct import_read *read,
    const struct import_item *item, const struct import_saved *saved, size_t n, struct err *err)
    must_check;
