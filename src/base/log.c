/* base/log: see the header. The level and the role are the only globals of the project. */
#include "base/log.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

#define LINE_MAX_BYTES 4096

static _Atomic int max_level = LOG_LEVEL_INFO;
static const char *_Atomic role_name = "certdesk";

void log_set_level(enum log_level level)
{
    atomic_store(&max_level, (int)level);
}

void log_set_role(const char *role)
{
    atomic_store(&role_name, role);
}

static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7F)
            return false;
    return text[0] != '\0';
}

static void add_escaped(struct buf *line, const char *text)
{
    if (is_plain(text)) {
        buf_add_text(line, text);
        return;
    }
    buf_add_char(line, '"');
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;

        if (c == '"' || c == '\\')
            buf_addf(line, "\\%c", c);
        else if (c < ' ' || c == 0x7F)
            buf_addf(line, "\\x%02x", c);
        else
            buf_add_char(line, *p);
    }
    buf_add_char(line, '"');
}

static void add_pair(struct buf *line, const struct log_kv *kv)
{
    switch (kv->type) {
    case LOG_VALUE_STR:
        buf_addf(line, " %s=", kv->key);
        add_escaped(line, kv->text ? kv->text : "");
        break;
    case LOG_VALUE_I64:
        buf_addf(line, " %s=%" PRId64, kv->key, kv->number);
        break;
    case LOG_VALUE_BOOL:
        buf_addf(line, " %s=%s", kv->key, kv->number ? "true" : "false");
        break;
    case LOG_VALUE_ERR:
        buf_addf(line, " kind=%s error=", err_kind_name(kv->err->kind));
        add_escaped(line, kv->err->msg);
        if (kv->err->detail[0]) {
            buf_add_text(line, " detail=");
            add_escaped(line, kv->err->detail);
        }
        break;
    }
}

void log_write(enum log_level level, const char *event, const struct log_kv *pairs)
{
    static const char *const level_names[] = { "error", "warning", "info", "debug" };
    char at[CLOCK_RFC3339_SIZE];

    if ((int)level > atomic_load(&max_level))
        return;
    autodone(buf) struct buf line = BUF_INIT(LINE_MAX_BYTES);

    buf_addf(&line, "time=%s level=%s process=%s event=%s", clock_rfc3339(clock_now(), at),
        level_names[level], atomic_load(&role_name), event);
    for (const struct log_kv *kv = pairs; kv->key; kv++)
        add_pair(&line, kv);
    struct span s = buf_span(&line);
    autodone(buf) struct buf whole = BUF_INIT(LINE_MAX_BYTES + 32);

    buf_add_span(&whole, s);
    buf_add_text(&whole, buf_ok(&line) ? "\n" : " cut=true\n");
    ssize_t ignored = write(STDERR_FILENO, whole.data, whole.size);

    (void)ignored;
}
