/* daemon/restore_target: see the header. */
#include "daemon/restore_target.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backup/load.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/fs.h"
#include "conf/conf.h"
#include "daemon/children.h"
#include "daemon/control.h"
#include "daemon/datadir.h"
#include "daemon/vault_start.h"
#include "store/database.h"
#include "store/schema.h"
#include "store/standby.h"
#include "store/vault_state.h"
#include "vault/client.h"

struct restore_target {
    const struct conf *conf;
    struct datadir dir;
    struct db *db;
    struct child vault_process;
    struct vault_client *vault;
    struct vault_master master; /* the one that was made */
    bool owns_keys;             /* the key directory was empty: what is in it is ours */
    bool owns_database;         /* the SQLite file was not there */
    bool is_finished;
};

/* Calls `visit` for each file; false when one of the calls was. */
static bool each_file(int dir_fd, bool (*visit)(int dir_fd, const char *name))
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool works = true;

    if (!dir)
        return false;
    for (struct dirent *e = readdir(dir); e && works; e = readdir(dir))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            works = visit(dir_fd, e->d_name);
    (void)closedir(dir);
    return works;
}

static bool is_none(int dir_fd, const char *name)
{
    (void)dir_fd;
    (void)name;
    return false;
}

static bool remove_file(int dir_fd, const char *name)
{
    return unlinkat(dir_fd, name, 0) == 0;
}

static bool check_keys(struct restore_target *target, struct err *err)
{
    target->owns_keys = each_file(target->dir.key_dir_fd, is_none);
    return target->owns_keys || fail(err, ERR_CONFLICT,
                                    "\"%s/vault\" holds a master key already, and no second one is "
                                    "made: restore into an empty data directory",
                                    target->dir.path);
}

static bool check_database(struct restore_target *target, struct err *err)
{
    autofree(str) char *file = xasprintf("%s/db/certdesk.db", target->dir.path);

    target->owns_database = !conf_is_set(target->conf, CONF_DATABASE_URL) && !fs_exists(file);
    return database_open(target->conf, &target->db, err) && backup_check_empty(target->db, err);
}

static bool start_vault(struct restore_target *target, struct err *err)
{
    autoclose int ours = -1;
    autoclose int theirs = -1;
    autodone(vault_start) struct vault_start start = VAULT_START_NONE;
    static const struct vault_masters none;

    if (!vault_start_open(target->conf, &start, err) || !frame_pair(&ours, &theirs, err))
        return false;
    struct child_start with = { .channel_fd = theirs,
        .key_dir_fd = target->dir.key_dir_fd,
        .passphrase_fd = start.passphrase_fd,
        .lock_fd = -1,
        .old_passphrase_fd = start.old_passphrase_fd,
        .pin_fd = start.pin_fd,
        .ca_pin_fd = start.ca_pin_fd,
        .level = LOG_LEVEL_WARNING,
        .variable = start.variable };

    target->vault_process.role = CHILD_VAULT;
    if (!child_start(&target->vault_process, &with, clock_mono_ms(), err))
        return false;
    target->vault = vault_client_new(0);
    vault_client_set_fd(target->vault, ours);
    ours = -1;
    return vault_unlock(target->vault, &none, &target->master, err);
}

bool restore_target_new(const struct conf *conf, struct restore_target **ret, struct err *err)
{
    autofree(restore_target) struct restore_target *target = xcalloc(1, sizeof *target);

    target->conf = conf;
    target->dir = (struct datadir){ .lock_fd = -1, .key_dir_fd = -1 };
    if (!datadir_open(conf_text(conf, CONF_SERVER_DATA), &target->dir, err) ||
        !check_keys(target, err) || !check_database(target, err) || !start_vault(target, err))
        return false;
    *ret = take(&target);
    return true;
}

static void stop_vault(struct restore_target *target)
{
    if (target->vault)
        vault_client_set_fd(target->vault, -1);
    vault_client_free(target->vault);
    if (target->vault_process.pid > 0) {
        (void)kill(target->vault_process.pid, SIGTERM);
        (void)waitpid(target->vault_process.pid, NULL, 0);
    }
}

/* SQLite's file, and what it keeps beside it. */
static void remove_database(const struct restore_target *target)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal" };

    for (size_t i = 0; i < countof(endings); i++) {
        autofree(str) char *path = xasprintf("%s/db/certdesk.db%s", target->dir.path, endings[i]);

        (void)unlink(path);
    }
}

void restore_target_free(struct restore_target *target)
{
    if (!target)
        return;
    stop_vault(target);
    db_close(target->db);
    if (!target->is_finished && target->owns_keys)
        (void)each_file(target->dir.key_dir_fd, remove_file);
    if (!target->is_finished && target->owns_database)
        remove_database(target);
    datadir_done(&target->dir);
    free(target);
}

struct db *restore_target_db(const struct restore_target *target)
{
    return target->db;
}

struct vault_client *restore_target_vault(const struct restore_target *target)
{
    return target->vault;
}

bool restore_target_migrate(struct restore_target *target, int64_t n_steps, struct err *err)
{
    int64_t n;

    return migrate(target->db, schema_steps, (size_t)n_steps, clock_now(), &n, err);
}

bool restore_target_finish(struct restore_target *target, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    if (!restore_target_migrate(target, (int64_t)n_schema_steps, err) ||
        !tx_begin(target->db, TX_WRITE_LONG, &tx, err) ||
        !store_master_add(tx, &target->master, clock_now(), err) || !store_restore_end(tx, err) ||
        !tx_commit(take(&tx), err))
        return false;
    target->is_finished = true;
    return true;
}
