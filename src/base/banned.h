/*
 * base/banned: functions that are easy to use wrongly do not compile here.
 *
 * System headers are included first, so that their own declarations are untouched.
 */
#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED_USE_INSTEAD(what, instead) what##_is_banned_use_##instead

#undef strcpy
#define strcpy(...) BANNED_USE_INSTEAD(strcpy, buf_or_snprintf)
#undef strcat
#define strcat(...) BANNED_USE_INSTEAD(strcat, buf)
#undef strncpy
#define strncpy(...) BANNED_USE_INSTEAD(strncpy, span_copy_text)
#undef strncat
#define strncat(...) BANNED_USE_INSTEAD(strncat, buf)
#undef sprintf
#define sprintf(...) BANNED_USE_INSTEAD(sprintf, snprintf)
#undef vsprintf
#define vsprintf(...) BANNED_USE_INSTEAD(vsprintf, vsnprintf)
#undef strtok
#define strtok(...) BANNED_USE_INSTEAD(strtok, span_split)
#undef atoi
#define atoi(...) BANNED_USE_INSTEAD(atoi, parse_i64)
#undef atol
#define atol(...) BANNED_USE_INSTEAD(atol, parse_i64)
#undef atoll
#define atoll(...) BANNED_USE_INSTEAD(atoll, parse_i64)
#undef strtol
#define strtol(...) BANNED_USE_INSTEAD(strtol, parse_i64)
#undef strtoll
#define strtoll(...) BANNED_USE_INSTEAD(strtoll, parse_i64)
#undef strtoul
#define strtoul(...) BANNED_USE_INSTEAD(strtoul, parse_i64)
#undef strtoull
#define strtoull(...) BANNED_USE_INSTEAD(strtoull, parse_i64)
#undef gmtime
#define gmtime(...) BANNED_USE_INSTEAD(gmtime, clock_to_rfc3339)
#undef localtime
#define localtime(...) BANNED_USE_INSTEAD(localtime, clock_to_rfc3339)
#undef ctime
#define ctime(...) BANNED_USE_INSTEAD(ctime, clock_to_rfc3339)
#undef asctime
#define asctime(...) BANNED_USE_INSTEAD(asctime, clock_to_rfc3339)
#undef rand
#define rand(...) BANNED_USE_INSTEAD(rand, rand_bytes)
#undef random
#define random(...) BANNED_USE_INSTEAD(random, rand_bytes)
#undef srand
#define srand(...) BANNED_USE_INSTEAD(srand, rand_bytes)
#undef system
#define system(...) BANNED_USE_INSTEAD(system, subprocess_run)
#undef popen
#define popen(...) BANNED_USE_INSTEAD(popen, subprocess_run)
#undef alloca
#define alloca(...) BANNED_USE_INSTEAD(alloca, xmalloc)
#undef malloc
#define malloc(...) BANNED_USE_INSTEAD(malloc, xmalloc)
#undef calloc
#define calloc(...) BANNED_USE_INSTEAD(calloc, xcalloc)
#undef realloc
#define realloc(...) BANNED_USE_INSTEAD(realloc, xrealloc)
#undef strdup
#define strdup(...) BANNED_USE_INSTEAD(strdup, xstrdup)
#undef strndup
#define strndup(...) BANNED_USE_INSTEAD(strndup, xstrndup)
