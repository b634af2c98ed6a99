/* base/base: the one place a failed assertion goes. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

void assert_failed(const char *claim, const char *file, int line)
{
    fprintf(stderr, "level=error event=assert claim=\"%s\" at=%s:%d\n", claim, file, line);
    abort();
}
