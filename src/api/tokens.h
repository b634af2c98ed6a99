/* api/tokens: how a token is made; the rest is routes. */
#pragma once

#include "base/base.h"

/* "cdt_", forty hexadecimal digits, NUL. */
#define TOKEN_SIZE 45

/* The caller wipes it when it has been given out. */
void token_make(char field[static TOKEN_SIZE]);
