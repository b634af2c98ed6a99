/* job/types/import_plan: see the header. People's part is in import_people.c. */
#include "job/types/import_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/hostport.h"
#include "store/audit.h"
#include "store/business_group.h"
#include "store/cert.h"
#include "store/cert_match.h"
#include "store/endpoint.h"
#include "store/import.h"

#define DETAIL_MAX (1U << 20)
#define SHOWN_MAX 2000 /* bytes of a text, in the list of changes */

void import_plan_init(struct import_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    buf_init(&plan->tags, 65536);
    buf_init(&plan->detail, DETAIL_MAX);
}

void import_plan_clear(struct import_plan *plan)
{
    cert_row_free(take(&plan->before));
    free(take(&plan->name));
    free(take(&plan->is_new_place));
    for (size_t i = 0; i < SHEET_FIELDS_MAX; i++)
        free(take(&plan->fields[i]));
    buf_clear(&plan->tags);
    buf_clear(&plan->detail);
    plan->people = (struct cert_people){ 0 };
    plan->sets_people = plan->sets_tags = plan->sets_place = false;
    plan->business_group_id = 0;
    plan->n_changes = 0;
}

void import_plan_done(struct import_plan *plan)
{
    import_plan_clear(plan);
    buf_done(&plan->tags);
    buf_done(&plan->detail);
}

void import_plan_change(struct import_plan *plan, enum sheet_column column, const char *before,
    const char *after)
{
    import_plan_change_in(plan, sheet_column_name(column), before, after);
}

void import_plan_change_in(struct import_plan *plan, const char *column, const char *before,
    const char *after)
{
    if (plan->n_changes++ == 0) {
        json_out_init(&plan->out, &plan->detail);
        json_begin_object(&plan->out, NULL);
        json_begin_array(&plan->out, "changes");
    }
    json_begin_object(&plan->out, NULL);
    json_str(&plan->out, "column", column);
    json_str_span(&plan->out, "old", span_slice(span_text(before), 0, SHOWN_MAX));
    json_str_span(&plan->out, "new", span_slice(span_text(after), 0, SHOWN_MAX));
    json_end(&plan->out);
}

/* ---- which record ---- */

static bool complain_unknown(struct import_record *record)
{
    import_record_complain(record, SHEET_ID, "there is no such record");
    return true;
}

/* What may not be edited is not there, for whoever may not. */
static bool check_rights(struct import_context *context, struct tx *tx,
    struct import_record *record, int64_t *id, unsigned *relations, struct err *err)
{
    struct err why = { 0 };

    if (!store_cert_relations(tx, *id, context->who->account_id, relations, &why)) {
        if (why.kind != ERR_NOT_FOUND) {
            *err = why;
            return false;
        }
        *id = 0;
        return complain_unknown(record);
    }
    if (permission_allows(context->who, ACTION_EDIT, *relations))
        return true;
    *id = 0;
    return complain_unknown(record);
}

/* *ret_id is 0 for a new one, and where the record has been complained of. */
static bool find_record(struct import_context *context, struct tx *tx, struct import_record *record,
    int64_t *ret_id, unsigned *relations, struct err *err)
{
    const char *const typed = import_record_value(record, SHEET_ID);
    const bool edits_all = permission_allows(context->who, ACTION_EDIT, 0);
    int64_t n = 0;

    *ret_id = 0;
    if (typed[0] && !parse_i64(span_text(typed), 1, INT64_MAX, ret_id, NULL))
        return complain_unknown(record);
    if (!typed[0] && record->look != IMPORT_LOOK_FREE &&
        !store_cert_match_name(tx, context->who->account_id, edits_all, record->name_lower, ret_id,
            &n, err))
        return false;
    if (n > 1) {
        *ret_id = 0;
        import_record_complain(record, SHEET_NAME,
            "there are several records of this name: say which, with their id");
    }
    return !*ret_id || check_rights(context, tx, record, ret_id, relations, err);
}

static bool check_met(struct import_context *context, struct tx *tx, struct import_record *record,
    int64_t id, struct err *err)
{
    int64_t line;

    if (!store_import_met(tx, context->import_id, id, &line, err))
        return false;
    if (line)
        import_record_complain_at(record, record->line, "",
            "this is the record of an earlier line: give all of its rows its id, or none");
    return true;
}

