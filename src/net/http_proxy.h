/*
 * net/http_proxy: who really asks, when a trusted proxy stands in between.
 */
#pragma once

#include "base/base.h"

struct addr_ranges;
struct http_request;
struct net_addr;

/*
 * Fill in request->peer, client and is_encrypted. X-Forwarded-For is read from its end, and only as
 * far as trusted proxies wrote it; from anybody else it is not read at all.
 */
void http_proxy_apply(const struct addr_ranges *trusted, const struct net_addr *peer,
    bool is_encrypted, struct http_request *request);
