/*
 * store/ticket_words: what a ticket is found by: key, summary, description, the names in what it
 * asks for, and what was said about it. Case folded, in an index of three letters each, as the
 * records' (store/cert_words). Not for others than store/.
 */
#pragma once

#include "store/select.h"

struct err;
struct tx;

struct ticket_texts {
    const char *key;
    const char *summary;
    const char *description;
    const char *names; /* separated by blanks; NULL: those that were put before */
};

/* Write them as they are now. */
bool ticket_words_put(struct tx *tx, int64_t ticket_id, const struct ticket_texts *texts,
    struct err *err) must_check;
/* Other names; the rest stays. */
bool ticket_words_put_names(struct tx *tx, int64_t ticket_id, const char *names, struct err *err)
    must_check;
bool comment_words_put(struct tx *tx, int64_t comment_id, const char *body, struct err *err)
    must_check;

/* Before the row itself goes. */
bool comment_words_drop(struct tx *tx, int64_t comment_id, struct err *err) must_check;
/* A ticket's own, and those of its comments. */
bool ticket_words_drop(struct tx *tx, int64_t ticket_id, struct err *err) must_check;

enum ticket_text {
    TICKET_TEXT_SUMMARY,
    TICKET_TEXT_DESCRIPTION,
    TICKET_TEXT_OWN, /* key, summary, description and names */
    TICKET_TEXT_COMMENT,
    TICKET_TEXT_ALL, /* TICKET_TEXT_OWN, or one comment */
};

#define TICKET_WORDS_MAX 20

/* What is searched for: all of them, wherever they stand in a text. */
struct ticket_words {
    char *items[TICKET_WORDS_MAX]; /* folded */
    size_t n;
};
#define TICKET_WORD_MAX 400 /* bytes; the rest of a longer one is not looked at */
void ticket_words_add(struct ticket_words *words, struct span word); /* "" is none */
void ticket_words_done(struct ticket_words *words);

/* How they are looked for: all that have them by the index, or one ticket after the other. What has
 * no three letters in a row is not in the index. */
enum ticket_words_way { TICKET_WORDS_BY_INDEX, TICKET_WORDS_BY_LOOK };

/* Appends a condition on t, in parentheses. */
void ticket_words_condition(struct tx *tx, struct select *select, const struct ticket_words *words,
    enum ticket_text text, enum ticket_words_way way);

/* Do many tickets have the words? Then a page of them is sooner found by looking. */
bool ticket_words_plan(struct tx *tx, const struct ticket_words *words, enum ticket_text text,
    enum ticket_words_way *ret, struct err *err) must_check;

DEFINE_AUTODONE(ticket_words);
