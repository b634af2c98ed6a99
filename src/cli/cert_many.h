/* cli/cert_many: "certdesk cert export ID…" and "certdesk cert add -f FILE". */
#pragma once

#include "base/base.h"
#include "codec/json.h"

struct err;
struct remote;

/* The certificates and their chains as PEM, to `output` or standard output (NULL). */
bool cert_export(struct remote *remote, int n, char **ids, const char *output, struct err *err)
    must_check;

/* What holds for all hosts of a file: members as name, value, …; `tags` may be NULL. */
struct cert_many {
    const char *const *fields;
    size_t n_fields;
    const char *tags; /* with commas between them */
    bool is_json;     /* show the job as JSON */
};

/* Add the hosts of a file, "-" for standard input. *ret_good is false if a line was refused. */
bool cert_add_file(struct remote *remote, const char *path, const struct cert_many *many,
    bool *ret_good, struct err *err) must_check;
