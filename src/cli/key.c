/* cli: certdesk key recovery. */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "vault/recovery.h"

#define KEY_FILE_MAX 4096

static int usage(void)
{
    fputs("usage: certdesk key recovery FILE\n", stderr);
    return CLI_USAGE;
}

/* The private half goes into the file, the public one to standard output. Needs no server. */
static bool make_recovery_key(const char *file, struct err *err)
{
    autodone(recovery_key) struct recovery_key key;
    autodone(buf) struct buf text = BUF_INIT_SECRET(KEY_FILE_MAX);
    char public_half[RECOVERY_TEXT_SIZE];

    secret_forbid_dumps();
    recovery_key_make(&key);
    recovery_key_write(&key, &text);
    if (!fs_create_new(file, buf_span(&text), 0600, err))
        return false;
    recovery_public_text(key.public_half, public_half);
    printf("recovery_key = %s\n", public_half);
    fprintf(stderr,
        "Put this line into section [backup] of certdesk.conf. The private half is in\n\"%s\": keep "
        "it where no server can read it. Without it no backup can be restored.\n",
        file);
    return true;
}

int cli_key(int argc, char **argv)
{
    struct err err = { 0 };

    if (argc != 3 || strcmp(argv[1], "recovery") != 0 || argv[2][0] == '-')
        return usage();
    return make_recovery_key(argv[2], &err) ? CLI_OK : output_fail(&err);
}
