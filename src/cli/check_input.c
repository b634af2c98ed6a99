/*
 * cli/check_input: lines from descriptors, one source after the other.
 *
 * A regular file is read when a line is wanted. Anything else may make us wait, so it is watched by
 * the loop and read when something is there: what was asked for already goes on meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/check.h"
#include "net/loop.h"

#define READ_BYTES 65536U
#define LINE_MAX_BYTES (1U << 20)

struct source {
    struct source *next;
    int fd;
    bool may_wait;
    struct loop_watch *watch;
};

struct check_input {
    struct loop *loop;
    void (*on_more)(void *ctx);
    void *ctx;
    struct source *first;
    struct source **last;
    struct buf text;
    size_t n_used; /* of text */
    bool is_ready; /* the watched source has something */
};

struct check_input *check_input_new(struct loop *loop, void (*on_more)(void *ctx), void *ctx)
{
    struct check_input *const input = xcalloc(1, sizeof(*input));

    *input = (struct check_input){ .loop = loop, .on_more = on_more, .ctx = ctx };
    input->last = &input->first;
    buf_init(&input->text, LINE_MAX_BYTES + 2 * READ_BYTES);
    return input;
}

static void drop_first(struct check_input *input)
{
    struct source *const source = input->first;

    input->first = source->next;
    if (!input->first)
        input->last = &input->first;
    loop_watch_free(source->watch);
    fd_close(source->fd);
    free(source);
}

void check_input_free(struct check_input *input)
{
    if (!input)
        return;
    while (input->first)
        drop_first(input);
    buf_done(&input->text);
    free(input);
}

bool check_input_add(struct check_input *input, const char *path, struct err *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    autoclose int fd =
        is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return fail_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID,
            "could not open \"%s\"", path);
    if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode))
        return fail(err, ERR_INVALID, "\"%s\" is a directory", path);

    struct source *const source = xcalloc(1, sizeof(*source));
    source->fd = fd;
    source->may_wait = !S_ISREG(st.st_mode);
    fd = -1;
    *input->last = source;
    input->last = &source->next;
    return true;
}

static void on_ready(void *arg, unsigned what)
{
    struct check_input *const input = arg;

    (void)what;
    input->is_ready = true;
    loop_watch_set(input->first->watch, 0);
    input->on_more(input->ctx);
}

/* Wait for the first source. False: it need not be waited for. */
static bool waits(struct check_input *input)
{
    struct source *const source = input->first;

    if (!source->may_wait || input->is_ready)
        return false;
    if (source->watch)
        loop_watch_set(source->watch, LOOP_READ);
    else
        source->watch = loop_watch_new(input->loop, source->fd, LOOP_READ, on_ready, input);
    return true;
}

/* More text, or the end of a source, which ends a line, too. */
static void read_more(struct check_input *input)
{
    buf_drop(&input->text, input->n_used);
    input->n_used = 0;
    uint8_t *const room = buf_extend(&input->text, READ_BYTES);
    ssize_t n = room ? read(input->first->fd, room, READ_BYTES) : 0;

    input->is_ready = false;
    if (room)
        input->text.size -= READ_BYTES - (n > 0 ? (size_t)n : 0);
    if (n > 0 || (n < 0 && errno == EINTR))
        return;
    buf_add_char(&input->text, '\n');
    drop_first(input);
}

/* A whole line that is there already. */
static bool cut_line(struct check_input *input, struct span *ret)
{
    const struct span rest = span_slice(buf_span(&input->text), input->n_used, SIZE_MAX);
    const size_t end = span_find_char(rest, '\n');

    if (end == SIZE_MAX)
        return false;
    input->n_used += end + 1;
    *ret = span_slice(rest, 0, end);
    *ret = span_trim(span_slice(*ret, 0, span_find_char(*ret, '#')));
    return true;
}

enum check_read check_input_next(struct check_input *input, struct span *ret)
{
    for (;;) {
        if (cut_line(input, ret)) {
            if (ret->size > 0)
                return CHECK_LINE;
            continue;
        }
        if (!input->first)
            return CHECK_END;
        if (waits(input))
            return CHECK_LATER;
        read_more(input);
    }
}
