/*
 * job/types/selection: on whose behalf a job works, and which records it is about.
 */
#pragma once

#include "auth/permission.h"
#include "core/rows.h"
#include "store/cert_list.h"

struct err;
struct json;
struct tx;

/*
 * Who asked. What they may do is asked again for each record, as it is now. ERR_DENIED if they may
 * do nothing any more, or are gone: their work never becomes certdesk's own, which may do anything.
 */
bool job_principal(struct tx *tx, int64_t account_id, struct principal *ret, struct err *err)
    must_check;
struct store_viewer job_viewer(const struct principal *who);

/* {"ids": […]} or {"filter": {…}} of a payload, which must outlive it. */
struct selection {
    struct cert_filter filter;
    bool has_ids;
    struct id_list ids; /* of the request; empty with a filter */
    size_t n_taken;     /* of these, how many were taken up */
    int64_t after_id;
    int64_t now;
    bool is_done;
};

/* The API has checked what is in `payload`. */
void selection_read(struct selection *selection, const struct json *payload, int64_t now);
void selection_done(struct selection *selection);

/* Up to `limit` more ids, and only those that `who` may see: none does not mean that it is done. */
bool selection_next(struct tx *tx, struct selection *selection, const struct principal *who,
    size_t limit, struct id_list *ids, struct err *err) must_check;

DEFINE_AUTODONE(selection);
