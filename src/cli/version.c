/* cli: certdesk version. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

int cli_version(int argc, char **argv)
{
    if (argc == 1) {
        puts("certdesk " CERTDESK_VERSION);
        return CLI_OK;
    }
    if (argc == 3 && strcmp(argv[1], "-o") == 0 && strcmp(argv[2], "json") == 0) {
        puts("{\"version\": \"" CERTDESK_VERSION "\"}");
        return CLI_OK;
    }
    fputs("usage: certdesk version [-o json]\n", stderr);
    return CLI_USAGE;
}
