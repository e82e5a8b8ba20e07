/* SPDX-License-Identifier: Apache-2.0 */
/* The words of mounts[].options (config.md, "Mounts: Linux mount options") and what they stand
 * for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_option_kind {
    /* of the mount: mount_setattr(2); with a leading "r": of all submounts too */
    PLAN_OPTION_ATTRIBUTE,
    PLAN_OPTION_ATIME,       /* of the mount: one of the exclusive MOUNT_ATTR__ATIME values */
    PLAN_OPTION_SUPERBLOCK,  /* of the file system */
    PLAN_OPTION_PROPAGATION, /* mount_namespaces(7) */
    PLAN_OPTION_BIND,
    PLAN_OPTION_REMOUNT,
    /* tmpcopyup: the tmpfs starts with the content of the directory below it */
    PLAN_OPTION_COPY_UP,
    PLAN_OPTION_ID_MAP, /* idmap, ridmap; "idmap=..." with mappings in the word, as crun has it */
    PLAN_OPTION_SOURCE_LINK, /* src-nofollow: the source's symbolic link itself is bound */
    PLAN_OPTION_TARGET_LINK, /* dest-nofollow: the destination's symbolic link itself is covered */
    /* copy-symlink: a source that is a symbolic link is made again at the destination, not bound */
    PLAN_OPTION_COPY_LINK,
    PLAN_OPTION_DEFAULTS,
};

struct plan_option {
    const char *name;
    enum plan_option_kind kind;
    bool clears;        /* takes the flag away instead of setting it */
    bool recursive;     /* with all submounts */
    uint64_t ms;        /* MS_* of mount(2) */
    uint64_t attribute; /* MOUNT_ATTR_* of mount_setattr(2) */
};

/* The table, `*ret_count` words long. Those of the kinds ATTRIBUTE and ATIME have a recursive twin
 * with a leading "r". */
const struct plan_option *plan_options(size_t *ret_count);

/* Finds a word, or the recursive twin of one; `ret_recursive` tells which. Of words with "=" it
 * knows idmap's alone. NULL: a word for the file system itself. */
const struct plan_option *plan_option_find(const char *word, bool *ret_recursive);
