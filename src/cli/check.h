/*
 * cli/check: the parts of `certdesk check`, which needs no server.
 *
 * Targets come from the arguments, from files or from standard input, one a line; each is looked at
 * as the daemon would, and told of in one line as soon as it is known.
 */
#pragma once

#include "base/base.h"
#include "base/span.h"
#include "probe/probe.h"

struct err;
struct loop;

/* As monitoring plug-ins count (monitoring-plugins.org). */
enum check_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

enum check_format { CHECK_TABLE, CHECK_JSON, CHECK_CSV };

struct check_rules {
    int64_t warn_days;
    int64_t crit_days;
    bool allows_untrusted;
};

struct check_verdict {
    enum check_status status;
    char message[256];
    bool has_expiry;
    int64_t expires_at; /* the earliest of all addresses */
    int64_t days_left;
    size_t n_addresses;              /* that were seen */
    const struct probe_sight *worst; /* the sight that decided; NULL without any */
};

/* What a result is worth at `now`; `name` is who the certificate should be for. */
void check_judge(const struct check_rules *rules, const struct probe_result *result,
    const char *name, int64_t now, struct check_verdict *ret);

/* Of two: 2 is worse than 3, 3 than 1, 1 than 0. */
enum check_status check_worse(enum check_status a, enum check_status b);
const char *check_status_name(enum check_status status); /* "ok", "warning", … */

/* What a line is about. */
struct check_line {
    const char *text; /* as it was given */
    const char *host;
    int port;
    const char *sni;
    enum probe_protocol protocol;
    const struct probe_result *result; /* NULL: it could not be asked, and the verdict says why */
    const struct check_verdict *verdict;
};

void check_print_head(enum check_format format);
void check_print(enum check_format format, const struct check_line *line);

/* Lines of files and of standard input, without waiting for the latter. */
struct check_input;

enum check_read { CHECK_LINE, CHECK_LATER, CHECK_END };

/* `on_more` is called from the loop when it is worth reading again after CHECK_LATER. */
struct check_input *check_input_new(struct loop *loop, void (*on_more)(void *ctx), void *ctx)
    must_check;
void check_input_free(struct check_input *input);

/* A file to be read after those before it; "-" is standard input. ERR_NOT_FOUND and kin. */
bool check_input_add(struct check_input *input, const char *path, struct err *err) must_check;

/* The next line that is neither blank nor a comment, trimmed; valid until the next call. */
enum check_read check_input_next(struct check_input *input, struct span *ret);

DEFINE_AUTOFREE(check_input);
