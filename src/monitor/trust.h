/*
 * monitor/trust: the prober's settings, of which the trust bundles are the database's.
 *
 * Another node may have added a bundle; each check begins by telling the prober of what is new.
 */
#pragma once

#include "base/base.h"
#include "probe/conf.h"

struct db;
struct err;
struct probe_client;
struct trust_keeper;

/* `conf` without trust_pem; what it borrows must outlive the keeper, or the next
 * trust_keeper_set(). */
struct trust_keeper *trust_keeper_new(struct probe_client *prober) must_check;
void trust_keeper_free(struct trust_keeper *keeper);

/* Other settings (a reload): copied, and told to the prober with the next refresh. */
void trust_keeper_set(struct trust_keeper *keeper, const struct probe_conf *conf);

/* Read the bundles, and configure the prober if they or the settings are new. From any thread. */
bool trust_keeper_refresh(struct trust_keeper *keeper, struct db *db, struct err *err) must_check;

DEFINE_AUTOFREE(trust_keeper);
