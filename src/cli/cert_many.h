/* cli/cert_many: "certdesk cert export ID…" and "certdesk cert add -f FILE". */
#pragma once

#include "base/base.h"
#include "codec/json.h"

struct err;
struct remote;

/* The certificates and their chains as PEM, to `output` or standard output (NULL). */
bool cert_export(struct remote *remote, int n, char **ids, const char *output, struct err *err)
    must_check;

/* Add the hosts of a file, "-" for standard input; `fields` are members for all of them: name,
 * value, … *ret_good is false if a line was refused. */
bool cert_add_file(struct remote *remote, const char *path, const char *const *fields,
    size_t n_fields, const char *tags, bool is_json, bool *ret_good, struct err *err) must_check;
