/*
 * codec/icalendar: lines of a calendar (RFC 5545, 3.1 and 3.3): escaped, folded, ended by CRLF.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

/* What `component` encloses: "BEGIN:VEVENT", "END:VEVENT" (3.6). */
void icalendar_begin(struct buf *out, const char *component);
void icalendar_end(struct buf *out, const char *component);

/* "NAME:text" of a text value: backslash, semicolon, comma and line breaks are escaped (3.3.11). */
void icalendar_add_text(struct buf *out, const char *name, const char *text);

/* "NAME:value" of anything else, which must need no escaping. */
void icalendar_add_raw(struct buf *out, const char *name, const char *value);

/* "NAME:20261128T053000Z" (3.3.5), and "NAME;VALUE=DATE:20261128" (3.3.4). */
void icalendar_add_time(struct buf *out, const char *name, int64_t at);
void icalendar_add_date(struct buf *out, const char *name, int64_t at);
