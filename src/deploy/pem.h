/*
 * deploy/pem: chain and key as one PEM text, in memory that is locked and wiped.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"

struct deploy_material;
struct secret;

/* The chain, then the key ("PRIVATE KEY", RFC 5958), without an empty line. The caller frees. */
struct secret *deploy_pem(const struct deploy_material *material) must_check;
