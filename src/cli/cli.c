/* cli/cli: the table of words. */
#include "cli/cli.h"

const struct cli_word cli_words[] = {
    { "config", "check [--config FILE] | list [-o table|json]",
        "check a configuration, or list what can be set", cli_config },
    { "version", "[-o json]", "print the version", cli_version },
    { 0 },
};