/* ---- what differs ---- */

static void compare_text(const struct import_record *record, struct import_plan *plan,
    enum sheet_column column, const char *before)
{
    const char *const after = import_record_value(record, column);

    if (record->values[column] && strcmp(before ? before : "", after) != 0)
        import_plan_change(plan, column, before, after);
}

/* Blanks around a cell are nobody's intention, and those around a name, which the cell has lost, no
 * change. */
static void compare_name(const struct import_record *record, struct import_plan *plan,
    const char *before)
{
    const char *const after = import_record_value(record, SHEET_NAME);

    if (after[0] && !span_equal(span_trim(span_text(before)), span_text(after)))
        import_plan_change(plan, SHEET_NAME, before, after);
}

static bool has_place(const struct endpoint_rows *rows, const struct watch_place *place)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct endpoint_row *row = &rows->items[i];

        if (row->port == place->port && strcmp(row->host, place->host) == 0 &&
            strcmp(row->sni, place->sni) == 0 && strcmp(row->protocol, place->protocol) == 0)
            return true;
    }
    return false;
}

static bool compare_places(struct tx *tx, const struct import_record *record,
    struct import_plan *plan, struct err *err)
{
    autodone(endpoint_rows) struct endpoint_rows rows = { 0 };

    if (!store_endpoints_of_cert(tx, plan->before->id, &rows, err))
        return false;
    plan->is_new_place = xcalloc(record->n_places, sizeof *plan->is_new_place);
    for (size_t i = 0; i < record->n_places; i++) {
        const struct watch_place *place = &record->places[i];

        plan->is_new_place[i] = !has_place(&rows, place);
        if (!plan->is_new_place[i])
            continue;
        plan->sets_place = true;
        import_plan_change(plan, SHEET_HOST, "", hostport_text(place->host, place->port).text);
    }
    return true;
}

static bool compare(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, unsigned relations, struct err *err)
{
    const struct cert_row *before = plan->before;

    compare_name(record, plan, before->name);
    compare_text(record, plan, SHEET_DESCRIPTION, before->description);
    compare_text(record, plan, SHEET_BUSINESS_GROUP, before->business_group);
    if (record->values[SHEET_TAGS] && strcmp(buf_text(&plan->tags), before->tags) != 0) {
        import_plan_change(plan, SHEET_TAGS, before->tags, buf_text(&plan->tags));
        plan->sets_tags = true;
    }
    return import_plan_fields(context, tx, record, plan, err) &&
           import_plan_people(context, tx, record, plan, relations, err) &&
           compare_places(tx, record, plan, err);
}

static bool plan_existing(struct import_context *context, struct tx *tx,
    struct import_record *record, struct import_plan *plan, int64_t id, unsigned relations,
    struct err *err)
{
    const struct store_viewer system = STORE_SYSTEM;

    if (!check_met(context, tx, record, id, err) ||
        !store_cert_get(tx, &system, id, &plan->before, err))
        return false;
    plan->name =
        xstrdup(import_record_value(record, SHEET_NAME)[0] ? import_record_value(record, SHEET_NAME)
                                                           : plan->before->name);
    if (!compare(context, tx, record, plan, relations, err))
        return false;
    if (plan->n_changes) {
        json_end(&plan->out);
        json_end(&plan->out);
    }
    plan->action = plan->n_changes ? IMPORT_UPDATED : IMPORT_UNCHANGED;
    return !plan->n_changes || json_out_check(&plan->out, err);
}

static bool plan_new(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, struct err *err)
{
    plan->name = xstrdup(import_record_name(record));
    plan->action = IMPORT_CREATED;
    return import_plan_fields(context, tx, record, plan, err) &&
           import_plan_people(context, tx, record, plan, 0, err);
}

static const char *name_of_failed(const struct import_record *record)
{
    const char *const name = import_record_value(record, SHEET_NAME);

    if (name[0])
        return name;
    return record->n_places ? record->places[0].host : import_record_value(record, SHEET_ID);
}

