/* api/cert_import: the answer to whoever brought a certificate. */
#pragma once

#include "api/api.h"
#include "api/import_read.h"

/* What became of one certificate of an upload. */
struct import_saved {
    int64_t id; /* of the record */
    int64_t version_id;
    bool is_duplicate; /* it had it already */
};

/* The first one's record, "duplicate", "key", "warnings", and "also" for the others. */
bool cert_import_write(struct api_call *call, const struct import_read *read,
    const struct import_saved *saved, size_t n, struct err *err) must_check;
