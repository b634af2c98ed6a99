/* store/database: see the header. */
#include "store/database.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "conf/conf.h"
#include "db/migrate.h"
#include "store/schema.h"
#include "store/standby.h"
#include "store/vault_state.h"

/* DIR/db/certdesk.db unless the settings name another. The caller frees it. May hold a password. */
static char *url_of(const struct conf *conf)
{
    if (conf_is_set(conf, CONF_DATABASE_URL))
        return xstrdup(conf_text(conf, CONF_DATABASE_URL));
    return xasprintf("%s/db/certdesk.db", conf_text(conf, CONF_SERVER_DATA));
}

bool database_is_remote(const struct conf *conf)
{
    return span_starts_with(span_text(conf_text(conf, CONF_DATABASE_URL)), "postgres");
}

static bool open_for(const struct conf *conf, int64_t busy_ms, struct db **ret, struct err *err)
{
    autofree(str) char *url = url_of(conf);
    struct db_conf db_conf = { .url = url,
        .cache_kib = conf_i64(conf, CONF_DATABASE_CACHE) / 1024,
        .map_bytes = conf_i64(conf, CONF_DATABASE_MAP),
        .busy_ms = busy_ms };
    bool ok = db_open(&db_conf, ret, err);

    explicit_bzero(url, strlen(url));
    return ok;
}

bool database_open(const struct conf *conf, struct db **ret, struct err *err)
{
    return open_for(conf, 0, ret, err);
}

bool database_open_impatient(const struct conf *conf, struct db **ret, struct err *err)
{
    return open_for(conf, 1, ret, err);
}

/* Without a schema to bring up to date nothing would have been written yet. */
static bool check_writable(struct db *db, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_WRITE, &tx, err) && store_restore_check(tx, err) &&
           store_vault_state_touch(tx, err) && tx_commit(take(&tx), err);
}

bool database_prepare(const struct conf *conf, int64_t now, struct err *err)
{
    autofree(db) struct db *db = NULL;
    int64_t n = 0;

    if (!database_open(conf, &db, err))
        return false;
    if (!migrate(db, schema_steps, n_schema_steps, now, &n, err))
        return err_wrap(err, "could not bring the database up to date");
    if (!check_writable(db, err))
        return err_wrap(err, "cannot write to the database");
    if (n > 0)
        log_info("database.migrated", KV_I64("steps", n), KV_STR("database", db_version(db)));
    return true;
}

static bool has_schema(struct db *db, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    int64_t n = 0;

    if (!tx_begin(db, TX_READ, &tx, err) || !migrate_state(tx, &n, err))
        return false;
    if (n == 0)
        return fail(err, ERR_NOT_FOUND, "the database holds nothing of certdesk's yet");
    if (n != (int64_t)n_schema_steps)
        return fail(err, ERR_CONFLICT,
            "the database has schema %" PRId64 ", and this certdesk %zu: start the server once", n,
            n_schema_steps);
    return true;
}

bool database_open_existing(const struct conf *conf, struct db **ret, struct err *err)
{
    autofree(str) char *file = xasprintf("%s/db/certdesk.db", conf_text(conf, CONF_SERVER_DATA));
    autofree(db) struct db *db = NULL;

    /* SQLite would make the file. */
    if (!conf_is_set(conf, CONF_DATABASE_URL) && !fs_exists(file))
        return fail(err, ERR_NOT_FOUND, "there is no database at %s; --data says where to look",
            file);
    if (!database_open(conf, &db, err) || !has_schema(db, err))
        return false;
    *ret = take(&db);
    return true;
}
