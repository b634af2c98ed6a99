/* deploy/registry: the list of resources that certificates are brought to. */
#include <string.h>

#include "base/alloc.h"
#include "deploy/deploy.h"
#include "deploy/haproxy/haproxy.h"

static const struct deploy_ops *const all[] = { &deploy_haproxy };

const struct deploy_ops *deploy_ops_find(const char *type)
{
    for (size_t i = 0; i < countof(all); i++)
        if (strcmp(all[i]->type, type) == 0)
            return all[i];
    return NULL;
}

void deploy_target_free(struct deploy_target *target)
{
    if (target)
        target->ops->close(target);
}

void deploy_inspection_done(struct deploy_inspection *inspection)
{
    free(inspection->found);
}
