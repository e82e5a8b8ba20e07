/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structs for config.json, state.json and features.json: struct spec_config, spec_state,
 * spec_features and their members. schemas/gen.py generates them from the schemas next to it.
 *
 * - A JSON name in camelCase is a member in snake_case: noNewPrivileges, no_new_privileges.
 * - Object: a pointer, NULL if absent. String: const char *, NULL if absent.
 * - Array: `const T *NAME; size_t n_NAME;`; strings also end with NULL. Absent: NULL and 0.
 * - Map: an array of struct spec_pair or spec_X_entry, sorted by key, with unique keys.
 * - Number, boolean: with `bool has_NAME`, unless it is required or false means absent.
 * - Word of a fixed set: an enum with SPEC_X_NONE = 0 for absent; the words are in spec_X_names[].
 *
 * All of it is constant once read, and lives in the arena that it was read into.
 */
#pragma once

#include "spec-types.h"
