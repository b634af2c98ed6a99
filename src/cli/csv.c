/* cli: certdesk csv import, csv export. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/items.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "codec/url.h"

#define FILE_MAX (1U << 30)
#define QUERY_MAX 8000

#define IMPORT_USAGE "certdesk csv import FILE|- [--dry-run] [-o table|json]\n"
#define EXPORT_USAGE                                                                               \
    "certdesk csv export [--status S,…] [--source S,…] [--search TEXT] [--owner NAME]\n"       \
    "                           [--assignee NAME] [--business-group NAME] [--tag TAG] [-o FILE]\n" \
    "       certdesk csv export ID… [-o FILE]\n"

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

static bool open_table(const char *path, struct mapping *mapping, struct err *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    autoclose int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0)
        return fail_errno(err, ERR_INVALID, "could not read \"%s\"", path);
    if (!S_ISREG(status.st_mode) || status.st_size == 0)
        return fs_read_rest(fd, is_stdin ? "standard input" : path, &mapping->text, err);
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

struct import_options {
    bool is_trial;
};

static bool show_result(const struct verb_call *call, const struct json *job, struct err *err)
{
    const struct import_options *const o = call->asked;
    const struct json *result = json_member(job, "result");
    const char *const state = json_as_text(json_member(job, "state"));
    static const char *const names[] = { "created", "updated", "unchanged", "failed" };

    if (json_as_i64(json_member(result, "failed"), 1) != 0)
        *call->status = CLI_FAILED;
    if (call->json) {
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

static bool import(const struct verb_call *call, struct err *err)
{
    const struct import_options *const o = call->asked;
    const char *const path = call->words[0];
    autodone(mapping) struct mapping mapping = { .text = BUF_INIT(FILE_MAX) };
    autodone(buf) struct buf target = BUF_INIT(QUERY_MAX);
    autofree(json) struct json *started = NULL;
    autofree(json) struct json *job = NULL;
    const char *const slash = strrchr(path, '/');

    if (!open_table(path, &mapping, err))
        return false;
    buf_addf(&target, "/imports?dry_run=%s", o->is_trial ? "true" : "false");
    if (strcmp(path, "-") != 0)
        items_add_query(&target, "filename", slash ? slash + 1 : path);
    if (!remote_send(call->remote, "POST", buf_text(&target), "text/csv",
            mapping.data ? span_of(mapping.data, mapping.size) : buf_span(&mapping.text), &started,
            err) ||
        !remote_wait(call->remote, json_as_i64(json_member(started, "job"), 0), &job, err))
        return false;
    return show_result(call, job, err);
}

static int run_import(int argc, char **argv)
{
    static const struct verb_option options[] = {
        { "dry-run", no_argument, offsetof(struct import_options, is_trial), NULL },
        { 0 },
    };
    static const struct verb verbs[] = { { "import", 1, 1, import }, { 0 } };
    static const struct verbs word = { .usage = "usage: " IMPORT_USAGE,
        .verbs = verbs,
        .options = options };
    struct import_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}

/* ---- out ---- */

struct export_options {
    const char *status;
    const char *source;
    const char *search;
    const char *business_group;
    const char *owner;
    const char *assignee;
    const char *tag;
    const char *output; /* NULL: standard output */
};

/* "ids=1,2": the server says which of them is none. */
static void add_ids(struct buf *path, const char *const *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i == 0)
            items_add_query(path, "ids", "");
        else
            buf_add_char(path, ',');
        url_encode(span_text(ids[i]), path);
    }
}

static bool write_path(const struct verb_call *call, struct buf *path, struct err *err)
{
    const struct export_options *const o = call->asked;

    buf_add_text(path, "/certificates.csv");
    items_add_query(path, "status", o->status);
    items_add_query(path, "source", o->source);
    items_add_query(path, "q", o->search);
    items_add_query(path, "business_group", o->business_group);
    items_add_query(path, "owner", o->owner);
    items_add_query(path, "assignee", o->assignee);
    items_add_query(path, "tag", o->tag);
    add_ids(path, call->words, call->n_words);
    return buf_ok(path) || fail(err, ERR_LIMIT, "that many at once cannot be asked for");
}

static bool export(const struct verb_call *call, struct err *err)
{
    const struct export_options *const o = call->asked;
    autodone(buf) struct buf path = BUF_INIT(QUERY_MAX);

    return write_path(call, &path, err) &&
           remote_save(call->remote, buf_text(&path), o->output, err);
}

static int run_export(int argc, char **argv)
{
    static const struct verb_option options[] = {
        { "status", required_argument, offsetof(struct export_options, status), NULL },
        { "source", required_argument, offsetof(struct export_options, source), NULL },
        { "search", required_argument, offsetof(struct export_options, search), NULL },
        { "business-group", required_argument, offsetof(struct export_options, business_group),
            NULL },
        { "owner", required_argument, offsetof(struct export_options, owner), NULL },
        { "assignee", required_argument, offsetof(struct export_options, assignee), NULL },
        { "tag", required_argument, offsetof(struct export_options, tag), NULL },
        { "output", required_argument, offsetof(struct export_options, output), NULL },
        { 0 },
    };
    static const struct verb verbs[] = { { "export", 0, SIZE_MAX, export }, { 0 } };
    static const struct verbs word = { .usage = "usage: " EXPORT_USAGE,
        .verbs = verbs,
        .options = options };
    struct export_options o = { 0 };

    return verbs_run(&word, &o, argc, argv);
}

int cli_csv(int argc, char **argv)
{
    static const struct verb_option options[] = { { 0 } };
    static const struct verb verbs[] = { { "import", .run_alone = run_import },
        { "export", .run_alone = run_export }, { 0 } };
    static const struct verbs word = { .usage = "usage: " IMPORT_USAGE "       " EXPORT_USAGE,
        .verbs = verbs,
        .options = options };

    return verbs_run(&word, NULL, argc, argv);
}
