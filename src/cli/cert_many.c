/* cli/cert_many: see the header. */
#include "cli/cert_many.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/parse.h"
#include "cli/output.h"
#include "cli/remote.h"

#define HOSTS_MAX 500000
#define PIECE 4096

bool cert_export(struct remote *remote, int n, char **ids, const char *output, struct err *err)
{
    autoclose int fd =
        output ? open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : dup(STDOUT_FILENO);

    if (fd < 0)
        return fail_errno(err, ERR_INVALID, "could not write \"%s\"",
            output ? output : "standard output");
    for (int i = 0; i < n; i++) {
        autofree(str) char *path = xasprintf("/certificates/%s.pem", ids[i]);
        int64_t id;

        if (!parse_i64(span_text(ids[i]), 1, INT64_MAX, &id, err) ||
            !remote_download(remote, "GET", path, fd, err))
            return err_wrap(err, "could not export certificate %s", ids[i]);
    }
    return true;
}

static bool read_hosts(const char *path, struct buf *hosts, struct err *err)
{
    if (strcmp(path, "-") != 0)
        return fs_read(path, hosts, err);
    for (;;) {
        char piece[PIECE];
        const ssize_t n = read(STDIN_FILENO, piece, sizeof piece);

        if (n < 0 && errno != EINTR)
            return fail_errno(err, ERR_INVALID, "could not read standard input");
        if (n == 0)
            return buf_check(hosts, "list of hosts", err);
        if (n > 0)
            buf_add(hosts, piece, (size_t)n);
    }
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

bool cert_add_file(struct remote *remote, const char *path, const struct cert_many *many,
    bool *ret_good, struct err *err)
{
    autodone(buf) struct buf hosts = BUF_INIT(HOSTS_MAX);
    autodone(buf) struct buf body = BUF_INIT(4U << 20);
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;
    struct json_out out;

    if (!read_hosts(path, &hosts, err))
        return err_wrap(err, "could not read \"%s\"", path);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_str_span(&out, "hosts", buf_span(&hosts));
    for (size_t i = 0; i + 1 < many->n_fields; i += 2)
        json_str(&out, many->fields[i], many->fields[i + 1]);
    if (many->tags)
        json_split(&out, "tags", many->tags, ',');
    json_end(&out);
    if (!remote_call(remote, "POST", "/certificates/bulk", buf_text(&body), &started, err) ||
        !remote_wait(remote, json_as_i64(json_member(started, "job"), 0), &job, err))
        return false;
    const struct json *result = json_member(job, "result");

    *ret_good = json_as_i64(json_member(result, "failed"), 1) == 0;
    if (many->is_json)
        output_json(job);
    else
        show_lines(result);
    return true;
}
