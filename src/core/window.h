/*
 * core/window: when people are to be told that a certificate ends.
 *
 * A period is a number of days before the end (90, 60, …), negative after it (-1 is one day after).
 * Each version in a record has each notice once. Several periods that passed at once give one
 * notice, that of the latest. A period longer than the certificate's lifetime is skipped: nobody
 * needs to hear of the end on the day of the beginning.
 */
#pragma once

#include "base/base.h"

struct err;

#define WINDOW_PERIODS_MAX 32
#define WINDOW_DAYS_MAX 3650

enum priority {
    PRIORITY_LOWEST,
    PRIORITY_LOW,
    PRIORITY_MEDIUM,
    PRIORITY_HIGH,
    PRIORITY_HIGHEST,
    N_PRIORITIES,
};

const char *priority_name(enum priority priority); /* "lowest", … */
bool priority_from_name(const char *name, enum priority *ret);

/* Largest first: 90, 60, 30, 14, 7, 3, 1, -1, -7. */
struct window_periods {
    int64_t days[WINDOW_PERIODS_MAX];
    size_t n;
};

void window_default_periods(struct window_periods *ret);

/* A JSON list such as "[90,30,-1]" in any order, 0 and duplicates refused. ERR_INVALID says what is
 * wrong. */
bool window_periods_from_json(const char *json, struct window_periods *ret, struct err *err)
    must_check;

struct window_input {
    const struct window_periods *periods;
    int64_t begins_at;
    int64_t expires_at;
    const int64_t *noticed; /* periods told of already, for this record and version, in any order */
    size_t n_noticed;
    int64_t snoozed_until; /* 0: not */
    int64_t now;
};

struct window_answer {
    bool is_due;            /* tell people now */
    int64_t period;         /* then: for which period; earlier ones are thereby told of, too */
    enum priority priority; /* of the ticket, as of that period */
    int64_t next_at;        /* when to look again; 0: never for this version */
};

void window_look(const struct window_input *input, struct window_answer *ret);

/* By the part of the periods that has passed: the first notice is low, after the end is highest. */
enum priority window_priority(const struct window_periods *periods, int64_t period);
