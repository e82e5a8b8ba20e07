/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out why a program cannot be executed. */
#pragma once

#include <stdint.h>

struct arena;
struct plan_header;
struct rootfs_view;

struct program {
    int number;       /* the errno that execve(2) will set, 0: none expected */
    const char *hint; /* what is wrong, or NULL if the errno says it all */
};

/* Checks the file `path` of the view, and what it needs to run. */
struct program program_look_at(const struct rootfs_view *view, const char *path);

/* The same for the container's program, searched for as the plan's FIND_PROGRAM step does. */
struct program program_look(struct arena *arena, const struct plan_header *plan);

/* Returns why the container's program was refused with this errno, or NULL. */
const char *program_hint(struct arena *arena, const struct plan_header *plan, int number);
