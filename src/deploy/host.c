/* deploy/host: what the host's configuration allows resources to touch (deploy/deploy.h). */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "conf/conf.h"
#include "deploy/deploy.h"
#include "net/addr.h"

struct deploy_host {
    char *directories[DEPLOY_DIRECTORIES_MAX];
    size_t n;
    struct addr_ranges *allow;
};

void deploy_host_free(struct deploy_host *host)
{
    if (!host)
        return;
    for (size_t i = 0; i < host->n; i++)
        free(host->directories[i]);
    addr_ranges_free(host->allow);
    free(host);
}

static bool is_plain(const char *path)
{
    return path[0] == '/' && !strstr(path, "/../") && !strstr(path, "//") &&
           (strlen(path) < 3 || strcmp(path + strlen(path) - 3, "/..") != 0);
}

static bool add_directory(struct deploy_host *host, struct span text, struct err *err)
{
    autofree(str) char *path = NULL;

    while (text.size > 1 && text.data[text.size - 1] == '/')
        text.size--;
    path = span_dup(text);
    if (!is_plain(path) || strcmp(path, "/") == 0)
        return fail(err, ERR_INVALID, "deploy.directories: \"%s\" is no absolute directory", path);
    if (host->n == DEPLOY_DIRECTORIES_MAX)
        return fail(err, ERR_LIMIT, "deploy.directories: more than %d", DEPLOY_DIRECTORIES_MAX);
    host->directories[host->n++] = take(&path);
    return true;
}

bool deploy_host_new(const struct conf *conf, struct deploy_host **ret, struct err *err)
{
    autofree(deploy_host) struct deploy_host *host = xcalloc(1, sizeof *host);
    struct span rest = span_text(conf_text(conf, CONF_DEPLOY_DIRECTORIES));
    struct span part;

    while (span_split(&rest, ',', &part)) {
        part = span_trim(part);
        if (part.size && !add_directory(host, part, err))
            return false;
    }
    if (!addr_ranges_parse(conf_text(conf, CONF_DEPLOY_ALLOW), &host->allow, err))
        return err_wrap(err, "deploy.allow");
    *ret = take(&host);
    return true;
}

const char *deploy_host_directory(const struct deploy_host *host, size_t n)
{
    return n < host->n ? host->directories[n] : NULL;
}

const struct addr_ranges *deploy_host_allow(const struct deploy_host *host)
{
    return host->allow;
}

static bool is_below(const char *path, const char *directory)
{
    size_t size = strlen(directory);

    return strncmp(path, directory, size) == 0 && path[size] == '/' && path[size + 1] != '\0';
}

/* Where `path` really leads, as far as it exists; the caller frees. NULL: its directory does not.
 */
static char *resolve(const char *path)
{
    char *whole = realpath(path, NULL);
    autofree(str) char *copy = xstrdup(path);
    char *slash = strrchr(copy, '/');
    autofree(str) char *parent = NULL;

    if (whole || !slash || slash == copy)
        return whole;
    *slash = '\0';
    parent = realpath(copy, NULL);
    return parent ? xasprintf("%s/%s", parent, slash + 1) : NULL;
}

bool deploy_host_permit_path(const struct deploy_host *host, const char *path, struct err *err)
{
    autofree(str) char *real = NULL;

    if (!is_plain(path))
        return fail(err, ERR_DENIED, "\"%s\" is no plain absolute path", path);
    real = resolve(path);
    for (size_t i = 0; i < host->n; i++) {
        autofree(str) char *directory = real ? realpath(host->directories[i], NULL) : NULL;

        if (real ? directory && is_below(real, directory) : is_below(path, host->directories[i]))
            return true;
    }
    return fail(err, ERR_DENIED,
        "\"%s\" is not below one of the directories that deploy.directories allows", path);
}
