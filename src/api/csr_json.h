/* api/csr_json: certificate requests as the API shows them, and who may do what with one. */
#pragma once

#include "api/api.h"
#include "core/rows_csr.h"

/* The members of what api/openapi.yaml calls Csr; the object is the caller's to begin and end. */
void csr_json_write(struct json_out *out, const struct csr_row *row);

/* For ETags: it changes when the request is used. */
int64_t csr_json_version(const struct csr_row *row);

/* The request {id}, if the caller may do `action` with it; one they may not even see is not there.
 */
bool csr_require(struct api_call *call, int64_t id, enum action action, struct csr_row **ret,
    struct err *err) must_check;
