/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec-dump config|state|features FILE: reads a document and writes the content of the structs as
 * JSON, with the tables that the reader uses. spec-full.py compares that with the file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/spec/read.h"
#include "table.h"
#include "tap-error.h"

static void dump_object(struct json *json, const struct spec_type *type, const void *object);

static void dump_integer(struct json *json, const struct spec_property *property, const void *value)
{
    bool has_sign = property->minimum < 0;

    /* A range narrowed to positive numbers reads the same as signed or unsigned. */
    if (property->size == sizeof(uint16_t))
        json_u64(json, *(const uint16_t *) value);
    else if (property->size == sizeof(uint32_t) && has_sign)
        json_i64(json, *(const int32_t *) value);
    else if (property->size == sizeof(uint32_t))
        json_u64(json, *(const uint32_t *) value);
    else if (has_sign)
        json_i64(json, *(const int64_t *) value);
    else
        json_u64(json, *(const uint64_t *) value);
}

static void dump_scalar(struct json *json, const struct spec_property *property, const void *value)
{
    switch (property->kind) {
    case SPEC_KIND_STRING:
        json_string(json, *(const char *const *) value);
        break;
    case SPEC_KIND_BOOLEAN:
        json_bool(json, *(const bool *) value);
        break;
    case SPEC_KIND_INTEGER:
        dump_integer(json, property, value);
        break;
    case SPEC_KIND_ENUM:
        json_string(json, property->words[*(const unsigned *) value]);
        break;
    case SPEC_KIND_OBJECT:
        dump_object(json, property->type, value);
        break;
    }
}

static bool is_present(const struct spec_property *property, const unsigned char *object)
{
    const void *value = object + property->offset;

    if (property->shape != SPEC_SHAPE_ONE || property->kind == SPEC_KIND_STRING ||
        property->kind == SPEC_KIND_OBJECT)
        return *(const void *const *) value != NULL;
    if (property->kind == SPEC_KIND_ENUM)
        return *(const unsigned *) value != 0;
    if (property->extra_offset > 0)
        return *(const bool *) (object + property->extra_offset);
    return property->required || *(const bool *) value;
}

static void dump_many(struct json *json, const struct spec_property *property,
                      const unsigned char *items, size_t count)
{
    json_array_open(json);
    for (size_t i = 0; i < count; i++)
        dump_scalar(json, property, items + i * property->size);
    json_array_close(json);
}

static void dump_map(struct json *json, const struct spec_property *property,
                     const struct spec_pair *pairs, size_t count)
{
    json_object_open(json);
    for (size_t i = 0; i < count; i++) {
        json_key(json, pairs[i].key);
        if (property->kind == SPEC_KIND_OBJECT)
            dump_object(json, property->type, pairs[i].value);
        else
            json_string(json, pairs[i].value);
    }
    json_object_close(json);
}

static void dump_object(struct json *json, const struct spec_type *type, const void *object)
{
    json_object_open(json);
    for (size_t i = 0; i < type->count; i++) {
        const struct spec_property *property = &type->properties[i];
        const unsigned char *member = (const unsigned char *) object + property->offset;

        if (!is_present(property, object))
            continue;
        json_key(json, property->name);
        const size_t *count =
            (const void *) ((const unsigned char *) object + property->extra_offset);
        if (property->shape == SPEC_SHAPE_MANY)
            dump_many(json, property, *(const void *const *) member, *count);
        else if (property->shape == SPEC_SHAPE_MAP)
            dump_map(json, property, *(const void *const *) member, *count);
        else if (property->kind == SPEC_KIND_OBJECT)
            dump_object(json, property->type, *(const void *const *) member);
        else
            dump_scalar(json, property, member);
    }
    json_object_close(json);
}

static int dump(struct arena *arena, const char *kind, const char *path, struct json *json)
{
    struct error error = {0};
    const struct spec_config *config;
    const struct spec_state *state;
    const struct spec_features *features;
    char *bytes;
    size_t size;

    TRY(file_read(arena, AT_FDCWD, path, &bytes, &size));
    if (strcmp(kind, "config") == 0 && spec_read_config(arena, bytes, size, &config, &error) == 0)
        dump_object(json, &spec_type_config, config);
    else if (strcmp(kind, "state") == 0 && spec_read_state(arena, bytes, size, &state, &error) == 0)
        dump_object(json, &spec_type_state, state);
    else if (strcmp(kind, "features") == 0 &&
             spec_read_features(arena, bytes, size, &features, &error) == 0)
        dump_object(json, &spec_type_features, features);
    else
        fprintf(stderr, "%s\n", tap_error(&error));
    return -error.number;
}

int main(int argc, char **argv)
{
    AUTO_ARENA arena = {0};
    struct json json;

    json_start(&json, &arena, true);
    if (argc != 3 || dump(&arena, argv[1], argv[2], &json) < 0)
        return 1;
    puts(json.text.bytes);
    return 0;
}
