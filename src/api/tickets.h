/* api/tickets: a ticket as the API shows it; the dashboard shows some, too. */
#pragma once

#include "api/api.h"
#include "core/rows_ticket.h"

bool ticket_json_write(struct api_call *call, const struct ticket_row *ticket, struct err *err)
    must_check;
