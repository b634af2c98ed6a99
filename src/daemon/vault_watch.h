/*
 * daemon/vault_watch: notice a vault that hangs.
 *
 * It is asked something small every few seconds, so that one that hangs is found out before
 * somebody needs it. Whenever an answer is overdue the supervisor is told, which sees whether the
 * vault is at work, and otherwise ends it and starts another.
 */
#pragma once

#include "base/base.h"

struct err;
struct loop;
struct vault_client;
struct vault_watch;
struct workers;

/* All of it outlives the watch. */
struct vault_watch_conf {
    struct loop *loop;
    struct workers *workers;
    struct vault_client *vault;

    /* Tell the supervisor. On the loop, every second for as long as it goes on. */
    bool (*tell)(void *arg, int64_t overdue_ms, struct err *err) must_check;
    void *arg;
};

/* On the loop's thread; it begins at once. */
struct vault_watch *vault_watch_new(const struct vault_watch_conf *conf) must_check;

/* After the workers have stopped. */
void vault_watch_free(struct vault_watch *watch);

DEFINE_AUTOFREE(vault_watch);
