/* api/imports: the table of what an import refused. */
#pragma once

#include "api/api.h"
#include "core/rows_import.h"

/* Answer with the refused rows as they came, and why before them. */
void import_errors_answer(struct api_call *call, const struct import_row *import);
