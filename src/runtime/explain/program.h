/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that cannot be executed, and why. */
#pragma once

#include <stdint.h>

struct arena;
struct plan_header;
struct tree;

struct program {
    int number;       /* what execve(2) will say: a positive errno, 0: nothing against it is seen */
    const char *hint; /* what is wrong, or NULL where the number says it all */
};

/* Looks at the file `path` of the tree, and at what it needs to run. */
struct program program_look_at(const struct tree *tree, const char *path);

/* The same for the container's program: as the plan's FIND_PROGRAM step will look for it. */
struct program program_look(struct arena *arena, const struct plan_header *plan);

/* A hint at why the container's program was refused with this errno, or NULL. */
const char *program_hint(struct arena *arena, const struct plan_header *plan, int number);
