/* core/rows_ticket: see the header. */
#include "core/rows_ticket.h"

#include "base/alloc.h"

void ticket_row_done(struct ticket_row *row)
{
    free(row->key);
    free(row->type);
    free(row->status);
    free(row->summary);
    free(row->description);
    free(row->certificate);
    free(row->project);
    free(row->profile);
    free(row->domain);
    free(row->ca_certificate_id);
    free(row->reporter);
    free(row->assignee);
    free(row->priority);
    free(row->labels);
    free(row->acknowledged_by);
    free(row->resolution);
    *row = (struct ticket_row){ 0 };
}

void comment_row_done(struct comment_row *row)
{
    free(row->author);
    free(row->body);
    *row = (struct comment_row){ 0 };
}

void change_row_done(struct change_row *row)
{
    free(row->actor);
    free(row->field);
    free(row->old_value);
    free(row->new_value);
    *row = (struct change_row){ 0 };
}

void notice_row_done(struct notice_row *row)
{
    free(row->channel);
    *row = (struct notice_row){ 0 };
}

void attachment_row_done(struct attachment_row *row)
{
    free(row->author);
    free(row->name);
    free(row->media_type);
    *row = (struct attachment_row){ 0 };
}

void approval_row_done(struct approval_row *row)
{
    free(row->account);
    free(row->comment);
    *row = (struct approval_row){ 0 };
}

void watcher_row_done(struct watcher_row *row)
{
    free(row->account);
    free(row->email);
    *row = (struct watcher_row){ 0 };
}

void project_row_done(struct project_row *row)
{
    free(row->key);
    free(row->name);
    free(row->lead);
    *row = (struct project_row){ 0 };
}

DEFINE_ROWS(ticket);
DEFINE_ROWS(comment);
DEFINE_ROWS(change);
DEFINE_ROWS(notice);
DEFINE_ROWS(attachment);
DEFINE_ROWS(approval);
DEFINE_ROWS(watcher);
DEFINE_ROWS(project);
