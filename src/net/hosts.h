/*
 * net/hosts: the hosts file (hosts(5)), read once and looked up often.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "net/addr.h"

struct hosts;

/* Whatever `text` holds: a line that is malformed is skipped, as every resolver does. */
struct hosts *hosts_parse(struct span text) must_check;
void hosts_free(struct hosts *hosts);

/* The addresses of `name` (lower case), in the file's order and each once; at most `max`. */
size_t hosts_find(const struct hosts *hosts, const char *name, struct net_addr *ret, size_t max);

DEFINE_AUTOFREE(hosts);
