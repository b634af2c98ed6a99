/*
 * daemon/vault_start: see the header.
 *
 * The vault's variable is "SOURCE\nRECOVERY KEY\nCA MODULE\nCA TOKEN\nCA KEY\nMODULE\nTOKEN\nKEY",
 * a token's process gets the three of the CA: no secrets.
 */
#include "daemon/vault_start.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "conf/conf.h"
#include "daemon/children.h"
#include "daemon/control.h"

#define VARIABLE "CERTDESK_VAULT"
#define TOKEN_VARIABLE "CERTDESK_TOKEN"

static bool open_file(const struct conf *conf, enum conf_key key, const char *what, int *ret_fd,
    struct err *err)
{
    const char *path = conf_text(conf, key);

    if (path[0] == '\0')
        return true;
    *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_fd >= 0 || fail_errno(err, ERR_INVALID, "could not open the %s \"%s\"", what, path);
}

/* What the settings leave out: a token where there is one, else a passphrase, else a file. */
static enum vault_source source_of(const struct conf *conf)
{
    if (conf_is_set(conf, CONF_VAULT_SOURCE))
        return (enum vault_source)conf_i64(conf, CONF_VAULT_SOURCE);
    if (conf_text(conf, CONF_VAULT_PKCS11_MODULE)[0])
        return VAULT_PKCS11;
    return conf_text(conf, CONF_VAULT_PASSPHRASE_FILE)[0] ? VAULT_PASSPHRASE : VAULT_FILE;
}

bool vault_start_open(const struct conf *conf, struct vault_start *ret, struct err *err)
{
    autodone(vault_start) struct vault_start start = VAULT_START_NONE;

    if (!open_file(conf, CONF_VAULT_PASSPHRASE_FILE, "passphrase file", &start.passphrase_fd,
            err) ||
        !open_file(conf, CONF_VAULT_OLD_PASSPHRASE_FILE, "old passphrase file",
            &start.old_passphrase_fd, err) ||
        !open_file(conf, CONF_VAULT_PKCS11_PIN_FILE, "PIN file", &start.pin_fd, err) ||
        !open_file(conf, CONF_CA_PKCS11_PIN_FILE, "PIN file", &start.ca_pin_fd, err))
        return false;
    start.variable = xasprintf(VARIABLE "=%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s",
        vault_source_name(source_of(conf)), conf_text(conf, CONF_BACKUP_RECOVERY_KEY),
        conf_text(conf, CONF_CA_PKCS11_MODULE), conf_text(conf, CONF_CA_PKCS11_TOKEN),
        conf_text(conf, CONF_CA_PKCS11_KEY), conf_text(conf, CONF_VAULT_PKCS11_MODULE),
        conf_text(conf, CONF_VAULT_PKCS11_TOKEN), conf_text(conf, CONF_VAULT_PKCS11_KEY));
    *ret = start;
    start = (struct vault_start)VAULT_START_NONE;
    return true;
}

void vault_start_done(struct vault_start *start)
{
    fd_close(start->passphrase_fd);
    fd_close(start->old_passphrase_fd);
    fd_close(start->pin_fd);
    fd_close(start->ca_pin_fd);
    free(start->variable);
    *start = (struct vault_start)VAULT_START_NONE;
}

static int given(int fd)
{
    return fcntl(fd, F_GETFD) >= 0 ? fd : -1;
}

/* What the variable says of the token with authorities' keys: three lines, at the start of *rest,
 * which it is cut off from. Empty where there is none. */
static struct span cut_token(struct span *rest)
{
    const uint8_t *start = rest->data;
    struct span module = SPAN_EMPTY, part;

    if (!span_split(rest, '\n', &module) || !span_split(rest, '\n', &part) ||
        !span_split(rest, '\n', &part) || module.size == 0)
        return SPAN_EMPTY;
    return span_of(start, (size_t)(part.data + part.size - start));
}

static struct span skip_to_token(const char *variable)
{
    struct span rest = span_text(variable), part;

    (void)span_split(&rest, '\n', &part);
    (void)span_split(&rest, '\n', &part);
    return cut_token(&rest);
}

/* In the vault. Nothing but the new process needs the PIN. */
static bool start_token(int fd, struct err *err)
{
    struct span token = skip_to_token(getenv(VARIABLE)); /* NOLINT(concurrency-mt-unsafe) */
    autofree(str) char *variable =
        xasprintf(TOKEN_VARIABLE "=%.*s", (int)token.size, (const char *)token.data);
    struct child child = { .role = CHILD_TOKEN };
    const struct child_start with = { .channel_fd = fd,
        .key_dir_fd = CONTROL_KEY_DIR_FD,
        .passphrase_fd = -1,
        .lock_fd = -1,
        .old_passphrase_fd = -1,
        .pin_fd = CONTROL_CA_PIN_FD,
        .ca_pin_fd = -1,
        .level = LOG_LEVEL_WARNING,
        .variable = variable };
    bool ok = child_start(&child, &with, clock_mono_ms(), err);

    (void)close(CONTROL_CA_PIN_FD);
    return ok;
}

bool vault_start_read_token(struct hsm_process_conf *ret, struct err *err)
{
    static char hidden[PATH_MAX];
    const char *where = getenv(TOKEN_VARIABLE); /* NOLINT(concurrency-mt-unsafe) */

    /* The data directory, from its part that the vault keeps keys in. */
    if (fchdir(CONTROL_KEY_DIR_FD) != 0 || !realpath("..", hidden) || chdir("/") != 0)
        return fail_errno(err, ERR_INTERNAL, "could not find the data directory");
    (void)close(CONTROL_KEY_DIR_FD);
    *ret = (struct hsm_process_conf){ .fd = CONTROL_FD,
        .pin_fd = given(CONTROL_PIN_FD),
        .where = where ? where : "",
        .hidden = hidden };
    return true;
}

void vault_start_read(struct vault_process_conf *ret)
{
    const char *variable = getenv(VARIABLE); /* NOLINT(concurrency-mt-unsafe): before threads */
    struct span rest = span_text(variable), source_name = SPAN_EMPTY, recovery_key = SPAN_EMPTY;
    enum vault_source source = VAULT_FILE;

    if (span_split(&rest, '\n', &source_name))
        (void)vault_source_from_name(source_name, &source);
    if (span_split(&rest, '\n', &recovery_key))
        span_copy_text(recovery_key, ret->recovery_key, sizeof ret->recovery_key);
    ret->start_token = cut_token(&rest).size > 0 ? start_token : NULL;
    ret->access = (struct master_access){ .passphrase_fd = given(CONTROL_PASSPHRASE_FD),
        .old_passphrase_fd = given(CONTROL_OLD_PASSPHRASE_FD),
        .pin_fd = given(CONTROL_PIN_FD),
        .pkcs11 = rest.size > 0 && rest.data[0] != '\n' ? (const char *)rest.data : NULL,
        .wants_pkcs11 = source == VAULT_PKCS11,
        .wants_passphrase = source == VAULT_PASSPHRASE };
}