bool import_plan_make(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, struct err *err)
{
    int64_t id = 0;
    unsigned relations = 0;
    bool works = true;

    if (record->values[SHEET_TAGS])
        import_plan_tags(record, plan);
    if (record->n_errors == 0)
        works = find_record(context, tx, record, &id, &relations, err);
    if (works && record->n_errors == 0)
        works = id ? plan_existing(context, tx, record, plan, id, relations, err)
                   : plan_new(context, tx, record, plan, err);
    if (!works)
        return false;
    if (record->n_errors) {
        plan->action = IMPORT_FAILED;
        if (!plan->name)
            plan->name = xstrdup(name_of_failed(record));
    }
    return true;
}

/* ---- doing it ---- */

static bool find_or_add_group(struct import_context *context, struct tx *tx, const char *name,
    int64_t *ret_id, struct err *err)
{
    *ret_id = 0;
    if (!name[0])
        return true;
    if (!import_names_find(&context->names, tx, IMPORT_NAME_BUSINESS_GROUP, name, ret_id, err))
        return false;
    if (*ret_id)
        return true;
    if (!store_business_group_put(tx, name, ret_id, err))
        return false;
    import_names_set(&context->names, IMPORT_NAME_BUSINESS_GROUP, name, *ret_id);
    return true;
}

bool import_plan_put_group(struct import_context *context, struct tx *tx,
    const struct import_record *record, struct import_plan *plan, struct err *err)
{
    return find_or_add_group(context, tx, import_record_value(record, SHEET_BUSINESS_GROUP),
        &plan->business_group_id, err);
}

struct cert_new import_plan_new(const struct import_record *record, const struct import_plan *plan)
{
    return (struct cert_new){ .name = plan->name,
        .name_lower = record->name_lower,
        .description = import_record_value(record, SHEET_DESCRIPTION),
        .owner_id = plan->people.owner_id,
        .assignee_id = plan->people.assignee_id,
        .business_group_id = plan->business_group_id,
        .tags = plan->tags.size ? buf_text(&plan->tags) : NULL,
        .shares = plan->shares,
        .n_shares = plan->people.n_shares };
}

struct audit_entry import_plan_audit(const struct import_context *context,
    const struct import_plan *plan, const char *action, int64_t id)
{
    return (struct audit_entry){ .at = context->now,
        .account_id = context->who->account_id,
        .actor = context->who->name,
        .action = action,
        .object_type = "certificate",
        .object_id = id,
        .object_name = plan->name,
        .after = buf_text(&plan->detail) };
}

static bool attach_places(struct tx *tx, const struct import_context *context,
    const struct import_record *record, const struct import_plan *plan, struct err *err)
{
    int64_t endpoint;

    for (size_t i = 0; i < record->n_places; i++) {
        if (plan->is_new_place[i] &&
            !watch_attach(tx, plan->before->id, &record->places[i], context->now, &endpoint, err))
            return false;
    }
    return true;
}

bool import_plan_update(struct import_context *context, struct tx *tx,
    const struct import_record *record, struct import_plan *plan, struct err *err)
{
    const int64_t id = plan->before->id;
    struct cert_edit edit = { .description = record->values[SHEET_DESCRIPTION] };
    struct cert_people people = plan->people;
    const struct audit_entry entry = import_plan_audit(context, plan, "certificate.edit", id);

    people.shares = plan->shares;
    if (strcmp(plan->name, plan->before->name) != 0)
        edit.name = plan->name;
    if (plan->sets_tags)
        edit.tags = buf_text(&plan->tags);
    if (record->values[SHEET_BUSINESS_GROUP]) {
        if (!import_plan_put_group(context, tx, record, plan, err))
            return false;
        edit.business_group_id = &plan->business_group_id;
    }
    return store_cert_edit(tx, id, &edit, context->now, err) &&
           import_plan_write_fields(context, tx, plan, id, err) &&
           (!plan->sets_people || store_cert_set_people(tx, id, &people, 0, context->now, err)) &&
           (!plan->sets_place || attach_places(tx, context, record, plan, err)) &&
           store_audit_add(tx, &entry, err);
}
