/* db/registry: the databases there are. */
#include "db/driver.h"

static const struct db_ops *const drivers[] = { &postgres_ops, &sqlite_ops };

const struct db_ops *db_registry_find(const char *url)
{
    for (size_t i = 0; i < countof(drivers); i++)
        if (drivers[i]->accepts(url))
            return drivers[i];
    return NULL;
}
