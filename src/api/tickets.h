/* api/tickets: tickets as the API shows them, and what every route below one begins with. */
#pragma once

#include "api/api.h"
#include "core/rows_ticket.h"
#include "life/life.h"

struct multipart_part;

/* As in lists; the dashboard shows some, too. */
bool ticket_json_write(struct api_call *call, const struct ticket_row *ticket, struct err *err)
    must_check;

/* With all that one ticket has beside that: request, order, approvals, where it is expected. */
bool ticket_json_write_full(struct api_call *call, const struct ticket_row *ticket, struct err *err)
    must_check;

/* The ticket {key}, which the caller may see, and may do this to. */
bool ticket_require(struct api_call *call, enum action action, struct ticket_row **ret,
    struct err *err) must_check;

/* The answer: the ticket as it is now, in full, in the transaction of the call or, without one, in
 * one of its own. `message` NULL: none. */
enum ticket_message { TICKET_NO_MESSAGE, TICKET_CREATED, TICKET_UPDATED };
bool ticket_answer(struct api_call *call, int64_t id, enum ticket_message message, struct err *err)
    must_check;

/* Members of bodies: a summary is one line that says something; NULL where it is not there. A
 * reason is "unspecified" where none is given. What is wrong is complained of. */
const char *ticket_read_summary(struct json_in *in);
void ticket_read_reason(struct json_in *in, enum ca_reason *ret);

/* The life service on behalf of the caller. */
struct life ticket_life(struct api_call *call);

/* ERR_DENIED: somebody else has attached it. */
bool ticket_may_detach(const struct api_call *call, const struct attachment_row *file,
    struct err *err) must_check;

/* What a file is, by its ending; a browser is never told that something is a page or a script. */
const char *attachment_media_type(const char *name);

/* Attach what came as a part of a form, in the caller's name, and say so in the audit log. */
bool attachment_add(struct api_call *call, const struct ticket_row *ticket,
    const struct multipart_part *part, struct attachment_row **ret, struct err *err) must_check;

/* The answer is a file to be kept under that name. */
void attachment_name_download(struct api_call *call, const char *name);
