/*
 * daemon/restore: see the header.
 *
 * The file is read twice: the first time only to see that it is whole, signed, and opens. Nothing
 * is made before that is known.
 */
#include "daemon/restore.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/load.h"
#include "backup/reader.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"
#include "cli/offline.h"
#include "codec/hex.h"
#include "daemon/restore_target.h"
#include "store/sealed_key.h"
#include "vault/checkpoint.h"
#include "vault/client_ca.h"
#include "vault/recovery.h"

#define KEY_FILE_MAX 4096

struct restore {
    struct offline offline;
    const char *file;
    const char *key_file;
    const char *signer; /* NULL: any */
    bool only_checks;
    int fd;
    struct recovery_key key;
    struct backup_info info;
    struct backup_counts counts;
    char signed_by[2 * BACKUP_PUBLIC_SIZE + 1];
    int64_t n_in_token; /* keys of authorities that no backup has */
    int64_t n_unproved; /* of these: the token is not there, or has others */
    struct err why;     /* of the last of those */
};

static bool read_key(struct restore *r, struct err *err)
{
    autodone(buf) struct buf text = BUF_INIT_SECRET(KEY_FILE_MAX);

    return (fs_read(r->key_file, &text, err) && recovery_key_read(buf_span(&text), &r->key, err)) ||
           err_wrap(err, "\"%s\"", r->key_file);
}

static bool open_backup(struct restore *r, struct backup_reader **ret, struct err *err)
{
    autofree(secret) struct secret *key = NULL;
    struct backup_preamble preamble;
    char text[RECOVERY_TEXT_SIZE];

    if (lseek(r->fd, 0, SEEK_SET) != 0)
        return fail_errno(err, ERR_INVALID, "\"%s\" is no file that can be read twice", r->file);
    if (!backup_read_preamble(r->fd, &preamble, err))
        return false;
    recovery_public_text(backup_preamble_public(&preamble).data, text);
    if (!span_equal(backup_preamble_public(&preamble),
            span_of(r->key.public_half, sizeof r->key.public_half)))
        return fail(err, ERR_DENIED, "it was made for another recovery key, %s", text);
    return recovery_open(&r->key, backup_preamble_sealed_key(&preamble), &key, err) &&
           backup_reader_new(r->fd, &preamble, key, ret, err) &&
           backup_read_info(*ret, &r->info, err);
}

static bool check_signature(struct restore *r, struct backup_reader *reader, struct err *err)
{
    struct vault_checkpoint backup = { 0 };

    if (!backup_read_signature(reader, backup.hash, backup.signature, backup.public_key, err))
        return false;
    if (!checkpoint_verify_backup(&backup))
        return fail(err, ERR_INVALID, "the backup's signature does not hold");
    hex_encode(span_of(backup.public_key, sizeof backup.public_key), r->signed_by,
        sizeof r->signed_by);
    if (r->signer && strcmp(r->signer, r->signed_by) != 0)
        return fail(err, ERR_DENIED, "the backup is signed by another installation, with key %s",
            r->signed_by);
    return true;
}

/* To its last byte: what is damaged is found before anything is made of it. */
static bool check_whole(struct restore *r, struct err *err)
{
    autofree(backup_reader) struct backup_reader *reader = NULL;
    struct backup_item *item = xcalloc(1, sizeof *item);
    bool works = open_backup(r, &reader, err);

    while (works && item->type != BACKUP_END)
        works = backup_next(reader, item, err);
    free(item);
    if (!works || !check_signature(r, reader, err))
        return false;
    r->counts = *backup_reader_counts(reader);
    return true;
}

struct adopting {
    struct restore *restore;
    struct vault_client *vault;
};

/*
 * The key of an authority must sign for its certificate. Where it lies in a token, it can be
 * brought back later: that is told, and no reason to have nothing restored.
 */
static bool prove(const struct adopting *a, const struct vault_binding *binding, struct span blob,
    struct err *err)
{
    struct restore *r = a->restore;
    bool is_in_token = false;

    if (vault_ca_prove(a->vault, blob, binding, &is_in_token, err)) {
        r->n_in_token += is_in_token;
        return true;
    }
    if (err->kind != ERR_UNAVAILABLE && err->kind != ERR_CONFLICT)
        return false;
    r->n_in_token++;
    r->n_unproved++;
    r->why = *err;
    err_clear(err);
    return true;
}

