/* net/http_proxy: see the header. */
#include "net/http_proxy.h"

#include <string.h>

#include "net/addr.h"
#include "net/http.h"

/* Cut the last element off a comma-separated list. */
static bool split_last(struct span *list, struct span *part)
{
    size_t at = list->size;

    if (list->size == 0)
        return false;
    while (at > 0 && list->data[at - 1] != ',')
        at--;
    *part = span_trim(span_slice(*list, at, SIZE_MAX));
    *list = span_slice(*list, 0, at > 0 ? at - 1 : 0);
    return true;
}

/* Walk one field from its end. False when the client was found and the walk is over. */
static bool walk(const struct addr_ranges *trusted, const char *value, struct net_addr *client)
{
    struct span list = span_text(value), part;
    struct net_addr addr;

    while (split_last(&list, &part)) {
        if (!addr_parse(part, &addr))
            return false;
        *client = addr;
        if (!addr_ranges_has(trusted, &addr))
            return false;
    }
    return true;
}

void http_proxy_apply(const struct addr_ranges *trusted, const struct net_addr *peer,
    bool is_encrypted, struct http_request *request)
{
    struct net_addr client = *peer;
    const char *scheme;
    bool goes_on = true;

    (void)addr_text(peer, request->peer);
    memcpy(request->client, request->peer, sizeof request->client);
    request->is_encrypted = is_encrypted;
    if (!addr_ranges_has(trusted, peer))
        return;
    for (size_t i = request->n_fields; i > 0 && goes_on; i--)
        if (strcmp(request->fields[i - 1].name, "x-forwarded-for") == 0)
            goes_on = walk(trusted, request->fields[i - 1].value, &client);
    (void)addr_text(&client, request->client);
    scheme = http_request_field(request, "x-forwarded-proto");
    if (scheme)
        request->is_encrypted = span_is_nocase(span_text(scheme), "https");
}
