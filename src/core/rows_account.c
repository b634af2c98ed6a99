/* core/rows_account: see the header. */
#include "core/rows_account.h"

#include <string.h>

void account_row_free(struct account_row *row)
{
    if (!row)
        return;
    free(row->name);
    free(row->display_name);
    free(row->email);
    free(row->role);
    free(row->password_hash);
    free(row);
}

bool account_name_is_valid(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-@+";
    size_t n = strlen(name);

    return n >= 1 && n <= 64 && strspn(name, allowed) == n && strspn(name, ".") < n;
}

void group_row_done(struct group_row *row)
{
    free(row->name);
    free(row->description);
}
DEFINE_ROWS(group);

void token_row_free(struct token_row *row)
{
    if (!row)
        return;
    free(row->name);
    free(row->scopes);
    free(row);
}
