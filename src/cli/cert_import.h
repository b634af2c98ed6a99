/* cli/cert_import: "certdesk cert import FILE" and "certdesk cert replace ID FILE". */
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

/* argv[0] is "import" or "replace". Returns the exit status. */
int cert_import_run(int argc, char **argv);
