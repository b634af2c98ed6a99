/* cli/cli: the table of words. */
#include "cli/cli.h"

const struct cli_word cli_words[] = {
    { "check", "HOST[:PORT]… [-f FILE] [--starttls PROTO] [--sni NAME] [-o table|json|csv]",
        "look at endpoints from here, without a server", cli_check },
    { "config", "check [--config FILE] | list [-o table|json]",
        "check a configuration, or list what can be set", cli_config },
    { "version", "[-o json]", "print the version", cli_version },
    { 0 },
};
