/*
 * net/http_peers: how many connections each address holds.
 *
 * IPv6 is counted by /64, the least that one customer has.
 */
#pragma once

#include "base/base.h"

struct net_addr;
struct peer_count;

#define HTTP_PEERS_BUCKETS 1024

struct http_peers {
    uint64_t seed; /* so that nobody can choose to share a bucket */
    struct peer_count *buckets[HTTP_PEERS_BUCKETS];
};

void http_peers_init(struct http_peers *peers);
void http_peers_done(struct http_peers *peers);

/* One more, unless that makes more than `max`. */
bool http_peers_add(struct http_peers *peers, const struct net_addr *peer, size_t max);
void http_peers_remove(struct http_peers *peers, const struct net_addr *peer);
