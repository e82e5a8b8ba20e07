/* SPDX-License-Identifier: Apache-2.0 */
/* The Linux options of mounts[].options (config.md, "Mounts: Linux mount options") and their
 * meaning. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct spec_mount;

enum spec_mount_word_kind {
    /* per mount, mount_setattr(2); with a leading "r" for all submounts too */
    SPEC_MOUNT_ATTRIBUTE,
    SPEC_MOUNT_ATIME,       /* per mount: one of the exclusive MOUNT_ATTR__ATIME values */
    SPEC_MOUNT_SUPERBLOCK,  /* per file system */
    SPEC_MOUNT_PROPAGATION, /* mount_namespaces(7) */
    SPEC_MOUNT_BIND,
    SPEC_MOUNT_REMOUNT,
    /* tmpcopyup: copy the directory that the tmpfs covers into the tmpfs */
    SPEC_MOUNT_COPY_UP,
    SPEC_MOUNT_ID_MAP, /* idmap, ridmap; "idmap=..." with the mappings in the option, as in crun */
    SPEC_MOUNT_SOURCE_LINK, /* src-nofollow: bind the symbolic link at the source itself */
    SPEC_MOUNT_TARGET_LINK, /* dest-nofollow: mount over the symbolic link at the destination */
    /* copy-symlink: recreate a source that is a symbolic link at the destination, do not bind it */
    SPEC_MOUNT_COPY_LINK,
    SPEC_MOUNT_DEFAULTS,
};

struct spec_mount_option {
    const char *name;
    enum spec_mount_word_kind kind;
    bool clears;        /* clears the flag instead of setting it */
    bool recursive;     /* applies to all submounts too */
    uint64_t ms;        /* MS_* of mount(2) */
    uint64_t attribute; /* MOUNT_ATTR_* of mount_setattr(2) */
};

/* Returns the table, with its length in *ret_count. Options of the kinds ATTRIBUTE and ATIME
 * have a recursive form with a leading "r" that the table does not list. */
const struct spec_mount_option *spec_mount_option_table(size_t *ret_count);

struct spec_mount_attributes {
    uint64_t set; /* MOUNT_ATTR_* */
    uint64_t clear;
};

#define FSCONFIG_VALUE_MAX 255 /* bytes; fsconfig(2) refuses longer strings */

/* The parsed options of a mount. If options contradict each other, the last one wins. */
struct spec_mount_options {
    struct spec_mount_attributes attributes; /* of the mount */
    struct spec_mount_attributes recursive;  /* of the mount and its submounts */
    uint64_t ms;                             /* the flags for mount(2) */
    const char *superblock_word;             /* an option that a bind mount cannot have, or NULL */
    uint64_t propagation;                    /* MS_SHARED...; 0: none asked for */
    bool propagates_recursively;
    bool binds;
    bool binds_recursively;
    bool remounts;
    bool copies_up;
    bool binds_link;  /* src-nofollow: bind the source's symbolic link itself */
    bool covers_link; /* dest-nofollow: mount over the destination's symbolic link */
    bool copies_link;
    const char *link_word; /* one of these three options, or NULL */
    bool maps_ids;         /* see plan_maps_ids, which also considers the mount's own mappings */
    bool maps_recursively;
    const char *id_map; /* the value of "idmap=", or NULL */
    bool has_long_word;
    bool has_mode;    /* "mode=" for the root of the file system */
    const char *data; /* the other options, for the file system: "a,b=c", or NULL */
};

/* Sets mount->parsed from mount->options. The readers of src/spec do so; call it again after a
 * change of the options. */
void spec_parse_mount_options(struct arena *arena, struct spec_mount *mount);
