/*
 * net/http_reply: see net/http.h and net/http_reply.h.
 *
 * Nothing that an app puts in can break the framing: names must be tokens, values have no control
 * characters, and the fields that frame a message are written here alone.
 */
#include "net/http_reply.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fs.h"

#define MAX_FIELDS_BYTES ((size_t)64 * 1024)
#define MAX_FORMATTED 512
#define USUAL_FIELDS_BYTES 256 /* of what differs from reply to reply */
#define FILE_PIECE ((size_t)64 * 1024)

void http_reply_init(struct http_reply *reply)
{
    *reply = (struct http_reply){
        .status = 200,
        .fields = BUF_INIT(MAX_FIELDS_BYTES),
    };
}

static void drop_body(struct http_reply *reply)
{
    buf_done(&reply->memory);
    reply->bytes = SPAN_EMPTY;
    if (reply->producer.produce && reply->producer.release)
        reply->producer.release(reply->producer.arg);
    reply->producer = (struct http_producer){ 0 };
}

void http_reply_done(struct http_reply *reply)
{
    drop_body(reply);
    buf_done(&reply->fields);
}

void http_reply_clear(struct http_reply *reply)
{
    http_reply_done(reply);
    http_reply_init(reply);
}

struct http_reply *http_reply_new(void)
{
    struct http_reply *reply = xcalloc(1, sizeof *reply);

    http_reply_init(reply);
    return reply;
}

void http_reply_free(struct http_reply *reply)
{
    if (!reply)
        return;
    http_reply_done(reply);
    free(reply);
}

void http_reply_status(struct http_reply *reply, int status)
{
    if (status < 200 || status > 599)
        reply->mistake = "a status that is none";
    reply->status = status;
}

static bool is_token(struct span name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < name.size; i++) {
        const char c = (char)name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                strchr(others, c)))
            return false;
    }
    return name.size > 0;
}

