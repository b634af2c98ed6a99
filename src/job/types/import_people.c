/* job/types/import_people: owner, assignee, shares and tags of a record of a table
 * (job/types/import_plan.h). */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/parse.h"
#include "codec/fold.h"
#include "job/types/import_plan.h"

/* "" and a column that is not there leave *id. An empty assignee is nobody, an empty owner the one
 * there is. */
static bool find_person(struct import_context *context, struct tx *tx, struct import_record *record,
    enum sheet_column column, int64_t *id, struct err *err)
{
    const char *const name = import_record_value(record, column);
    int64_t found;

    if (!name[0])
        return true;
    if (!import_names_find(&context->names, tx, IMPORT_NAME_USER, name, &found, err))
        return false;
    if (found)
        *id = found;
    else
        import_record_complain(record, column, "there is no user \"%s\"", name);
    return true;
}

static const struct access_row *find_access(const struct access_rows *rows, int64_t account_id,
    int64_t group_id)
{
    for (size_t i = 0; i < rows->n; i++) {
        const struct access_row *row = &rows->items[i];

        if (row->account_id == account_id && row->group_id == group_id &&
            (row->relation == RELATION_SHARED_USER || row->relation == RELATION_SHARED_GROUP))
            return row;
    }
    return NULL;
}

/* Who shared the record before keeps the rights they had. */
static void add_share(struct import_plan *plan, const struct access_rows *before,
    int64_t account_id, int64_t group_id)
{
    const struct access_row *known = find_access(before, account_id, group_id);

    for (size_t i = 0; i < plan->people.n_shares; i++)
        if (plan->shares[i].account_id == account_id && plan->shares[i].group_id == group_id)
            return;
    plan->shares[plan->people.n_shares++] = (struct cert_share){ .account_id = account_id,
        .group_id = group_id,
        .may_use_key = known && known->may_use_key,
        .is_notified = known && known->is_notified };
}

/* The users or groups of a list, or those there were where the table does not say. */
static bool read_shares(struct import_context *context, struct tx *tx, struct import_record *record,
    enum sheet_column column, struct import_plan *plan, const struct access_rows *before,
    struct err *err)
{
    const bool is_group = column == SHEET_SHARE_GROUPS;
    struct span rest = span_text(import_record_value(record, column));
    struct span part;

    while (span_split(&rest, ';', &part)) {
        autofree(str) char *name = span_dup(span_trim(part));
        int64_t id;

        if (!name[0])
            continue;
        if (!import_names_find(&context->names, tx, is_group ? IMPORT_NAME_GROUP : IMPORT_NAME_USER,
                name, &id, err))
            return false;
        if (!id)
            import_record_complain(record, column, "there is no %s \"%s\"",
                is_group ? "group" : "user", name);
        else if (plan->people.n_shares == IMPORT_SHARES_MAX)
            import_record_complain(record, column, "a record is shared with at most %d",
                IMPORT_SHARES_MAX);
        else if (is_group || id != plan->people.owner_id)
            add_share(plan, before, is_group ? 0 : id, is_group ? id : 0);
    }
    return true;
}

static void keep_shares(struct import_plan *plan, const struct access_rows *before, bool groups)
{
    for (size_t i = 0; i < before->n && plan->people.n_shares < IMPORT_SHARES_MAX; i++) {
        const struct access_row *row = &before->items[i];

        if (row->relation == (groups ? RELATION_SHARED_GROUP : RELATION_SHARED_USER) &&
            row->account_id != plan->people.owner_id)
            add_share(plan, before, row->account_id, row->group_id);
    }
}

/* "ann;bob" of those it was shared with. */
static void write_shared(const struct access_rows *before, bool groups, struct buf *list)
{
    for (size_t i = 0; i < before->n; i++) {
        const struct access_row *row = &before->items[i];

        if (row->relation != (groups ? RELATION_SHARED_GROUP : RELATION_SHARED_USER))
            continue;
        buf_add_text(list, list->size ? ";" : "");
        buf_add_text(list, groups ? row->group : row->account);
    }
}

