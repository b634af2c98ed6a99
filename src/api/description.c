/* api/description: the API's own description, and where its documentation is. */
#include "api/tables.h"
#include "api/webfiles.h"
#include "base/err.h"

static bool openapi_get(struct api_call *call, struct err *err)
{
    (void)err;
    buf_add(call->body_out, openapi_file.bytes, openapi_file.n_bytes);
    call->media_type = "application/json";
    return true;
}

static bool docs_get(struct api_call *call, struct err *err)
{
    (void)err;
    call->status = 303;
    call->media_type = "text/plain; charset=utf-8";
    (void)snprintf(call->location, sizeof call->location, "/docs");
    buf_add_text(call->body_out, "see /docs\n");
    return true;
}

const struct api_route description_routes[] = {
    { "GET", "/openapi.json", ROLE_PUBLIC, API_NO_TX | API_REPLY_RAW, openapi_get, 0 },
    { "GET", "/docs", ROLE_PUBLIC, API_NO_TX | API_REPLY_RAW, docs_get, 0 },
    { 0 },
};
