/* api/tables: the route tables of the resources, one from each file; each ends with an empty row.
 */
#pragma once

#include "api/api.h"

extern const struct api_route access_routes[];
extern const struct api_route account_routes[];
extern const struct api_route association_routes[];
extern const struct api_route audit_routes[];
extern const struct api_route backup_routes[];
extern const struct api_route business_group_routes[];
extern const struct api_route ca_make_routes[];
extern const struct api_route ca_routes[];
extern const struct api_route calendar_routes[];
extern const struct api_route certificate_action_routes[];
extern const struct api_route certificate_bulk_routes[];
extern const struct api_route certificate_decoded_routes[];
extern const struct api_route certificate_export_routes[];
extern const struct api_route certificate_diff_routes[];
extern const struct api_route certificate_file_routes[];
extern const struct api_route certificate_import_routes[];
extern const struct api_route certificate_part_routes[];
extern const struct api_route certificate_renewal_routes[];
extern const struct api_route certificate_replace_routes[];
extern const struct api_route certificate_routes[];
extern const struct api_route csr_routes[];
extern const struct api_route custom_field_routes[];
extern const struct api_route csr_use_routes[];
extern const struct api_route dashboard_routes[];
extern const struct api_route delivery_routes[];
extern const struct api_route deployment_routes[];
extern const struct api_route description_routes[];
extern const struct api_route endpoint_routes[];
extern const struct api_route group_routes[];
extern const struct api_route metrics_routes[];
extern const struct api_route import_routes[];
extern const struct api_route jira_attachment_routes[];
extern const struct api_route jira_comment_routes[];
extern const struct api_route jira_create_routes[];
extern const struct api_route jira_edit_routes[];
extern const struct api_route jira_issue_routes[];
extern const struct api_route jira_list_routes[];
extern const struct api_route jira_people_routes[];
extern const struct api_route jira_project_routes[];
extern const struct api_route jira_search_routes[];
extern const struct api_route jira_session_routes[];
extern const struct api_route jira_transition_routes[];
extern const struct api_route jira_webhook_routes[];
extern const struct api_route job_routes[];
extern const struct api_route notification_routes[];
extern const struct api_route pki_routes[];
extern const struct api_route profile_routes[];
extern const struct api_route resource_routes[];
extern const struct api_route schedule_routes[];
extern const struct api_route session_routes[];
extern const struct api_route setting_routes[];
extern const struct api_route project_routes[];
extern const struct api_route ticket_file_routes[];
extern const struct api_route ticket_move_routes[];
extern const struct api_route ticket_new_routes[];
extern const struct api_route ticket_routes[];
extern const struct api_route ticket_talk_routes[];
extern const struct api_route token_routes[];
extern const struct api_route trust_routes[];
extern const struct api_route vault_routes[];
extern const struct api_route view_routes[];
extern const struct api_route webhook_routes[];
