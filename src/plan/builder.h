/* SPDX-License-Identifier: Apache-2.0 */
/* The plan while it is being built: shared by the files of this folder, one a subject. */
#pragma once

#include <stdbool.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/plan/build.h"
#include "berth/plan/operands.h"
#include "berth/plan/plan.h"
#include "berth/spec/config.h"

/* What every step has, apart from its operands; slots that are 0 are none. */
#define PLAN_ACT_MEMBERS                                                                           \
    enum plan_actor by;                                                                            \
    const char *place;                                                                             \
    enum plan_slot makes;                                                                          \
    uint64_t uses;    /* PLAN_BIT of slots, besides those that are operands */                     \
    unsigned signals; /* PLAN_TOKEN_* */                                                           \
    unsigned awaits

struct plan_act {
    PLAN_ACT_MEMBERS;
};

/* struct plan_act_OPEN_TREE and the like: both, for PLAN_ADD. */
#define ARG(kind, name) PLAN_GIVEN_##kind name;
#define PLAN_OP(NAME, member, name, actors, words, operands)                                       \
    struct plan_act_##NAME {                                                                       \
        union {                                                                                    \
            struct plan_act act;                                                                   \
            struct {                                                                               \
                PLAN_ACT_MEMBERS;                                                                  \
            };                                                                                     \
        };                                                                                         \
        union {                                                                                    \
            struct plan_given_##NAME given;                                                        \
            struct {                                                                               \
                operands                                                                           \
            };                                                                                     \
        };                                                                                         \
    };
#include "berth/plan/ops.def"
#undef PLAN_OP
#undef ARG

/* The mappings of mounts: lines for MAKE_ID_MAP, or the user namespace that has them. */
struct plan_id_map {
    struct text_list lines;
    const char *path;
    const char *owner; /* for the words */
};

struct plan_builder {
    struct arena *arena;
    const struct spec_config *config;
    const struct spec_linux *linux; /* never NULL: an absent section is an empty one */
    const struct plan_host *host;
    const struct plan_request *request;
    struct error *error;
    struct plan_step *steps;
    size_t n_steps;
    size_t room;
    struct text data;           /* the header's place, and the texts of the steps */
    uint64_t new_namespaces;    /* CLONE_NEW* flags */
    uint64_t joined_namespaces; /* those that have a path */
    bool needs_first;           /* a first stage has to join or make what only children enter */
    unsigned cgroup_token;      /* what says that the cgroups are as they shall be */
    bool joined_cgroups;
    bool keeps_groups;            /* the caller's supplementary groups stay the process's */
    bool joins;                   /* exec, mounts: the container is there already */
    bool copied_mounts;           /* the host has a copy of its mounts to open trees of */
    unsigned awaited;             /* tokens that the next step of INIT awaits */
    bool entered_cgroups;         /* and the cgroup namespace is made */
    bool opened_proc;             /* PLAN_SLOT_PROC is made */
    enum plan_slot hook_files[2]; /* for stdout and stderr of INIT's hooks, or PLAN_SLOT_UNUSED */
    bool hooked;                  /* the host runs hooks before INIT changes its root */
    bool has_shared_mount; /* of mounts[] so far: what is mounted on it becomes shared, too */
    struct text_list read_only_later; /* the places of mounts that HOLD_MOUNT has taken */
    /* where what is in PLAN_SLOT_KERNEL_* is mounted, or NULL: something covers it */
    const char *kernel_mounts[4];
    unsigned n_kernel_mounts;
    unsigned next_source;          /* which PLAN_SLOT_SOURCE_* comes next */
    struct plan_id_map id_maps[4]; /* what is in PLAN_SLOT_ID_MAP_* */
    unsigned next_id_map;
};

/* Adds a step at the end; `given`: its operands, a struct plan_given_* of `op`. */
void plan_add(struct plan_builder *builder, enum plan_op op, const struct plan_act *act,
              const void *given);

/* PLAN_ADD(builder, OPEN_TREE, .by = PLAN_INIT, .makes = slot, .path = "/data", .recursive = true):
 * what is not named is none, 0, false. */
