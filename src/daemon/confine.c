/* daemon/confine: see the header. */
#include "daemon/confine.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/sandbox.h"
#include "base/span.h"
#include "conf/conf.h"
#include "deploy/deploy.h"

/* The directory in which a file is to be made; the caller frees it. NULL for no file. */
static char *parent_of(const char *path)
{
    autofree(str) char *copy = xstrdup(path);

    return path[0] ? xstrdup(dirname(copy)) : NULL;
}

/* Where an SQLite file lies that the settings name; NULL: there is none. */
static char *database_dir(const struct conf *conf)
{
    const char *url = conf_text(conf, CONF_DATABASE_URL);

    if (strncmp(url, "sqlite:", strlen("sqlite:")) != 0)
        return NULL;
    url += strlen("sqlite:");
    return parent_of(strncmp(url, "//", 2) == 0 ? url + 2 : url);
}

bool confine_server(const struct conf *conf, struct err *err)
{
    const char *data = conf_text(conf, CONF_SERVER_DATA);
    autofree(str) char *db = xasprintf("%s/db", data);
    autofree(str) char *tmp = xasprintf("%s/tmp", data);
    autofree(str) char *vault = xasprintf("%s/vault", data);
    autofree(str) char *other_db = database_dir(conf);
    autofree(deploy_host) struct deploy_host *deploy = NULL;
    struct sandbox_path paths[5 + DEPLOY_DIRECTORIES_MAX] = {
        { "/", SANDBOX_READ },
        { "/dev", SANDBOX_READ | SANDBOX_WRITE },
        { db, SANDBOX_READ | SANDBOX_WRITE },
        { tmp, SANDBOX_READ | SANDBOX_WRITE },
        { other_db ? other_db : db, SANDBOX_READ | SANDBOX_WRITE },
    };
    struct sandbox_files files = { .paths = paths, .n_paths = 5, .except = vault };
    const char *directory;

    if (!deploy_host_new(conf, &deploy, err))
        return false;
    for (size_t i = 0; (directory = deploy_host_directory(deploy, i)); i++)
        paths[files.n_paths++] = (struct sandbox_path){ directory, SANDBOX_READ | SANDBOX_WRITE };
    return sandbox_files(&files, NULL, err) && sandbox_calls(SANDBOX_SERVER, err);
}
