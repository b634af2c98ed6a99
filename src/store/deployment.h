/*
 * store/deployment: certificates on their way to the places where they belong.
 *
 * In a place there is at most one deployment under way and one that waits; on a resource, one at a
 * time is being put there. The job `deploy` drives each through its states and writes every step
 * before and after it acts, so that a run that died is taken up where it was. Each attempt is a job
 * of its own, whose payload says which: {"attempt": 2}.
 */
#pragma once

#include "core/rows_resource.h"
#include "store/viewer.h"

struct err;
struct tx;

/*
 * Queue a deployment of `version_id` for every place that the record is associated with on a
 * resource that certificates are brought to. For whoever issued it: no rights are asked for here.
 * ticket_id 0: none. The jobs are queued, too; kick the runner after the commit. *ret_n is how
 * many.
 */
bool deployment_queue(struct tx *tx, int64_t certificate_id, int64_t version_id, int64_t ticket_id,
    int64_t now, int64_t *ret_n, struct err *err) must_check;

/* The tickets that a version of a record was issued by, and that waited until it is served: those
 * for which it was now seen in the last place. */
bool store_deployment_served(struct tx *tx, int64_t certificate_id, int64_t version_id,
    struct id_list *ticket_ids, struct err *err) must_check;

struct deployment_new {
    int64_t resource_id;
    const char *slot;
    int64_t certificate_id;
    int64_t version_id;
    int64_t ticket_id;  /* 0: none */
    int64_t account_id; /* 0: certdesk itself */
};

/* One, with its job. What waited in the place before has failed, because this one is newer. */
bool store_deployment_add(struct tx *tx, const struct deployment_new *deployment, int64_t now,
    int64_t *ret_id, struct err *err) must_check;

/* The version of a record that ought to be served, of those that are not revoked and whose key we
 * have: a staged one before the current. *ret_version_id is 0 where there is none. */
bool store_deployment_wanted(struct tx *tx, int64_t certificate_id, int64_t *ret_version_id,
    struct err *err) must_check;

/* ERR_NOT_FOUND also where the viewer may not see its record. */
bool store_deployment_get(struct tx *tx, const struct store_viewer *viewer, int64_t id,
    struct deployment_row **ret, struct err *err) must_check;

struct deployment_filter {
    int64_t resource_id;    /* 0: any */
    int64_t certificate_id; /* 0: any */
    int state;              /* enum deployment_state; -1: any */
    int64_t before_id;      /* 0: from the newest */
};

/* A page, newest first, of those whose record the viewer may see. */
bool store_deployments(struct tx *tx, const struct store_viewer *viewer,
    const struct deployment_filter *filter, int64_t limit, struct deployment_rows *rows,
    struct err *err) must_check;
bool store_deployment_count(struct tx *tx, const struct store_viewer *viewer,
    const struct deployment_filter *filter, int64_t *ret, struct err *err) must_check;

/*
 * Write state, is_putting_back, n_tries, error, addresses, instants and what was there before. With
 * *ret_busy true nothing was written: another is being put on the resource, or is under way in the
 * place, and this one has to wait.
 */
bool store_deployment_step(struct tx *tx, struct deployment_row *row, int64_t now, bool *ret_busy,
    struct err *err) must_check;

/* Is its record still associated with the place, and nothing newer queued there? */
bool store_deployment_is_wanted(struct tx *tx, const struct deployment_row *row, bool *ret,
    struct err *err) must_check;

/* What waits for this one's place or resource is looked at now. */
bool store_deployment_wake(struct tx *tx, const struct deployment_row *row, int64_t now,
    struct err *err) must_check;

/* Queue it again, and its job. ERR_CONFLICT unless it has failed or was put back, or when something
 * newer is there. */
bool store_deployment_retry(struct tx *tx, struct deployment_row *row, int64_t account_id,
    int64_t now, struct err *err) must_check;

/*
 * In what was restored from a backup: what was under way may have been brought long since, and
 * something newer after it. It has failed, and is deployed again only when somebody asks for it.
 */
bool store_deployment_shelve(struct tx *tx, int64_t now, struct err *err) must_check;

/* Versions of that serial number, whoever has them. */
bool store_deployment_by_serial(struct tx *tx, const char *serial, struct id_list *version_ids,
    struct err *err) must_check;

/*
 * The sealed key of a version, and the chain that goes with it, as the deployment's own record has
 * them, or one that brought this version to the same place before. A resource tells what is there,
 * and is not believed so far that it gets keys of others: *ret_key is 0 where neither has the key.
 */
bool store_deployment_key(struct tx *tx, const struct deployment_row *row, int64_t version_id,
    int64_t *ret_key, int64_t *ret_chain, struct err *err) must_check;
