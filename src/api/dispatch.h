/*
 * api/dispatch: the one road of a request, from the HTTP server to a handler and back.
 */
#pragma once

#include "api/api.h"
#include "net/http_server.h"

struct dispatch;

/* `services` must outlive it. The workers' state must be their struct db. */
struct dispatch *dispatch_new(const struct api_services *services);
void dispatch_free(struct dispatch *dispatch);

/* What to give to the HTTP server. */
const struct http_app *dispatch_app(const struct dispatch *dispatch);

DEFINE_AUTOFREE(dispatch);