static void compare_shares(const struct import_record *record, struct import_plan *plan,
    const struct access_rows *before, bool groups)
{
    const enum sheet_column column = groups ? SHEET_SHARE_GROUPS : SHEET_SHARE_USERS;
    autodone(buf) struct buf old = BUF_INIT(1U << 20);
    size_t n_before = 0;
    size_t n_after = 0;
    size_t n_same = 0;

    for (size_t i = 0; i < before->n; i++)
        n_before +=
            before->items[i].relation == (groups ? RELATION_SHARED_GROUP : RELATION_SHARED_USER);
    for (size_t i = 0; i < plan->people.n_shares; i++) {
        const struct cert_share *share = &plan->shares[i];

        if ((share->group_id != 0) != groups)
            continue;
        n_after++;
        n_same += find_access(before, share->account_id, share->group_id) != NULL;
    }
    if (n_same == n_before && n_same == n_after)
        return;
    write_shared(before, groups, &old);
    import_plan_change(plan, column, buf_text(&old), import_record_value(record, column));
    plan->sets_people = true;
}

static bool plan_shares(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, struct err *err)
{
    autodone(access_rows) struct access_rows before = { 0 };

    if (plan->before && !store_cert_people(tx, plan->before->id, &before, err))
        return false;
    for (int groups = 0; groups < 2; groups++) {
        const enum sheet_column column = groups ? SHEET_SHARE_GROUPS : SHEET_SHARE_USERS;

        if (!record->values[column])
            keep_shares(plan, &before, groups);
        else if (!read_shares(context, tx, record, column, plan, &before, err))
            return false;
        if (plan->before && record->values[column])
            compare_shares(record, plan, &before, groups);
    }
    return true;
}

static void compare_owner(struct import_context *context, struct import_record *record,
    struct import_plan *plan, unsigned relations)
{
    if (plan->people.owner_id == plan->before->owner_id)
        return;
    if (!permission_allows(context->who, ACTION_CHANGE_OWNER, relations))
        import_record_complain(record, SHEET_OWNER,
            "only the owner and admins may change the owner");
    import_plan_change(plan, SHEET_OWNER, plan->before->owner,
        import_record_value(record, SHEET_OWNER));
    plan->sets_people = true;
}

static void compare_assignee(const struct import_record *record, struct import_plan *plan)
{
    if (plan->people.assignee_id == plan->before->assignee_id)
        return;
    import_plan_change(plan, SHEET_ASSIGNEE, plan->before->assignee,
        import_record_value(record, SHEET_ASSIGNEE));
    plan->sets_people = true;
}

bool import_plan_people(struct import_context *context, struct tx *tx, struct import_record *record,
    struct import_plan *plan, unsigned relations, struct err *err)
{
    plan->people.owner_id = plan->before ? plan->before->owner_id : context->who->account_id;
    plan->people.assignee_id =
        plan->before && !record->values[SHEET_ASSIGNEE] ? plan->before->assignee_id : 0;
    plan->people.shares = plan->shares;
    if (!find_person(context, tx, record, SHEET_OWNER, &plan->people.owner_id, err) ||
        !find_person(context, tx, record, SHEET_ASSIGNEE, &plan->people.assignee_id, err))
        return false;
    if (plan->before) {
        compare_owner(context, record, plan, relations);
        compare_assignee(record, plan);
    }
    if (!record->values[SHEET_SHARE_USERS] && !record->values[SHEET_SHARE_GROUPS] &&
        !(plan->before && plan->sets_people))
        return true;
    return plan_shares(context, tx, record, plan, err);
}

/* ---- tags ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_tag(const char *tag)
{
    return !strpbrk(tag, ", \t\r\n") && parse_n_characters(span_text(tag)) <= TAG_MAX;
}

/* In lower case, in order, each once: as the database gives them. */
void import_plan_tags(struct import_record *record, struct import_plan *plan)
{
    char *tags[TAGS_MAX];
    size_t n = 0;
    struct span rest = span_text(import_record_value(record, SHEET_TAGS));
    struct span part;

    while (span_split(&rest, ';', &part)) {
        char *tag = text_fold_span(span_trim(part));

        if (tag[0] && !is_tag(tag))
            import_record_complain(record, SHEET_TAGS,
                "a tag has at most %d characters, and no blank or comma: \"%.64s\"", TAG_MAX, tag);
        if (n == TAGS_MAX)
            import_record_complain(record, SHEET_TAGS, "there are more than %d tags", TAGS_MAX);
        if (tag[0] && n < TAGS_MAX)
            tags[n++] = tag;
        else
            free(tag);
    }
    if (n > 1)
        qsort(tags, n, sizeof *tags, compare_texts);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(tags[i], tags[i - 1]) != 0) {
            buf_add_text(&plan->tags, plan->tags.size ? ";" : "");
            buf_add_text(&plan->tags, tags[i]);
        }
    }
    for (size_t i = 0; i < n; i++)
        free(tags[i]);
}
