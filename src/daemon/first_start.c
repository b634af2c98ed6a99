/* daemon/first_start: see the header. */
#include "daemon/first_start.h"

#include <string.h>

#include "api/tokens.h"
#include "auth/password.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/secret.h"
#include "codec/digest.h"
#include "conf/conf.h"
#include "db/db.h"
#include "job/scheduler.h"
#include "store/account.h"
#include "store/audit.h"
#include "store/delivery.h"
#include "store/job.h"
#include "store/project.h"
#include "store/session.h"

#define ADMIN "admin"

/* What admin signs in with. *ret_is_random: nobody has chosen it, so it must be shown. */
static bool choose_password(const struct conf *conf, struct buf *password, bool *ret_is_random,
    struct err *err)
{
    char random[24];

    *ret_is_random = false;
    if (conf_is_set(conf, CONF_SERVER_ADMIN_PASSWORD)) {
        buf_add_text(password, conf_text(conf, CONF_SERVER_ADMIN_PASSWORD));
    } else if (conf_is_set(conf, CONF_SERVER_ADMIN_PASSWORD_FILE)) {
        if (!fs_read(conf_text(conf, CONF_SERVER_ADMIN_PASSWORD_FILE), password, err))
            return err_wrap(err, "could not read the password of admin");
        while (password->size && strchr("\r\n", password->data[password->size - 1]))
            password->data[--password->size] = '\0';
    } else {
        password_generate(random);
        buf_add_text(password, random);
        secret_wipe(random, sizeof random);
        *ret_is_random = true;
    }
    return password_check_rules(buf_span(password), ADMIN, err) ||
           err_wrap(err, "the password for admin cannot be used");
}

static bool audit(struct tx *tx, const char *action, int64_t id, int64_t now, struct err *err)
{
    struct audit_entry entry = { .at = now,
        .actor = "certdesk",
        .action = action,
        .object_type = "user",
        .object_id = id,
        .object_name = ADMIN };

    return store_audit_add(tx, &entry, err);
}

static void show_password(const struct conf *conf, const struct buf *password)
{
    printf("\n  The first user is made. Sign in at http%s://%s as\n\n"
           "    user      %s\n    password  %s\n\n"
           "  This is shown once; change it under \"Password\".\n\n",
        conf_is_set(conf, CONF_SERVER_TLS_CERT) ? "s" : "", conf_text(conf, CONF_SERVER_LISTEN),
        ADMIN, buf_text(password));
    (void)fflush(stdout);
}

static bool is_anybody_there(struct db *db, bool *ret, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    struct account_row *row = NULL;
    size_t n = 0;

    if (!tx_begin(db, TX_READ, &tx, err) || !store_account_list(tx, NULL, "", 1, &row, &n, err))
        return false;
    if (n)
        account_row_free(row);
    *ret = n > 0;
    return true;
}

static bool make_admin(const struct conf *conf, struct db *db, int64_t now, struct err *err)
{
    autodone(buf) struct buf password = BUF_INIT_SECRET(PASSWORD_MAX);
    autofree(tx) struct tx *tx = NULL;
    char hash[PASSWORD_HASH_SIZE];
    struct account_new account = { .name = ADMIN,
        .display_name = "Administrator",
        .role = "admin",
        .password_hash = hash };
    bool is_random;
    int64_t id;

    if (!choose_password(conf, &password, &is_random, err) ||
        !password_hash(buf_span(&password), hash, err) || !tx_begin(db, TX_WRITE, &tx, err))
        return false;
    if (!store_account_add(tx, &account, now, &id, err))
        return err->kind == ERR_CONFLICT; /* another node was faster */
    if (!audit(tx, "user.create", id, now, err) || !tx_commit(take(&tx), err))
        return false;
    if (is_random)
        show_password(conf, &password);
    return true;
}

static bool store_admin_token(struct db *db, const uint8_t hash[static SHA256_SIZE], int64_t now,
    struct err *err)
{
    autofree(tx) struct tx *tx = NULL;
    autofree(account_row) struct account_row *account = NULL;
    char name[] = "admin_token_file";
    char scopes[] = "admin";
    struct token_row token = { .name = name, .scopes = scopes, .created_at = now };
    int64_t id;

    if (!tx_begin(db, TX_WRITE, &tx, err) || !store_account_find(tx, ADMIN, &account, err))
        return false;
    if (!account)
        return fail(err, ERR_NOT_FOUND, "there is no user admin to make a token for");
    token.account_id = account->id;
    return store_token_add(tx, &token, hash, &id, err) &&
           audit(tx, "token.create", account->id, now, err) && tx_commit(take(&tx), err);
}

/* Does the file hold a token of this database? One that was left by another is written anew. */
static bool is_token_good(const char *path, struct db *db, int64_t now, bool *ret, struct err *err)
{
    autodone(buf) struct buf line = BUF_INIT_SECRET(128);
    struct token_use_row token;
    autofree(tx) struct tx *tx = NULL;
    struct err missing = { 0 };
    uint8_t hash[SHA256_SIZE];

    *ret = false;
    if (!fs_read(path, &line, &missing))
        return true;
    digest_sha256(span_trim(buf_span(&line)), hash);
    return tx_begin(db, TX_READ, &tx, err) && store_token_find(tx, hash, now, &token, ret, err);
}

static bool write_token(const struct conf *conf, struct db *db, int64_t now, struct err *err)
{
    const char *path = conf_text(conf, CONF_SERVER_ADMIN_TOKEN_FILE);
    autodone(buf) struct buf line = BUF_INIT_SECRET(128);
    char token[TOKEN_SIZE];
    uint8_t hash[SHA256_SIZE];

    bool is_good = false;

    if (!conf_is_set(conf, CONF_SERVER_ADMIN_TOKEN_FILE))
        return true;
    if (!is_token_good(path, db, now, &is_good, err))
        return false;
    if (is_good)
        return true;
    token_make(token);
    digest_sha256(span_text(token), hash);
    buf_add_text(&line, token);
    buf_add_char(&line, '\n');
    secret_wipe(token, sizeof token);
    return store_admin_token(db, hash, now, err) &&
           fs_write_atomic(path, buf_span(&line), 0600, err);
}

/* An SQLite file has one server, which has locked the data directory: whoever ran jobs or sent
 * messages is dead, and nobody need wait for the ends of their leases. On PostgreSQL the nodes find
 * out (job/nodes). */
static bool release_leases(struct tx *tx, struct err *err)
{
    return db_is_postgres(tx_db(tx)) ||
           (store_job_release(tx, NULL, err) && store_delivery_end_leases(tx, NULL, err));
}

static bool make_schedules(struct db *db, int64_t now, struct err *err)
{
    autofree(tx) struct tx *tx = NULL;

    return tx_begin(db, TX_WRITE, &tx, err) && scheduler_init(tx, now, err) &&
           store_project_put_default(tx, now, err) && release_leases(tx, err) &&
           tx_commit(take(&tx), err);
}

bool first_start(const struct conf *conf, struct db *db, int64_t now, struct err *err)
{
    bool anybody;

    return is_anybody_there(db, &anybody, err) && (anybody || make_admin(conf, db, now, err)) &&
           write_token(conf, db, now, err) && make_schedules(db, now, err);
}
