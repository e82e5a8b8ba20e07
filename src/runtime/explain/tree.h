/* SPDX-License-Identifier: Apache-2.0 */
/* The container's files as the host can see them while nothing is mounted: the root file system
 * and, over it, what the plan binds. For checks and explanations alone, since a path may lead
 * elsewhere a moment later. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "berth/plan/plan.h"

struct arena;

/* What tree_find returns for what only the mounts will show. */
#define TREE_UNSEEN (-61) /* -ENODATA */

struct tree_mount {
    const char *path;    /* in the container */
    const char *source;  /* on the host, NULL: it cannot be looked into */
    uint64_t attributes; /* MOUNT_ATTR_* that the plan sets */
};

/* What a slot of the plan holds. */
struct tree_content {
    /* the source of a bind mount; of PLAN_SLOT_TARGET: where it is in the container; or NULL */
    const char *path;
    uint64_t attributes;
};

struct tree {
    struct arena *arena;
    const char *root; /* "" for the host's own files; NULL: none yet */
    struct tree_content contents[PLAN_SLOTS];
    struct tree_mount *mounts;
    size_t n_mounts;
    size_t room;
};

struct tree_place {
    /* in the container, without symbolic links; of the first name that is missing */
    const char *path;
    const char *host;    /* where that is on the host */
    uint64_t attributes; /* of the plan's mount that it is on */
};

/* The tree when all steps of the plan have been carried out. */
struct tree tree_of_plan(struct arena *arena, const struct plan_header *plan);

/* Takes note of what a step mounts; the steps have to come in their order. */
void tree_take_step(struct tree *tree, const struct plan_header *plan,
                    const struct plan_step *step);

/* Resolves a path as the container's processes would, from its root. Returns 0, TREE_UNSEEN or a
 * negative errno; *ret_place is set after 0 and -ENOENT. */
int tree_find(const struct tree *tree, const char *path, struct tree_place *ret_place);

/* The same for the source of a bind mount, a path on the host, if it is in the root file system and
 * INIT opens it, which sees earlier mounts there; else -EXDEV. */
int tree_find_source(const struct tree *tree, const struct plan_step *step, const char *path,
                     struct tree_place *ret_place);
