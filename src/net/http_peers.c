/* net/http_peers: see the header. */
#include "net/http_peers.h"

#include <string.h>

#include "base/alloc.h"
#include "base/rand.h"
#include "net/addr.h"

struct peer_count {
    struct peer_count *next;
    uint8_t key[8];
    size_t n;
};

void http_peers_init(struct http_peers *peers)
{
    memset(peers, 0, sizeof *peers);
    rand_bytes(&peers->seed, sizeof peers->seed);
}

void http_peers_done(struct http_peers *peers)
{
    for (size_t i = 0; i < HTTP_PEERS_BUCKETS; i++)
        while (peers->buckets[i]) {
            struct peer_count *count = peers->buckets[i];

            peers->buckets[i] = count->next;
            free(count);
        }
}

/* The /64 of an IPv6 address; an IPv4 address in a prefix that no IPv6 address has (0::/64). */
static void key_of(const struct net_addr *peer, uint8_t key[static 8])
{
    memset(key, 0, 8);
    if (peer->n_bytes == 4)
        memcpy(key + 4, peer->bytes, 4);
    else
        memcpy(key, peer->bytes, 8);
}

static struct peer_count **find(struct http_peers *peers, const uint8_t key[static 8])
{
    uint64_t number;
    struct peer_count **at;

    memcpy(&number, key, sizeof number);
    number = (number ^ peers->seed) * UINT64_C(0x9e3779b97f4a7c15);
    at = &peers->buckets[(number >> 32) % HTTP_PEERS_BUCKETS];
    while (*at && memcmp((*at)->key, key, 8) != 0)
        at = &(*at)->next;
    return at;
}

bool http_peers_add(struct http_peers *peers, const struct net_addr *peer, size_t max)
{
    uint8_t key[8];
    struct peer_count **at;

    key_of(peer, key);
    at = find(peers, key);
    if (*at && (*at)->n >= max)
        return false;
    if (!*at) {
        *at = xcalloc(1, sizeof **at);
        memcpy((*at)->key, key, sizeof key);
    }
    (*at)->n++;
    return true;
}

void http_peers_remove(struct http_peers *peers, const struct net_addr *peer)
{
    uint8_t key[8];
    struct peer_count **at, *count;

    key_of(peer, key);
    at = find(peers, key);
    count = *at;
    ASSERT(count && count->n > 0);
    if (--count->n > 0)
        return;
    *at = count->next;
    free(count);
}
