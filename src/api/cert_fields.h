/* api/cert_fields: the values of custom fields of a record, as they come in. */
#pragma once

#include "api/api.h"
#include "core/rows_view.h"

/* What a request says of them; zeroed it says nothing. */
struct cert_fields {
    struct custom_field_rows rows;
    char **values; /* one for each row: NULL stays as it is, "" is taken away */
};

void cert_fields_done(struct cert_fields *fields);

/*
 * "fields": {NAME: value}. Problems are the decoder's. A new record must have all that are
 * required; of one that is there, none of these may be taken away.
 */
bool cert_fields_read(struct api_call *call, struct json_in *in, bool is_new,
    struct cert_fields *ret, struct err *err) must_check;

bool cert_fields_write(struct api_call *call, int64_t certificate_id,
    const struct cert_fields *fields, struct err *err) must_check;

DEFINE_AUTODONE(cert_fields);
