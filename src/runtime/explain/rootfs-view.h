/* SPDX-License-Identifier: Apache-2.0 */
/* The container's files as the host sees them before anything is mounted: the root file system and,
 * over it, the plan's bind mounts. Only for checks and explanations: a path may lead elsewhere a
 * moment later. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "berth/plan/plan.h"

struct arena;

/* rootfs_view_find returns this for a path that only the mounts will show. */
#define ROOTFS_VIEW_UNSEEN (-61) /* -ENODATA */

struct rootfs_view_mount {
    const char *path;    /* in the container */
    const char *source;  /* on the host; NULL if the host cannot look into it */
    uint64_t attributes; /* MOUNT_ATTR_* set by the plan */
};

/* The content of a slot of the plan. */
struct rootfs_view_content {
    /* the source of a bind mount; for PLAN_SLOT_TARGET, the path in the container; or NULL */
    const char *path;
    uint64_t attributes;
};

struct rootfs_view {
    struct arena *arena;
    const char *root; /* "" for the host's own files; NULL if not set yet */
    struct rootfs_view_content contents[PLAN_SLOTS];
    struct rootfs_view_mount *mounts;
    size_t n_mounts;
    size_t room;
};

struct rootfs_view_place {
    /* in the container, without symbolic links; ends with the first missing name */
    const char *path;
    const char *host;    /* the same on the host */
    uint64_t attributes; /* of the plan's mount that the file is on */
};

/* Returns the view after all steps of the plan. */
struct rootfs_view rootfs_view_of_plan(struct arena *arena, const struct plan_header *plan);

/* Records what a step mounts. Call it for all steps in order. */
void rootfs_view_apply(struct rootfs_view *view, const struct plan_header *plan,
                       const struct plan_step *step);

/* Resolves a path as the container's processes would, from its root. Returns 0, ROOTFS_VIEW_UNSEEN
 * or a negative errno; *ret_place is set after 0 and -ENOENT. */
int rootfs_view_find(const struct rootfs_view *view, const char *path,
                     struct rootfs_view_place *ret_place);

/* The same for the source of a bind mount, a path on the host, if it is in the root file system and
 * init opens it (init sees earlier mounts there). Otherwise returns -EXDEV. */
int rootfs_view_find_source(const struct rootfs_view *view, const struct plan_step *step,
                            const char *path, struct rootfs_view_place *ret_place);
