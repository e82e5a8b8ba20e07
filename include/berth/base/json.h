/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259) into a text. An object member is a key call followed by a value call; the
 * writer adds commas, escapes and indentation. Invalid UTF-8 becomes U+FFFD.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/base/text.h"

struct json {
    struct text text;
    bool pretty; /* two spaces per level, as Go's json.MarshalIndent and OCI tools print */
    int depth;
    bool has_item; /* the innermost object or array is not empty */
    bool has_key;  /* a key was written, its value comes next */
};

/* Starts a document in memory from `arena`. */
void json_start(struct json *json, struct arena *arena, bool pretty);

void json_object_open(struct json *json);
void json_object_close(struct json *json);
void json_array_open(struct json *json);
void json_array_close(struct json *json);
void json_key(struct json *json, const char *key);
void json_string(struct json *json, const char *string); /* NULL writes null */
void json_i64(struct json *json, int64_t number);
void json_u64(struct json *json, uint64_t number);
void json_bool(struct json *json, bool value);

/* Writes `raw`, which must be one valid JSON value, unchanged. */
void json_raw(struct json *json, const char *raw);

/* Writes a key and a string value. */
void json_member(struct json *json, const char *key, const char *string);
