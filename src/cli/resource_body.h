/*
 * cli/resource_body: what is said of a resource on the command line, as the API wants it.
 */
#pragma once

#include "base/base.h"
#include "codec/json.h"

struct err;

#define RESOURCE_WORDS_MAX 500

struct resource_words {
    const char *items[RESOURCE_WORDS_MAX];
    size_t n;
};

struct resource_options {
    const char *search;
    const char *name;
    const char *description;
    const char *type;
    const char *socket;
    const char *address;
    struct resource_words slots;     /* "SLOT=CERTIFICATE[,FILE[,CRT_LIST]]" */
    struct resource_words endpoints; /* "[SLOT=]HOST[:PORT[:SNI]]" */
    struct resource_words users;
    struct resource_words groups;
    const char *rounds;
    const char *timeout;
    bool waits;
};

/* ERR_LIMIT when there are too many. */
bool resource_words_add(struct resource_words *words, const char *word, struct err *err) must_check;

/* The members that were given. ERR_INVALID names the word that cannot be understood. */
bool resource_body_write(const struct resource_options *options, struct json_out *out,
    struct err *err) must_check;
