/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/json.h"

#include <inttypes.h>
#include <string.h>

#include "berth/base/arena.h"

static void begin_line(struct json *json)
{
    if (!json->pretty)
        return;
    text_add(&json->text, "\n");
    for (int i = 0; i < json->depth; i++)
        text_add(&json->text, "  ");
}

static void begin_item(struct json *json)
{
    if (json->has_key) {
        json->has_key = false;
        return;
    }
    if (json->has_item)
        text_add(&json->text, ",");
    if (json->depth > 0)
        begin_line(json);
    json->has_item = true;
}

static void open_scope(struct json *json, const char *bracket)
{
    begin_item(json);
    text_add(&json->text, bracket);
    json->depth++;
    json->has_item = false;
}

static void close_scope(struct json *json, const char *bracket)
{
    json->depth--;
    if (json->has_item)
        begin_line(json);
    text_add(&json->text, bracket);
    json->has_item = true;
}

/* How many bytes at `next` stand for themselves. */
static size_t count_plain(const unsigned char *next)
{
    size_t count = 0;

    while (next[count] >= 0x20 && next[count] < 0x7f && next[count] != '"' && next[count] != '\\')
        count++;
    return count;
}

/* A terminal may obey control characters from U+007F to U+009F, which JSON need not escape. Returns
 * the length of the character at `next`. */
static size_t add_character(struct text *text, const unsigned char *next)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    size_t length = text_utf8_length((const char *) next);
    const char *name = length == 1 ? strchr(named, *next) : NULL;

    if (name != NULL && (name - named) % 2 == 0)
        text_addf(text, "\\%c", name[1]);
    else if (*next < 0x20 || *next == 0x7f)
        text_addf(text, "\\u%04x", *next);
    else if (length == 2 && next[0] == 0xc2 && next[1] < 0xa0)
        text_addf(text, "\\u%04x", next[1]);
    else if (length == 0)
        text_add(text, "\xef\xbf\xbd");
    else
        text_add_bytes(text, next, length);
    return length == 0 ? 1 : length;
}

static void add_quoted(struct text *text, const char *string)
{
    const unsigned char *next = (const unsigned char *) string;

    text_add(text, "\"");
    while (*next != '\0') {
        size_t plain = count_plain(next);

        text_add_bytes(text, next, plain);
        next += plain > 0 ? plain : add_character(text, next);
    }
    text_add(text, "\"");
}

void json_start(struct json *json, struct arena *arena, bool pretty)
{
    *json = (struct json){.text = {.arena = arena}, .pretty = pretty};
}

void json_object_open(struct json *json)
{
    open_scope(json, "{");
}

void json_object_close(struct json *json)
{
    close_scope(json, "}");
}

void json_array_open(struct json *json)
{
    open_scope(json, "[");
}

void json_array_close(struct json *json)
{
    close_scope(json, "]");
}

void json_key(struct json *json, const char *key)
{
    begin_item(json);
    add_quoted(&json->text, key);
    text_add(&json->text, json->pretty ? ": " : ":");
    json->has_key = true;
}

void json_string(struct json *json, const char *string)
{
    begin_item(json);
    if (string == NULL)
        text_add(&json->text, "null");
    else
        add_quoted(&json->text, string);
}

void json_i64(struct json *json, int64_t number)
{
    begin_item(json);
    text_addf(&json->text, "%" PRId64, number);
}

void json_u64(struct json *json, uint64_t number)
{
    begin_item(json);
    text_addf(&json->text, "%" PRIu64, number);
}

void json_bool(struct json *json, bool value)
{
    json_raw(json, value ? "true" : "false");
}

void json_raw(struct json *json, const char *raw)
{
    begin_item(json);
    text_add(&json->text, raw);
}

void json_member(struct json *json, const char *key, const char *string)
{
    json_key(json, key);
    json_string(json, string);
}
