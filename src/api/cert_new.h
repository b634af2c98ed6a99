/*
 * api/cert_new: the fields of a record as they come in, for making, editing and sharing one.
 *
 * The readers leave problems with the decoder; who they write for frees the bufs.
 */
#pragma once

#include "api/api.h"
#include "core/rows_cert.h"
#include "monitor/add.h"

/* tags: ["a", "b"] to "a;b", in lower case. */
void cert_new_read_tags(struct json_in *in, struct buf *tags);

/* required_names: a list of names to JSON; null to "". */
void cert_new_read_names(struct json_in *in, struct buf *names);

/* notification_periods: a list of days to JSON; null to "". */
void cert_new_read_periods(struct json_in *in, struct buf *periods);

#define SHARES_MAX 200

/* People around a record, some of whom the request changes. */
struct cert_people_edit {
    bool has_owner;
    int64_t owner_id;
    bool has_assignee;
    int64_t assignee_id;
    bool has_shares;
    struct cert_share shares[SHARES_MAX];
    size_t n_shares;
    int64_t row_version; /* the record's, which must still be that one; 0: whatever */
};

/* "owner", "assignee" and "share". `before` NULL: a new record, which must get an owner: the
 * caller. */
bool cert_new_read_people(struct api_call *call, struct json_in *in, const struct cert_row *before,
    struct cert_people_edit *ret, struct err *err) must_check;

/* "use_key" and "notify" of an access edit, which name some of those it is shared with. */
bool cert_new_read_rights(struct api_call *call, struct json_in *in,
    struct cert_people_edit *people, struct err *err) must_check;

/* Write them, if there is something to write; the rights to give away and to share are checked
 * here. */
bool cert_new_save_people(struct api_call *call, int64_t id, const struct cert_people_edit *people,
    struct err *err) must_check;

/* The body of POST …/endpoints. */
bool cert_new_read_place(struct api_call *call, struct watch_place *ret, struct err *err)
    must_check;

/* What came of POST /certificates. */
struct cert_made {
    int64_t id;
    int64_t job;
    struct id_list endpoints; /* that were there already */
};

/* Decode the body, make the record, and queue its first check. */
bool cert_new_from_json(struct api_call *call, struct json_in *in, struct cert_made *ret,
    struct err *err) must_check;

/* "attachable": visible records that have one of the endpoints already. Frees made->endpoints. */
bool cert_new_write_attachable(struct api_call *call, struct cert_made *made, struct err *err)
    must_check;

/* "groups": the names of all groups of users; of those that contain `q` where it is not NULL. */
bool groups_write_names(struct api_call *call, const char *q, struct err *err) must_check;
