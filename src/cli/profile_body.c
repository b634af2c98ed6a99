/* cli/profile_body: see the header. */
#include "cli/profile_body.h"

#include <string.h>

#include "base/err.h"
#include "base/parse.h"

/* One body as it is written; what was wrong first is remembered. */
struct writer {
    struct json_out out;
    struct err *err;
    bool is_bad;
};

static void complain(struct writer *writer, const char *option, const char *text)
{
    if (!writer->is_bad)
        writer->is_bad =
            !fail(writer->err, ERR_INVALID, "--%s: \"%s\" makes no sense there", option, text);
}

static void write_text(struct writer *writer, const char *member, const char *text)
{
    if (text)
        json_str(&writer->out, member, text);
}

static void write_list(struct writer *writer, const char *member, const char *list)
{
    if (list)
        json_split(&writer->out, member, list, ',');
}

static void write_flag(struct writer *writer, const char *member, const char *option,
    const char *text)
{
    struct err ignored = { 0 };
    bool value = false;

    if (!text)
        return;
    if (!parse_bool(span_text(text), &value, &ignored))
        complain(writer, option, text);
    json_bool(&writer->out, member, value);
}

static void write_number(struct writer *writer, const char *member, const char *option,
    const char *text)
{
    struct err ignored = { 0 };
    int64_t value = 0;

    if (!text)
        return;
    if (!parse_i64(span_text(text), 0, INT32_MAX, &value, &ignored))
        complain(writer, option, text);
    json_i64(&writer->out, member, value);
}

static void write_any_or_list(struct writer *writer, const char *member, const char *text)
{
    if (text && (strcmp(text, "any") == 0 || strcmp(text, "none") == 0))
        json_bool(&writer->out, member, text[0] == 'a');
    else
        write_list(writer, member, text);
}

static void write_key(struct writer *writer, const struct profile_options *o)
{
    if (!o->keys && !o->made_by)
        return;
    json_begin_object(&writer->out, "key");
    write_list(writer, "algorithms", o->keys);
    write_text(writer, "made_by", o->made_by);
    json_end(&writer->out);
}

static void write_subject(struct writer *writer, const struct profile_options *o)
{
    if (!o->required && !o->allowed && !o->fixed.n)
        return;
    json_begin_object(&writer->out, "subject");
    write_list(writer, "required", o->required);
    if (o->allowed && strcmp(o->allowed, "any") == 0)
        json_put_null(&writer->out, "allowed");
    else
        write_list(writer, "allowed", o->allowed);
    if (o->fixed.n) {
        json_begin_object(&writer->out, "fixed");
        for (size_t i = 0; i < o->fixed.n; i++) {
            const struct span whole = span_text(o->fixed.items[i]);
            const size_t equals = span_find_char(whole, '=');
            char field[64];

            span_copy_text(span_slice(whole, 0, equals), field, sizeof field);
            if (equals == SIZE_MAX)
                complain(writer, "fix", o->fixed.items[i]);
            else
                json_str_span(&writer->out, field, span_slice(whole, equals + 1, SIZE_MAX));
        }
        json_end(&writer->out);
    }
    json_end(&writer->out);
}

static void write_names(struct writer *writer, const struct profile_options *o)
{
    if (!o->domains && !o->wildcards && !o->ip && !o->email && !o->uri && !o->required &&
        !o->allowed && !o->fixed.n && !o->max_names)
        return;
    json_begin_object(&writer->out, "names");
    write_list(writer, "domains", o->domains);
    write_flag(writer, "wildcards", "wildcards", o->wildcards);
    write_any_or_list(writer, "ip", o->ip);
    write_any_or_list(writer, "email", o->email);
    write_flag(writer, "uri", "uri", o->uri);
    write_number(writer, "max_names", "max-names", o->max_names);
    write_subject(writer, o);
    json_end(&writer->out);
}

static void write_window(struct writer *writer, const char *text)
{
    const struct span whole = span_text(text);
    const size_t percent = span_find_char(whole, '%');
    const bool is_percent = percent != SIZE_MAX && percent + 1 == whole.size;
    const struct span number = is_percent ? span_slice(whole, 0, percent) : whole;
    struct err ignored = { 0 };
    int64_t value = 0;

    if (!text)
        return;
    if (!parse_i64(number, 1, INT32_MAX, &value, &ignored))
        complain(writer, "window", text);
    json_begin_object(&writer->out, "window");
    json_i64(&writer->out, is_percent ? "percent" : "days", value);
    json_end(&writer->out);
}

/* A half that is not given stays as it is. */
static void write_half(struct writer *writer, const char *member, const char *given,
    const struct json *users)
{
    if (given)
        json_split(&writer->out, member, given, ',');
    else if (users && json_member(users, member))
        json_value(&writer->out, member, json_member(users, member));
}

static void write_users(struct writer *writer, const struct profile_options *o,
    const struct json *users)
{
    if (!o->users && !o->groups && !o->is_everybody)
        return;
    json_begin_object(&writer->out, "users");
    if (o->is_everybody) {
        json_bool(&writer->out, "everybody", true);
    } else {
        write_half(writer, "users", o->users, users);
        write_half(writer, "groups", o->groups, users);
    }
    json_end(&writer->out);
}

static void write_approvals(struct writer *writer, const struct profile_options *o)
{
    if (!o->approvals && !o->approvers)
        return;
    json_begin_object(&writer->out, "approvals");
    write_number(writer, "needed", "approvals", o->approvals);
    write_text(writer, "group", o->approvers);
    json_end(&writer->out);
}

bool profile_body_write(const struct profile_options *o, const struct json *present,
    struct buf *body, struct err *err)
{
    struct writer writer = { .err = err };

    json_out_init(&writer.out, body);
    json_begin_object(&writer.out, NULL);
    write_text(&writer, "name", o->name);
    write_text(&writer, "description", o->description);
    write_text(&writer, "ca", o->ca);
    write_key(&writer, o);
    write_names(&writer, o);
    write_text(&writer, "usage", o->usage);
    write_number(&writer, "lifetime_days", "lifetime", o->lifetime);
    write_window(&writer, o->window);
    write_flag(&writer, "renews_itself", "auto-renew", o->auto_renew);
    if (o->scan_minutes && strcmp(o->scan_minutes, "-") == 0)
        json_put_null(&writer.out, "scan_minutes");
    else
        write_number(&writer, "scan_minutes", "scan-minutes", o->scan_minutes);
    write_text(&writer, "renewal_key", o->renewal_key);
    write_users(&writer, o, present ? json_member(present, "users") : NULL);
    write_approvals(&writer, o);
    if (o->is_disabled || o->is_enabled)
        json_bool(&writer.out, "disabled", o->is_disabled);
    json_end(&writer.out);
    return !writer.is_bad && json_out_check(&writer.out, err);
}
