/* api/ca_json: a certificate authority as the API shows it. */
#pragma once

#include "api/api.h"
#include "core/rows_lifecycle.h"

/* The members, into an object that was begun. What is counted, and the record, is for who sees all.
 */
bool ca_json_write(struct api_call *call, const struct ca_row *row, struct err *err) must_check;

/* The authority of that name as the answer, with its ETag. */
bool ca_json_answer(struct api_call *call, const char *name, struct err *err) must_check;

/* ERR_NOT_FOUND where there is none of the name in the path. */
bool ca_json_find(struct api_call *call, struct tx *tx, struct ca_row **ret, struct err *err)
    must_check;

/* "cas": what is amiss with authorities, for who sees all; empty where nothing is. */
bool ca_json_write_troubles(struct api_call *call, struct err *err) must_check;
