/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259) into a text. Members of an object are a key call followed by a value call;
 * commas, escapes and indentation are the writer's. Bytes that are no UTF-8 become U+FFFD.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/base/text.h"

struct json {
    struct text text;
    bool pretty; /* two spaces a level, as Go's MarshalIndent and OCI tools print */
    int depth;
    bool has_item; /* the innermost object or array has an item already */
    bool has_key;  /* a key stands before the next value */
};

/* Starts a document whose memory comes from `arena`. */
void json_start(struct json *json, struct arena *arena, bool pretty);

void json_object_open(struct json *json);
void json_object_close(struct json *json);
void json_array_open(struct json *json);
void json_array_close(struct json *json);
void json_key(struct json *json, const char *key);
void json_string(struct json *json, const char *string); /* NULL is null */
void json_i64(struct json *json, int64_t number);
void json_u64(struct json *json, uint64_t number);
void json_bool(struct json *json, bool value);

/* Puts `raw`, which must be one valid JSON value, as it stands. */
void json_raw(struct json *json, const char *raw);

/* Key and string in one. */
void json_member(struct json *json, const char *key, const char *string);
