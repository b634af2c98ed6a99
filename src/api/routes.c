/*
 * api/routes: see the header. Looked through from the top, past those that begin with another word
 * or have another number of parts.
 */
#include "api/routes.h"

#include <pthread.h>
#include <string.h>

#include "api/tables.h"
#include "base/parse.h"

static const struct api_route *const tables[] = {
    session_routes,
    account_routes,
    token_routes,
    certificate_routes,
    certificate_action_routes,
    certificate_diff_routes,
    certificate_file_routes,
    certificate_import_routes,
    certificate_part_routes,
    certificate_bulk_routes,
    certificate_export_routes,
    certificate_renewal_routes,
    certificate_replace_routes,
    certificate_decoded_routes,
    access_routes,
    association_routes,
    resource_routes,
    deployment_routes,
    group_routes,
    business_group_routes,
    custom_field_routes,
    view_routes,
    endpoint_routes,
    csr_routes,
    csr_use_routes,
    profile_routes,
    ticket_routes,
    ticket_new_routes,
    ticket_move_routes,
    ticket_talk_routes,
    ticket_file_routes,
    project_routes,
    ca_routes,
    ca_make_routes,
    pki_routes,
    import_routes,
    job_routes,
    schedule_routes,
    setting_routes,
    notification_routes,
    webhook_routes,
    delivery_routes,
    calendar_routes,
    trust_routes,
    vault_routes,
    audit_routes,
    backup_routes,
    dashboard_routes,
    description_routes,
    metrics_routes,
    jira_session_routes,
    jira_list_routes,
    jira_project_routes,
    jira_people_routes,
    jira_search_routes,
    jira_language_routes,
    jira_absent_routes,
    jira_attachment_routes,
    jira_comment_routes,
    jira_property_routes,
    jira_transition_routes,
    jira_issue_routes,
    jira_create_routes,
    jira_edit_routes,
    jira_webhook_routes,
    jira_dynamic_routes,
};

struct walk {
    size_t table;
    const struct api_route *next;
};

static const struct api_route *walk_next(struct walk *walk)
{
    while (!walk->next || !walk->next->method) {
        if (walk->table == countof(tables))
            return NULL;
        walk->next = tables[walk->table++];
    }
    return walk->next++;
}

/* What can be told of a route at a glance. */
struct sight {
    const struct api_route *route;
    uint64_t word; /* of the first part of its path, as summed up by sum_up(); 0: anything */
    size_t n_parts;
};

#define MAX_ROUTES 512
static struct sight sights[MAX_ROUTES];
static size_t n_sights;

/* Never 0. */
static uint64_t sum_up(struct span part)
{
    uint64_t sum = part.size + 1;

    for (size_t i = 0; i < part.size; i++)
        sum = sum * 31 + part.data[i];
    return sum ? sum : 1;
}

/* A part that is not a literal begins with "{". Below /api/v1 the first part is the third. */
static struct sight look_at(const struct api_route *route)
{
    struct sight sight = { .route = route };
    struct span rest = span_text(route->path + 1);
    struct span part;

    for (; span_split(&rest, '/', &part); sight.n_parts++) {
        if (sight.n_parts == 0 && part.data[0] != '{')
            sight.word = sum_up(part);
    }
    return sight;
}

static void look_at_all(void)
{
    struct walk walk = { 0 };
    const struct api_route *route;

    while ((route = walk_next(&walk))) {
        ASSERT(n_sights < MAX_ROUTES);
        sights[n_sights++] = look_at(route);
    }
}

/* What a request would have to be of a route below /api/v1, and of one at the root. */
struct glance {
    size_t n_parts;
    uint64_t word;
};

static struct glance glance_at(const struct http_request *request, size_t from)
{
    struct glance glance = { 0 };

    if (request->n_parts <= from)
        return glance;
    glance.n_parts = request->n_parts - from;
    glance.word = sum_up(span_text(request->parts[from]));
    return glance;
}

static bool may_fit(const struct sight *sight, const struct glance *glance)
{
    return sight->n_parts == glance->n_parts && (!sight->word || sight->word == glance->word);
}

