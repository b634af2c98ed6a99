/* cli/cert_many: "certdesk cert export ID…" and "certdesk cert add -f FILE" (cli/cert.h). */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "cli/ask.h"
#include "cli/cert.h"
#include "cli/cli.h"
#include "cli/output.h"

#define HOSTS_MAX 500000

struct export_options {
    const char *output; /* NULL: standard output */
};

static bool export(const struct verb_call *call, struct err *err)
{
    const struct export_options *const o = call->asked;
    autoclose int fd = -1;

    if (!output_open(o->output, &fd, err))
        return false;
    for (size_t i = 0; i < call->n_words; i++) {
        autofree(str) char *path = xasprintf("/certificates/%s.pem", call->words[i]);
        int64_t id;

        if (!parse_i64(span_text(call->words[i]), 1, INT64_MAX, &id, err) ||
            !remote_download(call->remote, "GET", path, fd, err))
            return err_wrap(err, "could not export certificate %s", call->words[i]);
    }
    return true;
}

int cert_export_run(int argc, char **argv)
{
    static const struct verb_option options[] = {
        { "output", required_argument, offsetof(struct export_options, output), NULL },
        { 0 },
    };
    static const struct verb verbs[] = { { "export", 1, SIZE_MAX, export }, { 0 } };
    static const struct verbs word = { .usage = "usage: " CERT_EXPORT_USAGE "\n",
        .verbs = verbs,
        .options = options };
    struct export_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}

static void show_lines(const struct json *result)
{
    const struct json *lines = json_member(result, "lines");

    for (size_t i = 0; i < json_list_size(lines); i++) {
        const struct json *line = json_list_item(lines, i);
        autofree(str) char *number = output_text(line, "line");
        autofree(str) char *text = output_text(line, "text");
        autofree(str) char *outcome = output_text(line, "outcome");
        autofree(str) char *message = output_text(line, "message");
        autofree(str) char *id = output_text(json_member(line, "certificate"), "id");
        autofree(str) char *found = output_text(json_member(line, "found"), "what");

        printf("%s: %s: %s%s%s%s%s\n", number, text, outcome, id[0] ? " " : "", id,
            message[0] || found[0] ? ": " : "", message[0] ? message : found);
    }
}

void cert_write_fields(struct json_out *out, const struct cert_options *o)
{
    if (o->name)
        json_str(out, "name", o->name);
    if (o->owner)
        json_str(out, "owner", o->owner);
    if (o->assignee)
        json_str(out, "assignee", o->assignee);
    if (o->tags)
        json_split(out, "tags", o->tags, ',');
}

static bool write_hosts(const struct cert_options *o, struct buf *body, struct err *err)
{
    autodone(buf) struct buf hosts = BUF_INIT(HOSTS_MAX);
    struct json_out out;

    if (!ask_content(o->file, &hosts, err))
        return err_wrap(err, "could not read \"%s\"", o->file);
    json_out_init(&out, body);
    json_begin_object(&out, NULL);
    json_str_span(&out, "hosts", buf_span(&hosts));
    if (o->protocol)
        json_str(&out, "protocol", o->protocol);
    cert_write_fields(&out, o);
    json_end(&out);
    return json_out_check(&out, err);
}

bool cert_run_job(const struct verb_call *call, const char *path, const struct buf *body,
    struct json **ret, struct err *err)
{
    autofree(json) struct json *started = NULL;

    if (!remote_call(call->remote, "POST", path, buf_text(body), &started, err) ||
        !remote_wait(call->remote, json_as_i64(json_member(started, "job"), 0), ret, err))
        return false;
    if (json_as_i64(json_member(json_member(*ret, "result"), "failed"), 1) != 0)
        *call->status = CLI_FAILED;
    return true;
}

bool cert_add_file(const struct verb_call *call, struct err *err)
{
    autodone(buf) struct buf body = BUF_INIT(4U << 20);
    autofree(json) struct json *job = NULL;

    if (!write_hosts(call->asked, &body, err) ||
        !cert_run_job(call, "/certificates/bulk", &body, &job, err))
        return false;
    if (call->json)
        output_json(job);
    else
        show_lines(json_member(job, "result"));
    return true;
}
