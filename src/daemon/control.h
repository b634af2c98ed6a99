/*
 * daemon/control: what the supervisor and the server process tell each other.
 *
 * One stream socketpair, frames of base/frame. The server's end closes when the supervisor ends,
 * and the server then ends too.
 */
#pragma once

#include "base/base.h"
#include "base/frame.h"

struct conf;
struct err;

enum control_type {
    /* supervisor to server */
    CONTROL_CONF = 1, /* the settings, packed; the first frame, and again after SIGHUP */
    CONTROL_PROBER,   /* with the descriptor of a new prober */
    CONTROL_VAULT,    /* with the descriptor of a new vault; which, and how many have hung */
    CONTROL_STOP,     /* end what is under way and exit */
    CONTROL_IMPORTER, /* with the descriptor of a new importer; without one there is none now */

    /* server to supervisor */
    CONTROL_READY,         /* it serves */
    CONTROL_WANT_IMPORTER, /* one for an upload; answered with CONTROL_IMPORTER */
    CONTROL_VAULT_OVERDUE, /* which does not answer, and for how many milliseconds; told again
                              every second */
};

/* Descriptors as the children find them. */
enum control_fd {
    CONTROL_FD = 3,                /* server: this channel; prober and vault: the server; token:
                                      the vault */
    CONTROL_KEY_DIR_FD = 4,        /* vault: its directory; token: what is kept from it */
    CONTROL_PASSPHRASE_FD = 5,     /* vault: where the passphrase is read from; may be missing */
    CONTROL_LOCK_FD = 6,           /* server: keeps the data directory locked while it lives */
    CONTROL_OLD_PASSPHRASE_FD = 7, /* vault: the passphrase of before; may be missing */
    CONTROL_PIN_FD = 8,            /* vault, token: a token's PIN is read from it; may be missing */
    CONTROL_CA_PIN_FD = 9,         /* vault: the same of the token with authorities' keys */
    CONTROL_LAST_FD = CONTROL_CA_PIN_FD,
};

/*
 * Exit statuses of children. FATAL: trying again would not help, and standard error says why.
 * RETRY: something outside is missing; standard error says what.
 */
enum control_exit { CONTROL_EXIT_OK = 0, CONTROL_EXIT_RETRY = 75, CONTROL_EXIT_FATAL = 78 };

bool control_send_conf(int fd, const struct conf *conf, struct err *err) must_check;

/* A frame without payload; `passed` travels with it unless it is -1, and stays the caller's. */
bool control_send(int fd, enum control_type type, int passed, struct err *err) must_check;

/* CONTROL_VAULT and CONTROL_VAULT_OVERDUE: vaults are counted from 1 over the supervisor's life. */
struct control_vault {
    int64_t number;
    int64_t n_hangs;    /* CONTROL_VAULT: so many were ended because they hung */
    int64_t overdue_ms; /* CONTROL_VAULT_OVERDUE */
};

bool control_send_vault(int fd, enum control_type type, const struct control_vault *vault,
    int passed, struct err *err) must_check;

struct control_message {
    enum control_type type;
    struct conf *conf; /* CONTROL_CONF: the receiver's to free */
    struct control_vault vault;
    int fd; /* CONTROL_PROBER, _VAULT, _IMPORTER: the receiver's to close; else -1 */
};

/* Wait for the next. ERR_NOT_FOUND: the other end is gone. */
bool control_receive(int fd, struct control_message *ret, struct err *err) must_check;
