/* api/endpoint_json: an endpoint with what was last seen at each of its addresses. */
#pragma once

#include "api/api.h"
#include "core/rows_endpoint.h"
#include "monitor/judge.h"

/*
 * The members of an endpoint. `judgement` is that of the record it is shown for, whose observations
 * say what each part plays in it; NULL shows it for itself.
 */
bool endpoint_json_write(struct api_call *call, const struct endpoint_row *endpoint,
    const struct judgement *judgement, struct err *err) must_check;
