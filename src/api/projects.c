/* api/projects: where tickets live. Everybody sees them; admins make more. */
#include "api/tables.h"
#include "base/err.h"
#include "store/project.h"

static void write_project(struct json_out *out, const struct project_row *project)
{
    json_str(out, "key", project->key);
    json_str(out, "name", project->name);
    json_str(out, "lead", project->lead);
    json_time(out, "created_at", project->created_at);
}

static bool projects_list(struct api_call *call, struct err *err)
{
    autodone(project_rows) struct project_rows rows = { 0 };

    if (!store_projects(call->tx, &rows, err))
        return false;
    json_begin_array(&call->reply, "items");
    for (size_t i = 0; i < rows.n; i++) {
        json_begin_object(&call->reply, NULL);
        write_project(&call->reply, &rows.items[i]);
        json_end(&call->reply);
    }
    json_end(&call->reply);
    return true;
}

static bool projects_create(struct api_call *call, struct err *err)
{
    autofree(project_row) struct project_row *project = NULL;
    struct json_in in;

    api_body(call, &in);
    const char *const key = json_in_text(&in, "key", 1, 64);
    const char *const name = json_in_text(&in, "name", 1, 100);

    if (key[0] && !project_key_is_valid(key))
        json_in_complain(&in, "key",
            "\"%s\" is not two to ten capital letters and digits, a letter first", key);
    if (!json_in_end(&in, err) ||
        !store_project_add(call->tx, key, name, call->who.account_id, call->now, err) ||
        !api_audit(call, "project.create", 0, key, NULL, name, err) ||
        !store_project_get(call->tx, key, &project, err))
        return false;
    write_project(&call->reply, project);
    call->status = 201;
    return true;
}

const struct api_route project_routes[] = {
    { "GET", "/projects", ROLE_USER, API_READS, projects_list, 0 },
    { "POST", "/projects", ROLE_ADMIN, API_WRITES | API_IDEMPOTENT, projects_create, 0 },
    { 0 },
};
