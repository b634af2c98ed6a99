/*
 * base/log: one event, one line, key=value, on standard error.
 *
 * `log_info("probe.done", KV_I64("endpoint", id), KV_STR("result", name));` The event's name is
 * stable and documented; values are escaped, so a line break in a certificate's subject cannot make
 * a second line. Error: somebody must act. Warning: survived. Info: what an auditor would ask for.
 * Debug: the rest. Thread-safe: each line is a single write.
 */
#pragma once

#include "base/base.h"

struct err;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_value { LOG_VALUE_STR, LOG_VALUE_I64, LOG_VALUE_BOOL, LOG_VALUE_ERR };

struct log_kv {
    const char *key;
    enum log_value type;
    const char *text;
    int64_t number;
    const struct err *err;
};

#define KV_STR(name, value)                                                                        \
    ((struct log_kv){ .key = (name), .type = LOG_VALUE_STR, .text = (value) })
#define KV_I64(name, value)                                                                        \
    ((struct log_kv){ .key = (name), .type = LOG_VALUE_I64, .number = (int64_t)(value) })
#define KV_BOOL(name, value)                                                                       \
    ((struct log_kv){ .key = (name), .type = LOG_VALUE_BOOL, .number = (value) })
/* kind=…, error="msg" and, where there is one, detail="…". */
#define KV_ERR(value) ((struct log_kv){ .key = "error", .type = LOG_VALUE_ERR, .err = (value) })

#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, ##__VA_ARGS__, LOG_END)
#define log_warning(event, ...) log_event(LOG_LEVEL_WARNING, event, ##__VA_ARGS__, LOG_END)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, ##__VA_ARGS__, LOG_END)
#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, ##__VA_ARGS__, LOG_END)

#define LOG_END ((struct log_kv){ .key = NULL })
#define log_event(level, event, ...) log_write(level, event, (const struct log_kv[]){ __VA_ARGS__ })

/* Lines above `level` are dropped; LOG_LEVEL_INFO until told otherwise. */
void log_set_level(enum log_level level);

/* The name of this process in every line: "server", "prober", … `role` must live for ever. */
void log_set_role(const char *role);

void log_write(enum log_level level, const char *event, const struct log_kv *pairs);
