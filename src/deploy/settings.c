/* deploy/settings: see the header. */
#include "deploy/settings.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "deploy/deploy.h"
#include "net/host.h"

static size_t n_rows(const struct deploy_setting *table)
{
    size_t n = 0;

    while (table[n].name)
        n++;
    ASSERT(n <= DEPLOY_SETTINGS_MAX);
    return n;
}

static void clear_slots(struct deploy_settings *settings)
{
    for (size_t i = 0; i < settings->n_slots; i++) {
        free(settings->slots[i].name);
        for (size_t v = 0; v < DEPLOY_SETTINGS_MAX; v++)
            free(settings->slots[i].values[v]);
    }
    free(settings->slots);
    settings->slots = NULL;
    settings->n_slots = 0;
}

void deploy_settings_init(struct deploy_settings *ret, const struct deploy_ops *ops)
{
    *ret = (struct deploy_settings){ .ops = ops };
    for (size_t i = 0; ops->settings[i].name; i++)
        ret->values[i] = xstrdup("");
}

void deploy_settings_done(struct deploy_settings *settings)
{
    for (size_t i = 0; i < DEPLOY_SETTINGS_MAX; i++)
        free(settings->values[i]);
    clear_slots(settings);
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    return false;
}

/* What a kind asks for; more is the type's own to check. */
static void judge(struct json_in *in, const struct deploy_setting *row, const char *value)
{
    struct err err = { 0 };
    struct host host;
    int port = 0;

    if (!value[0])
        return;
    if (has_control(value))
        json_in_complain(in, row->name, "a control character is in it");
    else if (row->kind == DEPLOY_PATH && value[0] != '/')
        json_in_complain(in, row->name, "\"%s\" is no absolute path", value);
    else if (row->kind == DEPLOY_HOSTPORT && !host_port_parse(span_text(value), &host, &port, &err))
        json_in_complain(in, row->name, "%s", err.msg);
    else if (row->kind == DEPLOY_HOSTPORT && (!host.is_address || !port))
        json_in_complain(in, row->name, "ADDRESS:PORT is needed, not a name");
}

static void read_values(const struct deploy_setting *table, struct json_in *in, char **values)
{
    for (size_t i = 0, n = n_rows(table); i < n; i++) {
        const char *value = table[i].is_required
                                ? json_in_text(in, table[i].name, 1, DEPLOY_TEXT_MAX)
                                : json_in_text_opt(in, table[i].name, 0, DEPLOY_TEXT_MAX, "");

        judge(in, &table[i], value);
        str_set(&values[i], value);
    }
}

static void read_slot(struct deploy_settings *settings, struct json_in *in)
{
    const char *name = json_in_text(in, "slot", 1, DEPLOY_SLOT_NAME_MAX);
    bool is_there = deploy_settings_slot(settings, name) != SIZE_MAX;
    struct deploy_slot *slot = &settings->slots[settings->n_slots++];

    if (is_there)
        json_in_complain(in, "slot", "given more than once");
    slot->name = xstrdup(name);
    read_values(settings->ops->slot_settings, in, slot->values);
}

static void read_slots(struct deploy_settings *settings, struct json_in *in)
{
    size_t n = json_in_array(in, "slots", DEPLOY_SLOTS_MAX);

    clear_slots(settings);
    settings->slots = xcalloc(n ? n : 1, sizeof *settings->slots);
    for (size_t i = 0; i < n; i++) {
        struct json_in item;

        if (!json_in_item_object(in, "slots", i, &item))
            continue;
        read_slot(settings, &item);
        json_in_leave(&item);
    }
}

void deploy_settings_read(struct deploy_settings *ret, struct json_in *in)
{
    struct json_in own;

    if (json_in_has(in, "settings") && json_in_object(in, "settings", &own)) {
        read_values(ret->ops->settings, &own, ret->values);
        json_in_leave(&own);
    }
    if (json_in_has(in, "slots"))
        read_slots(ret, in);
}

bool deploy_settings_parse(struct deploy_settings *ret, const char *text, struct err *err)
{
    autofree(json) struct json *json = NULL;
    autodone(json_problems) struct json_problems problems = { 0 };
    struct json_in in;

    if (!json_parse_within(span_text(text), DEPLOY_JSON_MAX, JSON_MAX_DEPTH, &json, err))
        return err_wrap(err, "the resource's settings");
    json_in_init(&in, json, &problems);
    deploy_settings_read(ret, &in);
    return json_in_end(&in, err) || err_wrap(err, "the resource's settings");
}

static void write_values(const struct deploy_setting *table, char *const *values,
    struct json_out *out)
{
    for (size_t i = 0, n = n_rows(table); i < n; i++)
        if (values[i] && values[i][0])
            json_str(out, table[i].name, values[i]);
}

void deploy_settings_write(const struct deploy_settings *settings, struct json_out *out)
{
    json_begin_object(out, "settings");
    write_values(settings->ops->settings, settings->values, out);
    json_end(out);
    json_begin_array(out, "slots");
    for (size_t i = 0; i < settings->n_slots; i++) {
        json_begin_object(out, NULL);
        json_str(out, "slot", settings->slots[i].name);
        write_values(settings->ops->slot_settings, settings->slots[i].values, out);
        json_end(out);
    }
    json_end(out);
}

size_t deploy_settings_slot(const struct deploy_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->n_slots; i++)
        if (strcmp(settings->slots[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}
