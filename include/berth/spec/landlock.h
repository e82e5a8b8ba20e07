/* SPDX-License-Identifier: Apache-2.0 */
/* The rights of Landlock, landlock(7), that the annotation run.berth.landlock names. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "berth/spec/config.h"

struct arena;

/* Sets of rights, with the bits of linux/landlock.h. */
struct spec_landlock_rights {
    uint64_t files;   /* LANDLOCK_ACCESS_FS_* */
    uint64_t network; /* LANDLOCK_ACCESS_NET_* */
    uint64_t scopes;  /* LANDLOCK_SCOPE_* */
};

/* The newest version of Landlock's ABI that adds a right that berth knows. */
#define SPEC_LANDLOCK_ABI 6

/* Returns what the annotation says, or NULL if there is none or no process. */
const struct spec_landlock *spec_landlock_of(const struct spec_config *config);

/* Returns the rights that the kernel's Landlock of this ABI version can restrict; none for 0. */
struct spec_landlock_rights spec_landlock_known(unsigned abi);

/* Returns the rights that the ruleset restricts. */
struct spec_landlock_rights spec_landlock_handled(const struct spec_landlock *landlock);

/* Returns those of the rights that are not among the others. */
struct spec_landlock_rights spec_landlock_without(struct spec_landlock_rights rights,
                                                  struct spec_landlock_rights others);

/* Converts the rights of a rule. */
uint64_t spec_landlock_files(const enum spec_landlock_file *rights, size_t count);
uint64_t spec_landlock_network(const enum spec_landlock_net *rights, size_t count);

/* Returns the names of the rights: "read_file, bind_tcp"; "" for none. */
const char *spec_landlock_names(struct arena *arena, struct spec_landlock_rights rights);
