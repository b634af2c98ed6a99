/* Certificates as tests of x509/cert make and read them. */
#pragma once

#include "testing.h"

#include "testing_x509.h"
#include "x509/cert.h"

static inline struct cert *cert_of(const struct made *made)
{
    autodone(buf) struct buf der = made_der(made);
    struct cert *cert = NULL;
    struct err err = { 0 };

    assert_works(cert_from_der(buf_span(&der), &cert, &err), &err);
    return cert;
}

static inline struct cert *cert_ordered(struct order order)
{
    autodone(made) struct made made = make(order);

    return cert_of(&made);
}
