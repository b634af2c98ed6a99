/*
 * notify/notifier: the settings that messages are sent by. They change with a reload; whoever sends
 * takes the snapshot of the moment. From any thread.
 */
#pragma once

#include "base/base.h"

struct conf;
struct notifier;

/* `node` sends; borrowed. */
struct notifier *notifier_new(struct conf *conf, const char *node) must_check;
void notifier_free(struct notifier *notifier);
void notifier_set(struct notifier *notifier, struct conf *conf);

/* Counted: the caller gives it back with conf_free(). */
struct conf *notifier_conf(struct notifier *notifier) must_check;

const char *notifier_node(const struct notifier *notifier);

/* Is a mail server configured? */
bool notifier_has_mail(struct notifier *notifier);

/* The address under which users reach the server, without "/" at its end; "" where it is unknown.
 * The caller frees. */
char *notifier_public_url(const struct conf *conf) must_check;

/* The sender of mails, as the settings say or as they follow from the host's name. The caller
 * frees. */
char *notifier_sender(const struct conf *conf) must_check;

DEFINE_AUTOFREE(notifier);
