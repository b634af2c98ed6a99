/* cli/cert_access: "certdesk cert access ID", and "certdesk cert bulk ACTION". */
#pragma once

#include "base/base.h"

#define CERT_ACCESS_USAGE                                                                          \
    "certdesk cert access ID [--owner NAME] [--assignee NAME|-] [--share-users A,B]\n"             \
    "                            [--share-groups A,B] [--key-users A,B] [--key-groups A,B]\n"      \
    "                            [--notify-users A,B] [--notify-groups A,B] [-o table|json]"
#define CERT_BULK_USAGE                                                                              \
    "certdesk cert bulk ACTION ID… | --all | --status S,… [--search TEXT] [--tag TAG]\n"         \
    "                            [--unused] [--user NAME|-] [--users A,B] [--groups A,B]\n"          \
    "                            [--use-key] [--tags A,B] [--business-group NAME] [-o table|json]\n" \
    "         ACTION: assign, set-owner, share, unshare, tag, untag, set-business-group, delete"

/* `argv[0]` is "cert", `argv[1]` the verb. Both return the exit status. */
int cert_access_run(int argc, char **argv);
int cert_bulk_run(int argc, char **argv);