static bool adopt(void *arg, const struct sealed_key_row *key, struct span sealed, struct buf *blob,
    struct buf *spki, struct err *err)
{
    const struct adopting *a = arg;
    struct vault_binding binding = sealed_key_binding(key);
    autofree(secret) struct secret *data_key = NULL;

    if (!recovery_open_data_key(&a->restore->key, sealed, &binding, &data_key, err) ||
        !vault_adopt_key(a->vault, buf_span(&key->blob), &binding, data_key, blob, spki, err))
        return false;
    return binding.purpose != VAULT_CA || prove(a, &binding, buf_span(blob), err);
}

static bool fill(struct restore *r, struct restore_target *target, struct err *err)
{
    autofree(backup_reader) struct backup_reader *reader = NULL;
    struct adopting adopting = { r, restore_target_vault(target) };
    const struct backup_adopter adopter = { adopt, &adopting };

    return open_backup(r, &reader, err) && restore_target_migrate(target, r->info.n_steps, err) &&
           backup_load(reader, &r->info, restore_target_db(target), &adopter, clock_now(), err) &&
           restore_target_finish(target, err);
}

static bool restore(struct restore *r, struct err *err)
{
    autofree(conf) struct conf *conf = NULL;
    autofree(restore_target) struct restore_target *target = NULL;

    r->fd = open(r->file, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0)
        return fail_errno(err, ERR_NOT_FOUND, "could not open \"%s\"", r->file);
    if (!offline_conf(&r->offline, &conf, err) || !read_key(r, err) || !check_whole(r, err))
        return false;
    if (r->only_checks)
        return true;
    return restore_target_new(conf, &target, err) && fill(r, target, err);
}

static void tell_of_tokens(const struct restore *r)
{
    if (r->n_in_token > r->n_unproved)
        printf("%" PRId64 " keys of certificate authorities lie in a token and are in no backup; "
               "the token has them, and they fit\n",
            r->n_in_token - r->n_unproved);
    if (r->n_unproved > 0)
        fprintf(stderr,
            "certdesk: %" PRId64
            " keys of certificate authorities lie in a token, are in no backup, "
            "and sign nothing until the token has them: %s\n",
            r->n_unproved, r->why.msg);
}

static void tell(const struct restore *r)
{
    printf("%s: %" PRId64 " rows and %" PRId64 " private keys of %s, made at %s\n",
        r->only_checks ? "the backup is whole" : "restored", r->counts.n_rows, r->counts.n_keys,
        r->info.node, r->info.created_at);
    printf("signed by %s\n", r->signed_by);
    tell_of_tokens(r);
    if (!r->only_checks)
        puts("The server starts in standby: it sends no mail, orders nothing and deploys nothing\n"
             "until an admin says \"certdesk standby end\", or does so in the page.");
}

static int usage(void)
{
    fputs("usage: certdesk restore " RESTORE_ARGUMENTS "\n", stderr);
    return 2;
}

static bool read_arguments(struct restore *r, int argc, char **argv)
{
    uint8_t key[BACKUP_PUBLIC_SIZE];

    for (int i = 1; i < argc;) {
        if (offline_take(&r->offline, argc, argv, &i))
            continue;
        if (strcmp(argv[i], "--check") == 0) {
            r->only_checks = true;
            i++;
        } else if (strcmp(argv[i], "--recovery-key") == 0 && i + 1 < argc) {
            r->key_file = argv[i + 1];
            i += 2;
        } else if (strcmp(argv[i], "--signer") == 0 && i + 1 < argc) {
            r->signer = argv[i + 1];
            i += 2;
        } else if (argv[i][0] != '-' && !r->file) {
            r->file = argv[i++];
        } else {
            return false;
        }
    }
    return r->file && r->key_file &&
           (!r->signer || hex_decode(span_text(r->signer), key, sizeof key, NULL));
}

int restore_run(int argc, char **argv)
{
    struct restore r = { .fd = -1 };
    struct err err = { 0 };

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        puts("usage: certdesk restore " RESTORE_ARGUMENTS "\n\n"
             "make an installation of a backup; it starts in standby");
        return 0;
    }
    offline_init(&r.offline);
    if (!read_arguments(&r, argc, argv))
        return usage();
    secret_forbid_dumps();
    bool works = restore(&r, &err);

    fd_close(r.fd);
    recovery_key_done(&r.key);
    if (!works) {
        fprintf(stderr, "certdesk: %s\n", err.msg);
        return 1;
    }
    tell(&r);
    return 0;
}
