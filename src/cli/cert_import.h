/* cli/cert_import: "certdesk cert import FILE", "certdesk cert replace ID FILE" and "certdesk csr
 * use ID FILE". */
#pragma once

#include "base/base.h"

#define CERT_IMPORT_USAGE                                                                           \
    "certdesk cert import FILE [--key FILE] [--chain FILE] [--password-file FILE|-]\n"              \
    "                            [--key-password-file FILE|-] [--name NAME] [--description TEXT]\n" \
    "                            [--business-group NAME] [--owner NAME] [--assignee NAME]\n"        \
    "                            [--tags A,B] [--share-users A,B] [--share-groups A,B]\n"           \
    "                            [-o table|json]"
#define CERT_REPLACE_USAGE                                                                         \
    "certdesk cert replace ID FILE [--key FILE] [--chain FILE] [--password-file FILE|-]\n"         \
    "                             [--key-password-file FILE|-] [--confirm] [-o table|json]"

#define CSR_USE_USAGE                                                                              \
    "certdesk csr use ID FILE [--chain FILE] [--name NAME] [--description TEXT]\n"                 \
    "                        [--business-group NAME] [--owner NAME] [--assignee NAME]\n"           \
    "                        [--tags A,B] [--share-users A,B] [--share-groups A,B] [-o table|json]"

/* `argv[0]` is the word, `argv[1]` the verb. Each returns the exit status. */
int cert_import_run(int argc, char **argv);
int cert_replace_run(int argc, char **argv);
int csr_use_run(int argc, char **argv);
