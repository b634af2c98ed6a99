/* vault/hsm_answer: what the process that has a token's module does with a request. */
#pragma once

#include "base/base.h"

/*
 * Answer what comes from `fd` until it closes; returns the exit status. The token is opened by the
 * first request, and stays so. `where` is as pkcs11_where_read() takes it, its key the label of a
 * key pair that HSM_TAKE may give out; "" for none.
 */
int hsm_answer_all(int fd, const char *where, int pin_fd);
