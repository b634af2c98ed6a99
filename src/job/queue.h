/*
 * job/queue: takes due jobs and runs them on the workers.
 *
 * A job is a row; whatever its function does, the row says what comes next: done with a result,
 * again later, or failed. A function is idempotent: a node that dies leaves a lease that ends, and
 * another takes the job up again.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "core/rows_job.h"

struct ca_services;
struct db;
struct deploy_host;
struct err;
struct job_runner;
struct loop;
struct notifier;
struct probe_client;
struct syslog_target;
struct trust_keeper;
struct tx;
struct vault_client;
struct workers;

/* Something that happened to a ticket, for a webhook of Jira's kind. Everything is borrowed. */
struct jira_event {
    const char *name; /* "jira:issue_updated" */
    int64_t ticket_id;
    int64_t actor_id; /* 0: certdesk itself */
    int64_t at;
    const struct id_list *changes; /* may be empty */
    int64_t comment_id;            /* 0: it is about none */
    const char *public_url;
    int64_t account_id; /* on whose behalf it is told */
    bool sees_all;
    bool excludes_body;
};

/* What job functions may use besides the database; lives as long as the server. */
struct job_services {
    struct probe_client *prober;
    struct vault_client *vault;
    const struct ca_services *cas; /* what certificate authorities are asked with */
    struct trust_keeper *trust;
    struct notifier *notifier;
    struct job_runner *runner;
    const struct deploy_host *deploy;         /* what resources may touch on this host */
    const struct syslog_target *audit_syslog; /* where checkpoints of the audit log go */
    const char *node;                         /* this process, as leases name it */

    /* How it is said: api/jira/hooks, which stands above the jobs. */
    bool (*write_jira_event)(struct tx *tx, const struct jira_event *event, struct buf *body,
        struct err *err);
};

/* One run of one job. */
struct job_run {
    const struct job_row *row;
    const struct job_services *services;
    struct db *db;
    int64_t now;       /* when the run began */
    struct buf result; /* JSON, kept with the job when it is done; "{}" if left empty */
    int64_t again_at;  /* set: the job is not done, run it again then */
};

/*
 * Returning false with ERR_UNAVAILABLE has the job tried again, with back-off, up to max_attempts;
 * any other error fails it for good.
 */
struct job_type {
    const char *name;
    bool (*run)(struct job_run *run, struct err *err);
    int max_attempts;      /* 0: without end */
    int64_t lease_seconds; /* how long a silent run is believed to be alive */
    bool acts_outside;     /* mails, orders, deploys: waits while the server is in standby */
};

/*
 * Say how far the run is, and keep its lease. In a transaction of its own; call it every few
 * seconds. ERR_CONFLICT: another node has taken the job over; stop at once.
 */
bool job_run_progress(struct job_run *run, int64_t done, int64_t total, struct err *err) must_check;

/* The same within a transaction of the caller's, which then changes something only if the job is
 * still this run's. */
bool job_run_progress_in(struct job_run *run, struct tx *tx, int64_t done, int64_t total,
    struct err *err) must_check;

/* `types` ends with an empty row. At most `n_slots` jobs run at once. Loop and workers outlive it.
 */
struct job_runner *job_runner_new(struct loop *loop, struct workers *workers,
    const struct job_services *services, const struct job_type *types, size_t n_slots) must_check;

/* Look for due jobs now. From any thread; costs nothing when all slots are busy. */
void job_runner_kick(struct job_runner *runner);

/* Start looking by itself, too: each second. On the loop. */
void job_runner_start(struct job_runner *runner);

/* Take no more jobs; those that run are told by job_run_progress(). On the loop. */
void job_runner_stop(struct job_runner *runner);

/* After the workers have stopped. */
void job_runner_free(struct job_runner *runner);

DEFINE_AUTOFREE(job_runner);
