/*
 * monitor/judge: what a record's endpoints serve, held against the record, from the database.
 *
 * Loads everything that core/compare asks for and asks it. The same judgement moves versions after
 * a check and is shown beside the endpoints.
 */
#pragma once

#include "core/compare.h"
#include "core/rows_cert.h"
#include "core/rows_endpoint.h"
#include "core/rows_version.h"

struct err;
struct tx;

struct judgement {
    struct cert_row *cert;
    struct record_version_rows versions;
    struct endpoint_rows endpoints;
    struct observation_rows observations; /* by endpoint, address and slot */
    struct version_rows seen;             /* what is observed and no version of the record */
    struct compare_version *input;        /* the record's versions, then those of `seen` */
    struct name_set *names;               /* of each of them */
    char **labels;
    size_t n_input;
    struct name_set needed;
    struct compare_input compared; /* borrows from all of the above */
    struct compare_result result;
};

/* ERR_NOT_FOUND when there is no such record. */
bool judge_record(struct tx *tx, int64_t certificate_id, int64_t now, struct judgement *ret,
    struct err *err) must_check;

/* The same of a record that has been read; it is taken. */
bool judge_row(struct tx *tx, struct cert_row *take_cert, int64_t now, struct judgement *ret,
    struct err *err) must_check;
void judgement_done(struct judgement *judgement);

/* The version of that id, whether the record has it or an address serves it; NULL if neither. */
const struct version_row *judgement_version(const struct judgement *judgement, int64_t version_id);

/* The record's own row of it, or NULL. */
const struct record_version_row *judgement_record_version(const struct judgement *judgement,
    int64_t version_id);

DEFINE_AUTODONE(judgement);
