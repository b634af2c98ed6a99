/* cli: certdesk csv import, csv export. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/remote.h"
#include "codec/url.h"

#define FILE_MAX (1U << 30)
#define PIECE 65536
#define QUERY_MAX 8000

struct csv_options {
    bool is_trial;
    bool json;
    const char *output;
    struct buf query;
};

static void csv_options_done(struct csv_options *o)
{
    buf_done(&o->query);
}
DEFINE_AUTODONE(csv_options);

static const struct option options[] = {
    { "dry-run", no_argument, NULL, 'd' },
    { "status", required_argument, NULL, 's' },
    { "source", required_argument, NULL, 'S' },
    { "search", required_argument, NULL, 'q' },
    { "business-group", required_argument, NULL, 'b' },
    { "owner", required_argument, NULL, 'w' },
    { "assignee", required_argument, NULL, 'g' },
    { "tag", required_argument, NULL, 't' },
    { "output", required_argument, NULL, 'o' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

static const struct {
    int option;
    const char *name;
} filters[] = {
    { 's', "status" },
    { 'S', "source" },
    { 'q', "q" },
    { 'b', "business_group" },
    { 'w', "owner" },
    { 'g', "assignee" },
    { 't', "tag" },
};

static int usage(void)
{
    fputs(
        "usage: certdesk csv import FILE|- [--dry-run] [-o table|json]\n"
        "       certdesk csv export [--status S,…] [--source S,…] [--search TEXT] [--owner NAME]\n"
        "                           [--assignee NAME] [--business-group NAME] [--tag TAG] [-o FILE]\n"
        "       certdesk csv export ID… [-o FILE]\n",
        stderr);
    return CLI_USAGE;
}

static void add_query(struct buf *query, const char *name, const char *value)
{
    buf_addf(query, "%c%s=", query->size ? '&' : '?', name);
    url_encode(span_text(value), query);
}

/* "ids=1,2": the server says which of them is none. */
static void add_ids(struct buf *query, int n, char **ids)
{
    autodone(buf) struct buf list = BUF_INIT(QUERY_MAX);

    for (int i = 0; i < n; i++)
        buf_addf(&list, "%s%s", i ? "," : "", ids[i]);
    if (n > 0)
        add_query(query, "ids", buf_text(&list));
}

static bool take_option(struct csv_options *o, int option)
{
    if (option == 'd')
        o->is_trial = true;
    else if (option == 'o')
        o->output = optarg;
    for (size_t i = 0; i < countof(filters); i++)
        if (filters[i].option == option)
            add_query(&o->query, filters[i].name, optarg);
    return option != 'h' && option != '?';
}

/* ---- in ---- */

/* A table may be large: it is sent from where it lies. */
struct mapping {
    void *data; /* NULL: it is in `text` */
    size_t size;
    struct buf text;
};

static void mapping_done(struct mapping *mapping)
{
    if (mapping->data)
        (void)munmap(mapping->data, mapping->size);
    buf_done(&mapping->text);
}
DEFINE_AUTODONE(mapping);

static bool read_all(int fd, struct buf *text, struct err *err)
{
    for (;;) {
        uint8_t *field = buf_extend(text, PIECE);
        ssize_t n = field ? read(fd, field, PIECE) : 0;

        if (!field)
            return buf_check(text, "table", err);
        text->size -= PIECE - (n > 0 ? (size_t)n : 0);
        if (n < 0 && errno != EINTR)
            return fail_errno(err, ERR_INVALID, "could not read the table");
        if (n == 0)
            return true;
    }
}

static bool open_table(const char *path, struct mapping *mapping, struct err *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    autoclose int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0)
        return fail_errno(err, ERR_INVALID, "could not read \"%s\"", path);
    if (!S_ISREG(status.st_mode) || status.st_size == 0)
        return read_all(fd, &mapping->text, err);
    if (status.st_size > FILE_MAX)
        return fail(err, ERR_LIMIT, "\"%s\" is larger than %u bytes", path, FILE_MAX);
    mapping->size = (size_t)status.st_size;
    mapping->data = mmap(NULL, mapping->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping->data != MAP_FAILED)
        return true;
    mapping->data = NULL;
    return fail_errno(err, ERR_INVALID, "could not read \"%s\"", path);
}

