/* daemon/vault_start: see the header. The variable is "SOURCE\nRECOVERY KEY\nMODULE\nTOKEN\nKEY";
 * no secrets. */
#include "daemon/vault_start.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "conf/conf.h"
#include "daemon/control.h"

#define VARIABLE "CERTDESK_VAULT"

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
    autodone(vault_start) struct vault_start start = { -1, -1, -1, NULL };

    if (!open_file(conf, CONF_VAULT_PASSPHRASE_FILE, "passphrase file", &start.passphrase_fd,
            err) ||
        !open_file(conf, CONF_VAULT_OLD_PASSPHRASE_FILE, "old passphrase file",
            &start.old_passphrase_fd, err) ||
        !open_file(conf, CONF_VAULT_PKCS11_PIN_FILE, "PIN file", &start.pin_fd, err))
        return false;
    start.variable = xasprintf(VARIABLE "=%s\n%s\n%s\n%s\n%s", vault_source_name(source_of(conf)),
        conf_text(conf, CONF_BACKUP_RECOVERY_KEY), conf_text(conf, CONF_VAULT_PKCS11_MODULE),
        conf_text(conf, CONF_VAULT_PKCS11_TOKEN), conf_text(conf, CONF_VAULT_PKCS11_KEY));
    *ret = start;
    start = (struct vault_start){ -1, -1, -1, NULL };
    return true;
}

void vault_start_done(struct vault_start *start)
{
    fd_close(start->passphrase_fd);
    fd_close(start->old_passphrase_fd);
    fd_close(start->pin_fd);
    free(start->variable);
    *start = (struct vault_start){ -1, -1, -1, NULL };
}

static int given(int fd)
{
    return fcntl(fd, F_GETFD) >= 0 ? fd : -1;
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
    ret->access = (struct master_access){ .passphrase_fd = given(CONTROL_PASSPHRASE_FD),
        .old_passphrase_fd = given(CONTROL_OLD_PASSPHRASE_FD),
        .pin_fd = given(CONTROL_PIN_FD),
        .pkcs11 = rest.size > 0 && rest.data[0] != '\n' ? (const char *)rest.data : NULL,
        .wants_pkcs11 = source == VAULT_PKCS11,
        .wants_passphrase = source == VAULT_PASSPHRASE };
}
