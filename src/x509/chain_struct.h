/*
 * x509/chain_struct: what a struct chain is made of, for x509/ alone.
 */
#pragma once

#include "x509/chain.h"

struct chain {
    struct cert *certs[CHAIN_MAX_CERTS];
    size_t n;
};
