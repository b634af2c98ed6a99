/* store/viewer: see the header. */
#include "store/viewer.h"

#include "base/err.h"
#include "store/read.h"

static const char stale[] = "stale row version";

bool store_is_stale(const struct err *err)
{
    return err->kind == ERR_CONFLICT && strcmp(err->detail, stale) == 0;
}

bool fail_stale(struct err *err, const char *what)
{
    fail(err, ERR_CONFLICT, "somebody has changed the %s since it was read", what);
    return err_detail(err, "%s", stale);
}
