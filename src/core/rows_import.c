/* core/rows_import: see the header. */
#include "core/rows_import.h"

#include <stdlib.h>
#include <string.h>

static const char *const action_names[N_IMPORT_ACTIONS] = {
    [IMPORT_CREATED] = "created",
    [IMPORT_UPDATED] = "updated",
    [IMPORT_UNCHANGED] = "unchanged",
    [IMPORT_FAILED] = "failed",
};

const char *import_action_name(enum import_action action)
{
    return action_names[action];
}

bool import_action_from_name(const char *name, enum import_action *ret)
{
    for (int i = 0; i < N_IMPORT_ACTIONS; i++) {
        if (strcmp(action_names[i], name) == 0) {
            *ret = (enum import_action)i;
            return true;
        }
    }
    return false;
}

void import_row_done(struct import_row *row)
{
    free(row->account);
    free(row->filename);
    free(row->job_state);
    free(row->result);
    free(row->header);
    free(row->delimiter);
    free(row->problem);
}
DEFINE_ROWS(import);

void import_record_row_done(struct import_record_row *row)
{
    free(row->lines);
    free(row->name);
    free(row->certificate);
    free(row->detail);
    free(row->cells);
}
DEFINE_ROWS(import_record);