#define PLAN_ADD(builder, NAME, ...)                                                               \
    do {                                                                                           \
        const struct plan_act_##NAME plan_act_ = {__VA_ARGS__};                                    \
        plan_add((builder), PLAN_##NAME, &plan_act_.act, &plan_act_.given);                        \
    } while (0)

/* The strings of a list as an operand. */
static inline struct plan_strings plan_strings_of(const struct text_list *list)
{
    return (struct plan_strings){(const char *const *) list->item, list->count};
}

/* Lets the next step of INIT await `tokens`, too. */
void plan_await(struct plan_builder *builder, unsigned tokens);

/* Lets the last step of INIT signal `tokens`, too: all up to it is done. */
void plan_signal(struct plan_builder *builder, unsigned tokens);

/* A place in config.json, as printf(3) does. */
#define PLAN_PLACE(builder, ...) arena_printf((builder)->arena, __VA_ARGS__)

/* Does a user namespace, new or joined, lie between the container and the caller? */
bool plan_has_user_namespace(const struct plan_builder *builder);

/* Lays the plan out in one piece and derives the waits. */
int plan_seal(struct plan_builder *builder, const struct plan_header **ret_plan);

/* namespaces.c */
int plan_sort_namespaces(struct plan_builder *builder);
int plan_check_sysctls(struct plan_builder *builder);
void plan_launch(struct plan_builder *builder);
void plan_enter_namespaces(struct plan_builder *builder);
/* exec: launches what joins the container's cgroups and namespaces. */
void plan_join_container(struct plan_builder *builder);
/* mounts: launches what joins its namespaces alone. */
void plan_visit_container(struct plan_builder *builder);
void plan_name_host(struct plan_builder *builder);

/* stage.c: what a host needs that refuses none of the calls for mounts without a place; -ENOSYS
 * names what is refused. */
int plan_need_mount_calls(const struct plan_builder *builder, const char *place, const char *what);
/* Where mounts are staged: can they be? */
int plan_check_stage(struct plan_builder *builder);

/* mounts.c */
int plan_make_mounts(struct plan_builder *builder);
/* live-mounts.c: the plan of mounts add, the plan of mounts remove. */
int plan_add_mounts(struct plan_builder *builder);
int plan_remove_mounts(struct plan_builder *builder);

struct plan_attributes {
    uint64_t set; /* MOUNT_ATTR_* */
    uint64_t clear;
};

#define FSCONFIG_VALUE_MOST 255 /* bytes; fsconfig(2) refuses longer strings */

/* What the words of one mount's options come to; of words that contradict each other the last
 * wins. */
struct plan_mount_words {
    struct plan_attributes attributes; /* of the mount */
    struct plan_attributes recursive;  /* of the mount and its submounts */
    uint64_t ms;                       /* all that mount(2) takes as flags */
    const char *superblock_word;       /* one that a bind mount cannot have, or NULL */
    uint64_t propagation;              /* MS_SHARED...; 0: none asked for */
    bool propagates_recursively;
    bool binds;
    bool binds_recursively;
    bool remounts;
    bool copies_up;
    bool binds_link;  /* the source's symbolic link itself */
    bool covers_link; /* the destination's */
    bool copies_link;
    const char *link_word; /* one of the words for these, or NULL */
    bool maps_ids;         /* or the mount has mappings: plan_maps_ids */
    bool maps_recursively;
    const char *id_map; /* what stands behind "idmap=", or NULL */
    bool has_long_word;
    bool has_mode;    /* "mode=" for the file system's root */
    struct text data; /* what is left for the file system: "a,b=c" */
};

void plan_read_mount_words(struct arena *arena, const struct spec_mount *mount,
                           struct plan_mount_words *ret_words);

/* Does a file system know no files but its own, and belong to the namespaces of who makes it? */
bool plan_is_of_namespaces(const char *type);

/* attach.c */
/* The host of a caller without root's rights copies its mounts, over which it has none; once. */
void plan_copy_host_mounts(struct plan_builder *builder, const char *place);

/* Sets the attributes of the mount in `slot` as the words say. */
void plan_apply_mount_words(struct plan_builder *builder, enum plan_slot slot,
                            const struct plan_mount_words *words, const char *place);

/* The slot for a mount that the host handles too. */
enum plan_slot plan_next_source(struct plan_builder *builder);

/* Opens a path of the host to bind it. Returns the slot that holds it. */
struct plan_source {
    const char *path;
    bool recursive;  /* with submounts */
    bool is_link;    /* a symbolic link is not followed */
    bool is_peer;    /* stays in the host's peer group: what is mounted below it reaches the host */
    bool is_mapped;  /* its ids are mapped, by plan_mapper() */
    bool stays_open; /* of plan_bind: as PLAN_SLOT_ATTACHED */
};
enum plan_slot plan_open_source(struct plan_builder *builder, struct plan_source source,
                                const char *place);

/* Opens `path` in the container as PLAN_SLOT_TARGET; `like`: the slot that a target of
 * PLAN_TARGET_LIKE_MOUNT is like. */
void plan_open_target(struct plan_builder *builder, const char *path, enum plan_target_kind kind,
                      enum plan_slot like, const char *place);

/* Attaches a mount to PLAN_SLOT_TARGET; `source` and `path` are for the words. */
struct plan_attachment {
    enum plan_slot mount;
    const char *source;
    const char *path;
    enum plan_slot kept; /* the slot in which it stays open, or PLAN_SLOT_UNUSED */
};
void plan_attach(struct plan_builder *builder, struct plan_attachment attachment,
                 const char *place);

/* All of these in one: binds `source` onto `path`, with MOUNT_ATTR_* `attributes` (0: as the
 * source's mount has them). */
void plan_bind(struct plan_builder *builder, struct plan_source source, const char *path,
               uint64_t attributes, const char *place);

/* idmap.c */
bool plan_maps_ids(const struct spec_mount *mount, const struct plan_mount_words *words);
/* Who maps the ids of mounts. */
enum plan_actor plan_mapper(const struct plan_builder *builder);
/* Maps the ids of the detached mount in `slot`, if that is asked for. */
int plan_map_mount(struct plan_builder *builder, const struct spec_mount *mount,
                   const struct plan_mount_words *words, enum plan_slot slot, const char *place);

/* cgroups.c */
void plan_make_cgroups(struct plan_builder *builder);
/* Limits them and gives them to the container's user, as the config says. */
void plan_limit_cgroups(struct plan_builder *builder);
void plan_join_cgroups(struct plan_builder *builder, enum plan_actor by);
/* INIT joins its cgroups, unless the first stage has, and makes the cgroup namespace; once. */
void plan_enter_cgroups(struct plan_builder *builder);
int plan_mount_cgroups(struct plan_builder *builder, const struct spec_mount *mount,
                       const struct plan_mount_words *words, const char *place);

/* Opens the host's /proc for PUT_FILE, once. */
void plan_open_proc(struct plan_builder *builder, enum plan_actor by, const char *place);
/* network.c */
int plan_move_net_devices(struct plan_builder *builder);
/* The token that INIT awaits where it needs them, or 0. */
unsigned plan_net_devices_token(const struct plan_builder *builder);

/* rootfs.c */
void plan_open_root(struct plan_builder *builder);
void plan_set_sysctls(struct plan_builder *builder);

/* masks.c */
void plan_open_masks(struct plan_builder *builder);
/* The slot that the mount, which is about to be attached, is to stay open in, as it is a procfs or
 * sysfs with paths to mask; or PLAN_SLOT_UNUSED. */
enum plan_slot plan_kernel_slot(struct plan_builder *builder, const struct spec_mount *mount);
/* What the mount lies over is not seen any more. */
void plan_cover_kernel_mounts(struct plan_builder *builder, const struct spec_mount *mount);
void plan_mask_paths(struct plan_builder *builder);
void plan_change_root(struct plan_builder *builder);
/* When nothing more is made in the root: what shall be read-only becomes so. */
void plan_finish_root(struct plan_builder *builder);
/* exec: a container without a mount namespace of its own is a directory to chroot(2) to. */
void plan_join_root(struct plan_builder *builder);

/* console.c */
void plan_open_terminal(struct plan_builder *builder);
/* The host hands the console over that there is. */
void plan_hand_console(struct plan_builder *builder);

/* devices.c */
int plan_make_devices(struct plan_builder *builder);
/* restore: criu brings the host's nodes. */
int plan_check_restored_devices(struct plan_builder *builder);

/* hooks.c */
/* The host makes what INIT's hooks read on stdin and write to. */
void plan_prepare_hooks(struct plan_builder *builder);
void plan_run_hooks_before_pivot(struct plan_builder *builder);
/* restore: prestart and createRuntime alone. */
void plan_run_hooks_of_host(struct plan_builder *builder);
void plan_run_hooks_at_start(struct plan_builder *builder);

/* security.c */
struct plan_capabilities { /* bit n: capability n */
    uint64_t bounding;
    uint64_t effective;
    uint64_t permitted;
    uint64_t inheritable;
    uint64_t ambient;
};
/* Lets an annotation's filter take the place of linux.seccomp. */
void plan_take_filter(struct plan_builder *builder);
/* Who is asked about system calls has to be known. */
int plan_check_filter(struct plan_builder *builder);
void plan_compile_seccomp(struct plan_builder *builder);
/* The sets of the config as far as they can be granted; warns of the rest. */
void plan_read_capabilities(const struct plan_builder *builder, struct plan_capabilities *ret_sets);
/* no_new_privs, capabilities and the seccomp filter, in the order that lets each other work. */
void plan_confine(struct plan_builder *builder, const struct plan_capabilities *sets);

/* Until then: what FIND_PROGRAM and the init may do is what the program may. */
void plan_hold_capabilities(struct plan_builder *builder, const struct plan_capabilities *sets);

/* verify.c */
void plan_open_status(struct plan_builder *builder);
void plan_verify(struct plan_builder *builder, const struct plan_capabilities *sets);

/* scheduling.c */
/* What is to be run when and where: process.scheduler, process.ioPriority, linux.memoryPolicy,
 * linux.personality; and what of the caller would weaken it. */
void plan_schedule(struct plan_builder *builder);
/* What of it the host does, when INIT is ready. */
void plan_schedule_by_host(struct plan_builder *builder);
/* Lets the process run on the processors of `list` alone; an empty one, or NULL, is none. `place`:
 * its property. */
void plan_set_affinity(struct plan_builder *builder, enum plan_actor by, const char *list,
                       const char *place);
/* The caller's affinity, which the kernel would keep in the container's cpuset, is not the
 * process's. */
void plan_reset_affinity(struct plan_builder *builder, enum plan_actor by);

/* labels.c */
/* Refuses labels of security modules that the host has not. */
int plan_check_labels(struct plan_builder *builder);
/* INIT's keyring gets the process's label. */
void plan_label_keyring(struct plan_builder *builder);
/* What plan_label_process needs while the host's /proc can still be reached. */
void plan_prepare_labels(struct plan_builder *builder, enum plan_actor by);
/* Has execve(2) change to the profile and the label of the config. */
void plan_label_process(struct plan_builder *builder);
/* The options of a new file system of `type` with the label that linux.mountLabel gives it. */
const char *plan_label_options(struct plan_builder *builder, const char *type, const char *options);

/* environment.c */
void plan_make_environment(struct plan_builder *builder, struct text_list *list);
/* The value of a variable, or NULL. */
const char *plan_find_variable(const struct text_list *env, const char *name);

/* Root, if there is none. */
static inline const struct spec_user *plan_user_of(const struct spec_process *process)
{
    static const struct spec_user root;

    return process->user != NULL ? process->user : &root;
}

/* process.c */
int plan_make_process(struct plan_builder *builder);

/* commit.c */
/* Messages of INIT must not come before FIRST's message of its process id. */
void plan_hold_init_until_recorded(struct plan_builder *builder);
/* The container is created; from here on it waits for `start`, or goes on if it is to run at
 * once. */
void plan_commit(struct plan_builder *builder);
/* The step alone, which awaits and signals these tokens. */
void plan_commit_state(struct plan_builder *builder, unsigned awaits, unsigned signals);
