/* SPDX-License-Identifier: Apache-2.0 */
/* The Linux options of mounts[].options (config.md, "Mounts: Linux mount options") and their
 * meaning. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_option_kind {
    /* per mount, mount_setattr(2); with a leading "r" for all submounts too */
    PLAN_OPTION_ATTRIBUTE,
    PLAN_OPTION_ATIME,       /* per mount: one of the exclusive MOUNT_ATTR__ATIME values */
    PLAN_OPTION_SUPERBLOCK,  /* per file system */
    PLAN_OPTION_PROPAGATION, /* mount_namespaces(7) */
    PLAN_OPTION_BIND,
    PLAN_OPTION_REMOUNT,
    /* tmpcopyup: copy the directory that the tmpfs covers into the tmpfs */
    PLAN_OPTION_COPY_UP,
    PLAN_OPTION_ID_MAP, /* idmap, ridmap; "idmap=..." with the mappings in the option, as in crun */
    PLAN_OPTION_SOURCE_LINK, /* src-nofollow: bind the symbolic link at the source itself */
    PLAN_OPTION_TARGET_LINK, /* dest-nofollow: mount over the symbolic link at the destination */
    /* copy-symlink: recreate a source that is a symbolic link at the destination, do not bind it */
    PLAN_OPTION_COPY_LINK,
    PLAN_OPTION_DEFAULTS,
};

struct plan_option {
    const char *name;
    enum plan_option_kind kind;
    bool clears;        /* clears the flag instead of setting it */
    bool recursive;     /* applies to all submounts too */
    uint64_t ms;        /* MS_* of mount(2) */
    uint64_t attribute; /* MOUNT_ATTR_* of mount_setattr(2) */
};

/* Returns the table, with its length in *ret_count. Options of the kinds ATTRIBUTE and ATIME
 * have a recursive form with a leading "r" that the table does not list. */
const struct plan_option *plan_options(size_t *ret_count);

/* Looks up an option of mounts[].options, and sets *ret_recursive if it is the recursive form of
 * a table entry. Among options with "=" it knows only idmap and ridmap. Returns NULL for an
 * option of the file system. */
const struct plan_option *plan_option_find(const char *word, bool *ret_recursive);
