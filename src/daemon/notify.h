/*
 * daemon/notify: tell the service manager how it goes, by its datagram protocol (sd_notify(3)).
 */
#pragma once

#include "base/base.h"

/* "READY=1", "STOPPING=1", …; nothing happens where nobody asked for it. */
void notify_manager(const char *state);
