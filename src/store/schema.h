/*
 * store/schema: the numbered steps of the schema, as the build put them into the binary.
 *
 * One step is one file of store/schema/, one transaction forward. What is written for one database
 * only, and the word macros, are resolved by whoever runs a step.
 */
#pragma once

#include "db/migrate.h"

/* In the order in which they run. */
extern const struct schema_step schema_steps[];
extern const size_t n_schema_steps;