static bool is_value(struct span value)
{
    for (size_t i = 0; i < value.size; i++)
        if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

static bool is_framing(struct span name)
{
    static const char *const framing[] = { "content-length", "transfer-encoding", "connection",
        "date", "keep-alive", "upgrade", "trailer" };

    for (size_t i = 0; i < countof(framing); i++)
        if (span_is_nocase(name, framing[i]))
            return true;
    return false;
}

static void check_room(struct http_reply *reply)
{
    if (!buf_ok(&reply->fields))
        reply->mistake = "more fields than fit";
}

void http_reply_field(struct http_reply *reply, const char *name, const char *value)
{
    const struct span key = span_text(name);
    const struct span text = span_text(value);

    if (!is_token(key)) {
        reply->mistake = "a field with a name that is none";
    } else if (is_framing(key)) {
        reply->mistake = "a field that is the server's to write";
    } else if (!is_value(text)) {
        reply->mistake = "a field with a control character in its value";
    } else {
        buf_add_span(&reply->fields, key);
        buf_add_text(&reply->fields, ": ");
        buf_add_span(&reply->fields, text);
        buf_add_text(&reply->fields, "\r\n");
    }
    check_room(reply);
}

void http_reply_fixed_span(struct http_reply *reply, struct span lines)
{
    buf_reserve(&reply->fields, lines.size + USUAL_FIELDS_BYTES);
    buf_add_span(&reply->fields, lines);
    check_room(reply);
}

void http_reply_fieldf(struct http_reply *reply, const char *name, const char *format, ...)
{
    char value[MAX_FORMATTED];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(value, sizeof value, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof value)
        reply->mistake = "a field longer than fits";
    else
        http_reply_field(reply, name, value);
}

void http_reply_take_body(struct http_reply *reply, struct buf *body)
{
    drop_body(reply);
    if (!buf_ok(body))
        reply->mistake = "a body larger than its buffer";
    reply->memory = *body;
    *body = (struct buf){ .max = reply->memory.max, .is_secret = reply->memory.is_secret };
}

void http_reply_static_body(struct http_reply *reply, struct span body)
{
    drop_body(reply);
    reply->bytes = body;
}

void http_reply_take_producer(struct http_reply *reply, const struct http_producer *producer)
{
    drop_body(reply);
    reply->producer = *producer;
}

struct file {
    int fd;
    int64_t at;
    int64_t size;
};

static enum http_more produce_file(void *arg, void *worker, struct buf *chunk)
{
    struct file *file = arg;
    int64_t left = file->size - file->at;
    size_t piece = left < (int64_t)FILE_PIECE ? (size_t)left : FILE_PIECE;
    uint8_t *field = buf_extend(chunk, piece);
    ssize_t n;

    (void)worker;
    if (piece == 0)
        return HTTP_LAST;
    n = field ? pread(file->fd, field, piece, file->at) : -1;
    if (n != (ssize_t)piece)
        return HTTP_BROKEN; /* it shrank, or cannot be read */
    file->at += n;
    return file->at == file->size ? HTTP_LAST : HTTP_MORE;
}

static void release_file(void *arg)
{
    struct file *file = arg;

    fd_close(file->fd);
    free(file);
}

void http_reply_take_fd(struct http_reply *reply, int fd, int64_t size)
{
    struct file *file = xcalloc(1, sizeof *file);

    file->fd = fd;
    file->size = size;
    http_reply_take_producer(reply, &(struct http_producer){ .produce = produce_file,
                                        .release = release_file,
                                        .arg = file,
                                        .size = size });
}

void http_reply_close(struct http_reply *reply)
{
    reply->closes = true;
}

int http_reply_get_status(const struct http_reply *reply)
{
    return reply->mistake ? 500 : reply->status;
}

bool http_reply_find_field(const struct http_reply *reply, const char *name, struct span *ret)
{
    return http_fields_find(buf_span(&reply->fields), name, ret);
}

struct span http_reply_get_body(const struct http_reply *reply)
{
    return reply->memory.data ? buf_span(&reply->memory) : reply->bytes;
}

int64_t http_reply_size(const struct http_reply *reply)
{
    if (reply->producer.produce)
        return reply->producer.size;
    return (int64_t)http_reply_get_body(reply).size;
}

void http_reply_plain(struct http_reply *reply, int status, const char *why)
{
    autodone(buf) struct buf body = BUF_INIT(1024);

    http_reply_clear(reply);
    http_reply_status(reply, status);
    http_reply_field(reply, "Content-Type", "text/plain; charset=utf-8");
    buf_addf(&body, "%s\n", why);
    http_reply_take_body(reply, &body);
}

/* RFC 9110, 8.6: these have no body, and two of them not even a length of none. */
static bool has_length(int status)
{
    return status != 204 && status != 304;
}

void http_reply_write_head(const struct http_reply *reply, const struct http_reply_frame *frame,
    struct buf *out)
{
    buf_add_text(out, "HTTP/1.1 ");
    buf_add_i64(out, reply->status);
    buf_add_char(out, ' ');
    buf_add_text(out, http_status_text(reply->status));
    buf_add_text(out, "\r\nDate: ");
    buf_add_text(out, frame->date);
    buf_add_text(out, "\r\n");
    buf_add_span(out, buf_span(&reply->fields));
    if (!has_length(reply->status)) {
        ;
    } else if (frame->size >= 0) {
        buf_add_text(out, "Content-Length: ");
        buf_add_i64(out, frame->size);
        buf_add_text(out, "\r\n");
    } else if (frame->is_chunked) {
        buf_add_text(out, "Transfer-Encoding: chunked\r\n");
    }
    if (!frame->keeps_alive)
        buf_add_text(out, "Connection: close\r\n");
    else if (frame->minor_version == 0)
        buf_add_text(out, "Connection: keep-alive\r\n");
    buf_add_text(out, "\r\n");
}

const char *http_date(int64_t at, char field[static HTTP_DATE_SIZE])
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
        "Oct", "Nov", "Dec" };
    struct civil c = clock_to_civil(at);

    (void)snprintf(field, HTTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
        days[c.weekday % 7], c.day % 100, months[(c.month - 1) % 12], c.year % 10000, c.hour % 100,
        c.minute % 100, c.second % 100);
    return field;
}
