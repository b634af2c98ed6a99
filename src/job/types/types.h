/* job/types: every kind of job there is, one file each. */
#pragma once

#include "job/queue.h"

/* Ends with an empty row. */
extern const struct job_type job_types[];

bool job_actions_run(struct job_run *run, struct err *err) must_check;
bool job_add_run(struct job_run *run, struct err *err) must_check;
bool job_audit_run(struct job_run *run, struct err *err) must_check;
bool job_check_run(struct job_run *run, struct err *err) must_check;
bool job_cleanup_run(struct job_run *run, struct err *err) must_check;
bool job_crl_run(struct job_run *run, struct err *err) must_check;
bool job_deliver_run(struct job_run *run, struct err *err) must_check;
bool job_deploy_run(struct job_run *run, struct err *err) must_check;
bool job_import_csv_run(struct job_run *run, struct err *err) must_check;
bool job_import_probe_run(struct job_run *run, struct err *err) must_check;
bool job_jira_events_run(struct job_run *run, struct err *err) must_check;
bool job_notify_run(struct job_run *run, struct err *err) must_check;
bool job_order_run(struct job_run *run, struct err *err) must_check;
bool job_outbox_run(struct job_run *run, struct err *err) must_check;
bool job_probe_run(struct job_run *run, struct err *err) must_check;
bool job_redisplay_run(struct job_run *run, struct err *err) must_check;
bool job_replan_run(struct job_run *run, struct err *err) must_check;
bool job_renew_run(struct job_run *run, struct err *err) must_check;
bool job_revoke_run(struct job_run *run, struct err *err) must_check;
bool job_rewrap_run(struct job_run *run, struct err *err) must_check;
bool job_update_run(struct job_run *run, struct err *err) must_check;
