/* api/cert_json: records, versions and endpoints as the API shows them. */
#pragma once

#include "api/api.h"
#include "core/rows_cert.h"
#include "core/rows_endpoint.h"
#include "core/rows_version.h"

/* A record; the object is the caller's to begin and end. */
bool cert_json_write(struct api_call *call, const struct cert_row *cert, struct err *err)
    must_check;

/* The same of the record of that id, with its ETag. ERR_NOT_FOUND where the caller may not see it.
 */
bool cert_json_write_by_id(struct api_call *call, int64_t id, struct err *err) must_check;

/* "items": the records of a page, with the access entries of all of them. */
void cert_json_write_items(struct api_call *call, const struct cert_rows *certs,
    const struct access_rows *people);

/* "status", "may", "share", … of one record; the object is the caller's to begin and end. */
bool cert_json_write_may(struct api_call *call, int64_t certificate_id, struct err *err) must_check;

/* {id, name} of a record; null for 0. */
void cert_json_ref(struct json_out *out, const char *key, int64_t id, const char *name);

/* How the caller stands to the record, for permission_allows(). */
bool cert_json_relations(struct api_call *call, int64_t id, unsigned *ret, struct err *err)
    must_check;

/* {id, host, port, sni, protocol}. */
void cert_json_endpoint_ref(struct json_out *out, const char *key,
    const struct endpoint_row *endpoint);

void cert_json_key(struct json_out *out, const struct version_row *version);

/* {fingerprint_sha256, name, subject, issuer, not_before, not_after, key}. */
void cert_json_brief(struct json_out *out, const char *key, const struct version_row *version);

/* {class, message}; null where the class is "". */
void cert_json_error(struct json_out *out, const char *key, const char *error_class,
    const char *message);

/* "sans" and "sans_total": the values of what the row keeps. */
void cert_json_sans(struct json_out *out, const struct version_row *version);

/* The body as the caller's right to `action` on the record {id}; a record they may not even see is
 * not there. */
bool cert_require(struct api_call *call, int64_t id, enum action action, struct cert_row **ret,
    struct err *err) must_check;

/* Does the caller (still) see the record? Who gives it away does not. */
bool cert_sees(struct api_call *call, int64_t id, bool *ret, struct err *err) must_check;
