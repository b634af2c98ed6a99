/*
 * deploy/haproxy: certificates of a running HAProxy, changed by its Runtime API without a reload.
 *
 * HAProxy keeps what it serves in memory and reads files only as it starts, so both are changed:
 * the memory by a transaction (set, commit), and the file beside it. See HAProxy's Management
 * Guide, 9.3, "set ssl cert".
 */
#pragma once

#include "deploy/deploy.h"

extern const struct deploy_ops deploy_haproxy;
