/*
 * cli/cli: the words after "certdesk", other than those that run the daemon.
 *
 * Each word is a file of its own with one function, and a line in the table of cli.c. The function
 * gets the arguments from its own word on (argv[0] is the word) and returns the exit status. Given
 * an option that it does not know, such as --help, it tells its usage and does nothing else.
 */
#pragma once

#include "base/base.h"

struct cli_word {
    const char *name;
    const char *arguments; /* "HOST[:PORT]… [-o table|json|csv]": tools/check-docs reads it */
    const char *summary;   /* lower-case, no full stop */
    int (*run)(int argc, char **argv);
};

/* Ends with an empty row. */
extern const struct cli_word cli_words[];

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

int cli_audit(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_ca(int argc, char **argv);
int cli_business_group(int argc, char **argv);
int cli_cert(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_csv(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_field(int argc, char **argv);
int cli_group(int argc, char **argv);
int cli_csr(int argc, char **argv);
int cli_key(int argc, char **argv);
int cli_login(int argc, char **argv);
int cli_deployment(int argc, char **argv);
int cli_profile(int argc, char **argv);
int cli_resource(int argc, char **argv);
int cli_standby(int argc, char **argv);
int cli_ticket(int argc, char **argv);
int cli_user(int argc, char **argv);
int cli_view(int argc, char **argv);
int cli_calendar(int argc, char **argv);
int cli_dashboard(int argc, char **argv);
int cli_job(int argc, char **argv);
int cli_notification(int argc, char **argv);
int cli_schedule(int argc, char **argv);
int cli_token(int argc, char **argv);
int cli_trust(int argc, char **argv);
int cli_webhook(int argc, char **argv);
int cli_version(int argc, char **argv);
