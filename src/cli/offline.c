/* cli/offline: see the header. */
#include "cli/offline.h"

#include <string.h>
#include <unistd.h>

static const struct {
    const char *flag;
    enum conf_key key;
} options[] = {
    { "--data", CONF_SERVER_DATA },
    { "--database", CONF_DATABASE_URL },
};

void offline_init(struct offline *offline)
{
    *offline = (struct offline){ .sources = { .env = environ } };
}

static void override(struct offline *offline, enum conf_key key, const char *flag,
    const char *value)
{
    size_t n = offline->sources.n_overrides;

    for (size_t i = 0; i < n; i++)
        if (offline->overrides[i].key == key)
            n = i; /* given twice: the last one counts */
    offline->overrides[n] = (struct conf_override){ key, value, flag };
    if (n == offline->sources.n_overrides)
        offline->sources.n_overrides++;
}

bool offline_take(struct offline *offline, int argc, char **argv, int *at)
{
    const char *flag = argv[*at];
    const char *value = *at + 1 < argc ? argv[*at + 1] : NULL;

    if (!value)
        return false;
    if (strcmp(flag, "--config") == 0) {
        offline->sources.file = value;
        *at += 2;
        return true;
    }
    for (size_t i = 0; i < countof(options); i++) {
        if (strcmp(flag, options[i].flag) != 0)
            continue;
        override(offline, options[i].key, flag, value);
        *at += 2;
        return true;
    }
    return false;
}

bool offline_conf(const struct offline *offline, struct conf **ret, struct err *err)
{
    struct conf_sources sources = offline->sources;

    sources.overrides = offline->overrides;
    return conf_load(&sources, ret, err);
}
