/* job/types: the table. */
#include "job/types/types.h"

const struct job_type job_types[] = {
    { "actions", job_actions_run, 5, 60 },
    { "add", job_add_run, 5, 60 },
    { "audit", job_audit_run, 1, 120 },
    { "check", job_check_run, 3, 120 },
    { "cleanup", job_cleanup_run, 1, 120 },
    { "crl", job_crl_run, 5, 60 },
    { "deliver", job_deliver_run, 0, 30, true },
    { "deploy", job_deploy_run, 0, 10, true },
    { "import_csv", job_import_csv_run, 20, 15 },
    { "import_probe", job_import_probe_run, 20, 60 },
    { "jira_events", job_jira_events_run, 0, 60 },
    { "notify", job_notify_run, 5, 30 },
    { "order", job_order_run, 0, 120, true },
    { "outbox", job_outbox_run, 3, 60 },
    { "probe", job_probe_run, 8, 60 },
    { "redisplay", job_redisplay_run, 10, 60 },
    { "replan", job_replan_run, 10, 60 },
    { "renew", job_renew_run, 3, 120, true },
    { "renew_soon", job_renew_run, 1, 120, true },
    { "revoke", job_revoke_run, 0, 120, true },
    { "rewrap", job_rewrap_run, 0, 20 },
    { "update", job_update_run, 5, 60 },
    { 0 },
};