/* ".pem" off the end of "17.pem". */
static bool cut_ending(struct span *value, struct span ending)
{
    if (value->size < ending.size ||
        !span_equal(span_slice(*value, value->size - ending.size, ending.size), ending))
        return false;
    value->size -= ending.size;
    return true;
}

/* Does one part of the path fit its template? *bad_id is set where only the number is wrong. */
static bool part_fits(struct span template, const char *part, struct route_match *match,
    bool *bad_id)
{
    struct span value = span_text(part);

    if (span_is(template, "{key}") || span_starts_with(template, "{name}")) {
        struct span ending = span_slice(template, 6, SIZE_MAX);

        if (!cut_ending(&value, ending))
            return false;
        match->text = value;
        return value.size > 0 && value.size < sizeof((struct api_call *)0)->path_text;
    }
    if (span_is(template, "{other}")) {
        match->other = part;
        return value.size > 0 && value.size < sizeof((struct api_call *)0)->path_other;
    }
    if (span_is(template, "{version}"))
        return span_is(value, "2") || span_is(value, "3") || span_is(value, "latest");
    if (!span_starts_with(template, "{id}"))
        return span_equal(template, value);

    struct span ending = span_slice(template, 4, SIZE_MAX);

    if (!cut_ending(&value, ending))
        return false;
    if (ending.size == 0 && span_find_char(value, '.') != SIZE_MAX)
        return false;
    if (!parse_i64(value, 1, INT64_MAX, &match->id, NULL))
        *bad_id = true;
    return true;
}

static bool path_fits(const struct api_route *route, const struct http_request *request,
    struct route_match *match, bool *bad_id)
{
    struct span rest = span_text(route->path + 1);
    struct span template;
    size_t i = route->flags & API_AT_ROOT ? 0 : 2;

    *bad_id = false;
    match->id = 0;
    match->text = SPAN_EMPTY;
    match->other = NULL;
    if (!(route->flags & API_AT_ROOT) && !routes_is_api(request))
        return false;
    for (; span_split(&rest, '/', &template); i++)
        if (i >= request->n_parts || !part_fits(template, request->parts[i], match, bad_id))
            return false;
    return i == request->n_parts;
}

static bool method_fits(const struct api_route *route, const struct http_request *request)
{
    if (request->method == HTTP_METHOD_HEAD)
        return strcmp(route->method, "GET") == 0;
    return strcmp(route->method, http_method_name(request->method)) == 0;
}

static void allow_method(struct route_match *match, const char *method)
{
    size_t n = strlen(match->allow);

    if (n > 0) {
        span_copy_text(span_text(", "), match->allow + n, sizeof match->allow - n);
        n = strlen(match->allow);
    }
    span_copy_text(span_text(method), match->allow + n, sizeof match->allow - n);
}

enum route_verdict routes_find(const struct http_request *request, struct route_match *ret)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct glance at_root = glance_at(request, 0);
    const struct glance in_api = glance_at(request, 2);
    bool bad_id = false;
    bool is_bad_path = false;

    (void)pthread_once(&once, look_at_all);
    ret->allow[0] = '\0';
    for (size_t i = 0; i < n_sights; i++) {
        const struct api_route *const route = sights[i].route;

        if (!may_fit(&sights[i], route->flags & API_AT_ROOT ? &at_root : &in_api) ||
            !path_fits(route, request, ret, &bad_id))
            continue;
        if (bad_id) {
            is_bad_path = true;
            continue;
        }
        if (method_fits(route, request)) {
            ret->route = route;
            return ROUTE_FOUND;
        }
        allow_method(ret, route->method);
    }
    if (ret->allow[0])
        return ROUTE_OTHER_METHOD;
    return is_bad_path ? ROUTE_BAD_ID : ROUTE_UNKNOWN_PATH;
}

bool routes_is_api(const struct http_request *request)
{
    return request->n_parts >= 2 && strcmp(request->parts[0], "api") == 0 &&
           strcmp(request->parts[1], "v1") == 0;
}
