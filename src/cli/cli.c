/* cli/cli: the table of words. */
#include "cli/cli.h"

const struct cli_word cli_words[] = {
    { "audit", "verify [--checkpoint SEQ:HASH] [--signer KEY] [--data DIR] [-o table|json]",
        "prove that the audit log was not changed, without a server", cli_audit },
    { "backup", "[--force] FILE", "fetch a backup of everything from the server", cli_backup },
    { "check", "HOST[:PORT]… [-f FILE] [--starttls PROTO] [--sni NAME] [-o table|json|csv]",
        "look at endpoints from here, without a server", cli_check },
    { "csr", "create NAME… | list | show ID | use ID FILE | delete ID [OPTION…]",
        "certificate requests with a key in the vault: make, list, use", cli_csr },
    { "key", "show | rotate [--wait] | recovery FILE",
        "the master key: show, rotate; make the key pair for backups", cli_key },
    { "login", "URL [--user NAME] [--token-file FILE|-]",
        "sign in to a server, for the words that follow", cli_login },
    { "cert",
        "list | show ID | add HOST[:PORT]… | update ID… | import FILE | replace ID FILE [OPTION…]",
        "certificates: list, look at, add, refresh, bring as files", cli_cert },
    { "csv", "import FILE|- [--dry-run] | export [-o FILE]",
        "tables of certificates: bring them in, get them out", cli_csv },
    { "standby", "[end]", "tell or end the standby of a server that was restored", cli_standby },
    { "ticket", "list | show KEY | comment KEY TEXT|-", "tickets: list, look at, comment on",
        cli_ticket },
    { "config", "check [--config FILE] | list [-o table|json]",
        "check a configuration, or list what can be set", cli_config },
    { "version", "[-o json]", "print the version", cli_version },
    { 0 },
};
