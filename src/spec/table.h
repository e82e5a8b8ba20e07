/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the tables that schemas/gen.py generates and src/spec/read.c walks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec-types.h"

enum spec_kind {
    SPEC_KIND_STRING,
    SPEC_KIND_BOOLEAN,
    SPEC_KIND_INTEGER,
    SPEC_KIND_ENUM,
    SPEC_KIND_OBJECT,
};

enum spec_shape {
    SPEC_SHAPE_ONE,  /* a value */
    SPEC_SHAPE_MANY, /* an array of values */
    SPEC_SHAPE_MAP,  /* an object with arbitrary keys */
};

struct arena;
struct spec_type;

/* Small: every command relocates all properties, page by page. */
struct spec_property {
    const char *name;
    uint16_t offset;       /* offset of the member in its struct */
    uint16_t extra_offset; /* offset of its has_ (ONE) or n_ (MANY, MAP) member; 0: none */
    enum spec_kind kind : 8;
    enum spec_shape shape : 8;
    bool required;
    uint16_t size;                /* of one value in C */
    const struct spec_type *type; /* OBJECT: its properties */
    const char *const *words;     /* ENUM: its words by value */
    int64_t minimum;              /* INTEGER: its range, inclusive */
    uint64_t maximum;
};

struct spec_type {
    const struct spec_property *properties;
    uint16_t count;
    uint16_t size; /* of the struct */
};

/* Returns "did you mean NAME?" for a key that no property of the type has, or NULL. */
const char *table_suggest(struct arena *arena, const struct spec_type *type, const char *key);

extern const struct spec_type spec_type_config;
extern const struct spec_type spec_type_state;
extern const struct spec_type spec_type_features;
extern const struct spec_type spec_type_process;
extern const struct spec_type spec_type_hooks;
extern const struct spec_type spec_type_resources;
extern const struct spec_type spec_type_record;
extern const struct spec_type spec_type_mounts;
extern const struct spec_type spec_type_mount;
extern const struct spec_type spec_type_capabilities;
extern const struct spec_type spec_type_landlock;
extern const struct spec_type spec_type_seccomp;
