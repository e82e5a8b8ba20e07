/* SPDX-License-Identifier: Apache-2.0 */
/* process.capabilities (config.md, "Linux Process") as sets: bit n stands for capability n of
 * capabilities(7). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;
struct spec_capabilities;

/* A name that libcap does not know. berth warns of it and ignores it. */
struct spec_unknown_capability {
    const char *json_path;
    const char *name;
    const char *meant; /* a name that libcap knows, or NULL */
};

struct spec_capability_sets {
    uint64_t bounding;
    uint64_t effective;
    uint64_t permitted;
    uint64_t inheritable;
    uint64_t ambient;
    const struct spec_unknown_capability *unknown;
    size_t n_unknown;
};

/* Sets capabilities->parsed from the lists of names. The readers of src/spec do so; everything else
 * uses the sets. */
void spec_parse_capabilities(struct arena *arena, struct spec_capabilities *capabilities);

/* Returns the set that has just the capability of this name, or 0 if libcap does not know it. */
uint64_t spec_capability(const char *name);

/* Returns the name that was probably meant by one that libcap does not know, or NULL. */
const char *spec_capability_suggest(struct arena *arena, const char *name);

/* The names that spec_capability knows, by number: the numbers have no gaps. NULL-terminated. */
const char *const *spec_capability_names(struct arena *arena);
