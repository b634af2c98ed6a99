/*
 * store/cert_filter: which records are meant, as JSON says it: {"status": ["expired"], "tag":
 * "web"}.
 *
 * The one reading of it, for requests and for the jobs that do later what a request has asked: a
 * condition that one of them did not know would make a job do more than was asked.
 */
#pragma once

#include "codec/json_in.h"
#include "store/cert_list.h"

/* Problems are the decoder's. What is borrowed lives as long as the JSON. */
void cert_filter_from_json(struct json_in *in, struct cert_filter *ret);

/* The parts of it, for filters that come in another way. */
bool cert_filter_add_status(struct cert_filter *filter, const char *word);
bool cert_filter_add_source(struct cert_filter *filter, const char *word);

/* Is it a flag that can be asked for, or NULL? */
bool cert_filter_is_flag(const char *word);

/* Is it a status that the ticket of a certificate can have, or NULL? */
bool cert_filter_is_stage(const char *word);

/* "-" is nobody, which a filter has as ""; NULL stays. */
const char *cert_filter_assignee(const char *word);