static void show_errors(const struct json *result)
{
    const struct json *errors = json_member(result, "errors");
    const int64_t failed = json_as_i64(json_member(result, "failed"), 0);

    for (size_t i = 0; i < json_list_size(errors); i++) {
        const struct json *error = json_list_item(errors, i);
        autofree(str) char *line = output_text(error, "line");
        autofree(str) char *column = output_text(error, "column");
        autofree(str) char *message = output_text(error, "message");

        fprintf(stderr, "line %s%s%s: %s\n", line, column[0] ? ", " : "", column, message);
    }
    if (failed > 0) {
        autofree(str) char *id = output_text(result, "import");

        fprintf(stderr, "the refused rows: GET /api/v1/imports/%s/errors.csv\n", id);
    }
}

static bool show_result(const struct csv_options *o, const struct json *job, bool *ret_good,
    struct err *err)
{
    const struct json *result = json_member(job, "result");
    const char *const state = json_as_text(json_member(job, "state"));
    static const char *const names[] = { "created", "updated", "unchanged", "failed" };

    *ret_good = json_as_i64(json_member(result, "failed"), 1) == 0;
    if (o->json) {
        output_json(job);
        return true;
    }
    if (!state || strcmp(state, "done") != 0) {
        autofree(str) char *why = output_text(job, "error");

        return fail(err, ERR_UPSTREAM, "the import failed: %s", why);
    }
    for (size_t i = 0; i < countof(names); i++) {
        autofree(str) char *n = output_text(result, names[i]);

        printf("%s%s %s", i ? ", " : "", n, names[i]);
    }
    puts(o->is_trial ? " (a trial: nothing was changed)" : "");
    show_errors(result);
    return true;
}

static bool import(struct remote *remote, struct csv_options *o, const char *path, bool *ret_good,
    struct err *err)
{
    autodone(mapping) struct mapping mapping = { .text = BUF_INIT(FILE_MAX) };
    autodone(buf) struct buf target = BUF_INIT(4096);
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;
    const char *const slash = strrchr(path, '/');

    if (!open_table(path, &mapping, err))
        return false;
    add_query(&o->query, "dry_run", o->is_trial ? "true" : "false");
    if (strcmp(path, "-") != 0)
        add_query(&o->query, "filename", slash ? slash + 1 : path);
    buf_addf(&target, "/imports%s", buf_text(&o->query));
    if (!remote_send(remote, "POST", buf_text(&target), "text/csv",
            mapping.data ? span_of(mapping.data, mapping.size) : buf_span(&mapping.text), &started,
            err) ||
        !remote_wait(remote, json_as_i64(json_member(started, "job"), 0), &job, err))
        return false;
    return show_result(o, job, ret_good, err);
}

/* ---- out ---- */

static bool export(struct remote *remote, const struct csv_options *o, struct err *err)
{
    autofree(str) char *path = xasprintf("/certificates.csv%s", buf_text(&o->query));
    autoclose int fd = o->output ? open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
                                 : dup(STDOUT_FILENO);

    if (fd < 0)
        return fail_errno(err, ERR_INVALID, "could not write \"%s\"",
            o->output ? o->output : "standard output");
    if (remote_download(remote, "GET", path, fd, err))
        return true;
    return o->output ? err_wrap(err, "\"%s\" is not whole", o->output) : false;
}

int cli_csv(int argc, char **argv)
{
    autodone(csv_options) struct csv_options o = { .query = BUF_INIT(QUERY_MAX) };
    autofree(remote) struct remote *remote = NULL;
    struct err err = { 0 };
    bool is_good = true;
    bool works;
    int option;

    if (argc < 2)
        return usage();
    const bool is_import = strcmp(argv[1], "import") == 0;

    argc--;
    argv++;
    while ((option = getopt_long(argc, argv, "o:h", options, NULL)) !=
           -1) /* NOLINT(concurrency-mt-unsafe) */
        if (!take_option(&o, option))
            return usage();
    o.json = is_import && o.output && strcmp(o.output, "json") == 0;
    if ((!is_import && strcmp(argv[0], "export") != 0) || (is_import && argc - optind != 1) ||
        (is_import && o.query.size) || (!is_import && o.is_trial) ||
        (is_import && o.output && !o.json && strcmp(o.output, "table") != 0))
        return usage();
    if (!is_import)
        add_ids(&o.query, argc - optind, argv + optind);
    if (!buf_ok(&o.query))
        (void)fail(&err, ERR_LIMIT, "that many at once cannot be asked for");
    if (!buf_ok(&o.query) || !remote_open(&remote, &err))
        return output_fail(&err);
    works = is_import ? import(remote, &o, argv[optind], &is_good, &err) : export(remote, &o, &err);
    if (!works)
        return output_fail(&err);
    return is_good ? CLI_OK : CLI_FAILED;
}
