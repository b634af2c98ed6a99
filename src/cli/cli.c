/* cli/cli: the table of words. */
#include "cli/cli.h"

const struct cli_word cli_words[] = {
    { "audit", "verify [--checkpoint SEQ:HASH] [--signer KEY] [--data DIR] [-o table|json]",
        "prove that the audit log was not changed, without a server", cli_audit },
    { "backup", "[--force] FILE", "fetch a backup of everything from the server", cli_backup },
    { "ca",
        "list | create NAME | show NAME | csr NAME | install NAME FILE | crl NAME | edit NAME"
        " | disable NAME | enable NAME | remove NAME | issued NAME [OPTION…]",
        "certificate authorities of one's own: make, list, change", cli_ca },
    { "check", "HOST[:PORT]… [-f FILE] [--starttls PROTO] [--sni NAME] [-o table|json|csv]",
        "look at endpoints from here, without a server", cli_check },
    { "csr", "create NAME… | list | show ID | use ID FILE | delete ID [OPTION…]",
        "certificate requests with a key in the vault: make, list, use", cli_csr },
    { "key", "show | rotate [--wait] | recovery FILE",
        "the master key: show, rotate; make the key pair for backups", cli_key },
    { "login", "URL [--user NAME] [--token-file FILE|-]",
        "sign in to a server, for the words that follow", cli_login },
    { "cert",
        "list | show ID | add HOST[:PORT]… | update ID… | import FILE | replace ID FILE"
        " | access ID | bulk ACTION [OPTION…]",
        "certificates: list, look at, add, refresh, bring as files, share", cli_cert },
    { "group",
        "list | show NAME | add NAME [USER…] | remove NAME | join NAME USER… | leave NAME USER…",
        "groups of users: list, make, fill, remove", cli_group },
    { "csv", "import FILE|- [--dry-run] | export [-o FILE]",
        "tables of certificates: bring them in, get them out", cli_csv },
    { "profile",
        "list | show NAME | add NAME --ca CA | edit NAME | check NAME FILE | delete NAME"
        " | force NAME [OPTION…]",
        "profiles: what may be issued, by which CA, and when it is renewed", cli_profile },
    { "resource",
        "list | show NAME | add NAME | edit NAME | remove NAME | put NAME PLACE=ID…"
        " | clear NAME PLACE… | test NAME | deploy NAME [PLACE…]",
        "resources: list, make, and which certificate is where on them", cli_resource },
    { "deployment", "list | show ID | retry ID",
        "certificates on their way to resources: list, look at, try again", cli_deployment },
    { "standby", "[end]", "tell or end the standby of a server that was restored", cli_standby },
    { "ticket", "create | list | show KEY | enroll | renew | revoke | …",
        "tickets: make them, move them on, look at them", cli_ticket },
    { "config", "check [--config FILE] | list [-o table|json]",
        "check a configuration, or list what can be set", cli_config },
    { "user", "list | add NAME | edit NAME | remove NAME [OPTION…]",
        "users: list, make, change, remove and hand over what they own", cli_user },
    { "version", "[-o json]", "print the version", cli_version },
    { 0 },
};
