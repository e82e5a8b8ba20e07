/* SPDX-License-Identifier: Apache-2.0 */
/* The plan builder, shared by the files of this folder, each of which covers one subject. */
#pragma once

#include <stdbool.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/plan/build.h"
#include "berth/plan/operands.h"
#include "berth/plan/plan.h"
#include "berth/spec/capabilities.h"
#include "berth/spec/config.h"
#include "berth/spec/mount-options.h"

/* The members of every step besides its operands; a slot of 0 means none. */
#define PLAN_ACT_MEMBERS                                                                           \
    enum plan_actor by;                                                                            \
    const char *place;                                                                             \
    enum plan_slot makes;                                                                          \
    uint64_t uses;    /* PLAN_BIT of slots that are not operands */                                \
    unsigned signals; /* PLAN_TOKEN_* */                                                           \
    unsigned awaits

struct plan_act {
    PLAN_ACT_MEMBERS;
};

/* struct plan_act_OPEN_TREE and so on, for PLAN_ADD: the members of every step and the operands. */
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

/* The mappings of idmapped mounts: lines for MAKE_ID_MAP, or the path of a user namespace that
 * has them. */
struct plan_id_map {
    struct text_list lines;
    const char *path;
    const char *owner; /* for messages */
};

struct plan_builder {
    struct arena *arena;
    const struct spec_config *config;
    const struct spec_linux *linux; /* never NULL: empty if the section is missing */
    const struct plan_host *host;
    const struct plan_request *request;
    struct error *error;
    struct plan_step *steps;
    size_t n_steps;
    size_t room;
    struct text data;           /* room for the header, then the strings of the steps */
    uint64_t new_namespaces;    /* CLONE_NEW* flags */
    uint64_t joined_namespaces; /* CLONE_NEW* of the namespaces with a path */
    /* FIRST has to join or create namespaces that only children enter */
    bool needs_first;
    unsigned cgroup_token; /* the token of the last step that sets up the cgroups */
    bool joined_cgroups;
    bool keeps_groups; /* the process keeps the caller's supplementary groups */
    bool joins;        /* exec, mounts: the container exists */
    bool is_pod;       /* the container holds its namespaces without a process */
    bool has_ruleset;  /* a step makes PLAN_SLOT_LANDLOCK */
    /* COPY_MOUNTS is planned: the host opens trees in its copy of the mounts */
    bool copied_mounts;
    unsigned awaited;             /* tokens that the next step of INIT awaits */
    bool entered_cgroups;         /* plan_enter_cgroups has been called */
    bool opened_proc;             /* a step makes PLAN_SLOT_PROC */
    enum plan_slot hook_files[2]; /* stdout and stderr of INIT's hooks, or PLAN_SLOT_UNUSED */
    bool hooked;                  /* the host runs hooks before INIT changes its root */
    bool has_shared_mount; /* one of mounts[] so far is shared: a mount on it becomes shared too */
    /* mount point of the tmpfs in PLAN_SLOT_ATTACHED, on which nothing is mounted and which INIT
     * alone sees; NULL: none */
    const char *fresh;
    struct text_list read_only_later; /* the places (mounts[N]) of the HOLD_MOUNT steps */
    /* mount point of each PLAN_SLOT_KERNEL_*; NULL: another mount covers it */
    const char *kernel_mounts[4];
    unsigned n_kernel_mounts;
    unsigned next_source;          /* the next PLAN_SLOT_SOURCE_* to use */
    struct plan_id_map id_maps[4]; /* the mappings of each PLAN_SLOT_ID_MAP_* */
    unsigned next_id_map;
};

/* Appends a step; `given`: its operands, a struct plan_given_* of `op`. */
void plan_add(struct plan_builder *builder, enum plan_op op, const struct plan_act *act,
              const void *given);

/* PLAN_ADD(builder, OPEN_TREE, .by = PLAN_INIT, .makes = slot, .path = "/data", .recursive = true):
 * members that are not named are none, 0 or false. */
#define PLAN_ADD(builder, NAME, ...)                                                               \
    do {                                                                                           \
        const struct plan_act_##NAME plan_act_ = {__VA_ARGS__};                                    \
        plan_add((builder), PLAN_##NAME, &plan_act_.act, &plan_act_.given);                        \
    } while (0)

/* Converts a list to an operand. */
static inline struct plan_strings plan_strings_of(const struct text_list *list)
{
    return (struct plan_strings){(const char *const *) list->item, list->count};
}

/* Makes the next step of INIT await `tokens` too. */
void plan_wait(struct plan_builder *builder, unsigned tokens);

/* Makes the last step of INIT signal `tokens` too: everything up to it is done. */
void plan_signal(struct plan_builder *builder, unsigned tokens);

/* Formats a place in config.json like printf(3). */
#define PLAN_PLACE(builder, ...) arena_printf((builder)->arena, __VA_ARGS__)

/* Does the container run in another user namespace, new or joined, than the caller? */
bool plan_has_user_namespace(const struct plan_builder *builder);

/* Lays the plan out in one block and derives the waits. */
int plan_seal(struct plan_builder *builder, const struct plan_header **ret_plan);

/* namespaces.c */
int plan_sort_namespaces(struct plan_builder *builder);
int plan_check_sysctls(struct plan_builder *builder);
void plan_launch(struct plan_builder *builder);
void plan_enter_namespaces(struct plan_builder *builder);
/* exec: launches a process that joins the container's cgroups and namespaces. */
void plan_join_container(struct plan_builder *builder);
/* mounts: launches a process that joins only the container's namespaces. */
void plan_visit_container(struct plan_builder *builder);
void plan_name_host(struct plan_builder *builder);

/* pod.c */
/* A pod takes a caller that may mount on the host. */
int plan_check_pod(const struct plan_builder *builder);
/* Takes the place of everything after the namespaces: the host holds them, and INIT ends. */
void plan_make_pod(struct plan_builder *builder);

/* stage.c: fails with -ENOSYS if the host refuses a system call for detached mounts; `what`
 * needs it. */
int plan_need_mount_calls(const struct plan_builder *builder, const char *place, const char *what);
/* If mounts are staged: checks that this is possible. */
int plan_check_stage(struct plan_builder *builder);

/* mounts.c */
int plan_make_mounts(struct plan_builder *builder);
/* live-mounts.c: the plan of mounts add, the plan of mounts remove. */
int plan_add_mounts(struct plan_builder *builder);
int plan_remove_mounts(struct plan_builder *builder);

/* Does the file system type take no paths, and belong to the namespaces of the process that
 * mounts it? */
bool plan_is_of_namespaces(const char *type);

/* attach.c */
/* Unprivileged caller: HOST copies its mounts, because it cannot open trees of the caller's.
 * Adds at most one step. */
void plan_copy_host_mounts(struct plan_builder *builder, const char *place);

/* Sets the attributes and the propagation of the mount in `slot`. */
void plan_apply_mount_options(struct plan_builder *builder, enum plan_slot slot,
                              const struct spec_mount_options *words, const char *place);

/* Returns the slot for the next mount that HOST also handles. */
enum plan_slot plan_next_source(struct plan_builder *builder);

/* Opens a path on the host for a bind mount. Returns the slot that holds it. */
struct plan_source {
    const char *path;
    bool recursive;  /* with submounts */
    bool is_link;    /* do not follow a symbolic link */
    bool is_peer;    /* stays in the host's peer group: later mounts below it reach the host */
    bool is_mapped;  /* plan_mapper() idmaps it */
    bool stays_open; /* plan_bind: keep it open as PLAN_SLOT_ATTACHED */
};
enum plan_slot plan_open_source(struct plan_builder *builder, struct plan_source source,
                                const char *place);

/* Opens `path` in the container as PLAN_SLOT_TARGET; `like`: for PLAN_TARGET_LIKE_MOUNT, the
 * slot of the mount whose type the target gets. */
void plan_open_target(struct plan_builder *builder, const char *path, enum plan_target_kind kind,
                      enum plan_slot like, const char *place);

/* Attaches a mount to PLAN_SLOT_TARGET; `source` and `path` are for messages. */
struct plan_attachment {
    enum plan_slot mount;
    const char *source;
    const char *path;
    enum plan_slot kept; /* keep the mount open in this slot, or PLAN_SLOT_UNUSED */
};
void plan_attach(struct plan_builder *builder, struct plan_attachment attachment,
                 const char *place);

/* Combines these steps: binds `source` on `path`, with MOUNT_ATTR_* `attributes` (0: those of
 * the source's mount). */
void plan_bind(struct plan_builder *builder, struct plan_source source, const char *path,
               uint64_t attributes, const char *place);

/* idmap.c */
bool plan_maps_ids(const struct spec_mount *mount, const struct spec_mount_options *words);
/* The actor that idmaps mounts. */
enum plan_actor plan_mapper(const struct plan_builder *builder);
/* Idmaps the detached mount in `slot`, if the config asks for that. */
int plan_map_mount(struct plan_builder *builder, const struct spec_mount *mount,
                   const struct spec_mount_options *words, enum plan_slot slot, const char *place);

/* cgroups.c */
void plan_make_cgroups(struct plan_builder *builder);
/* Sets the limits of the cgroups, and makes the container's user their owner if the config asks
 * for that. */
void plan_limit_cgroups(struct plan_builder *builder);
void plan_join_cgroups(struct plan_builder *builder, enum plan_actor by);
/* INIT joins its cgroups, unless FIRST has, and creates the cgroup namespace. Adds these steps
 * at most once. */
void plan_enter_cgroups(struct plan_builder *builder);
int plan_mount_cgroups(struct plan_builder *builder, const struct spec_mount *mount,
                       const struct spec_mount_options *words, const char *place);

/* Opens the host's /proc for PUT_FILE. Adds at most one step. */
void plan_open_proc(struct plan_builder *builder, enum plan_actor by, const char *place);
/* network.c */
int plan_move_net_devices(struct plan_builder *builder);
/* The token that INIT awaits before it needs the network devices, or 0. */
unsigned plan_net_devices_token(const struct plan_builder *builder);

/* rootfs.c */
void plan_open_root(struct plan_builder *builder);
void plan_set_sysctls(struct plan_builder *builder);

/* masks.c */
void plan_open_masks(struct plan_builder *builder);
/* Returns the slot that keeps a mount open that is about to be attached, if it is a procfs or
 * sysfs with paths to mask, else PLAN_SLOT_UNUSED. */
enum plan_slot plan_kernel_slot(struct plan_builder *builder, const struct spec_mount *mount);
/* Forgets the kernel mounts that this mount covers. */
void plan_cover_kernel_mounts(struct plan_builder *builder, const struct spec_mount *mount);
void plan_mask_paths(struct plan_builder *builder);
void plan_change_root(struct plan_builder *builder);
/* Makes mounts and the root read-only, once nothing more is created in the root. */
void plan_finish_root(struct plan_builder *builder);
/* exec: if the container has no mount namespace of its own, chroot(2) to its root. */
void plan_join_root(struct plan_builder *builder);

/* console.c */
void plan_open_terminal(struct plan_builder *builder);
/* HOST hands the console in PLAN_SLOT_CONSOLE over. */
void plan_hand_console(struct plan_builder *builder);

/* devices.c */
int plan_make_devices(struct plan_builder *builder);
/* restore: CRIU restores bind mounts of the host's device nodes. */
int plan_check_restored_devices(struct plan_builder *builder);

/* hooks.c */
/* HOST opens the standard input and output of INIT's hooks. */
void plan_prepare_hooks(struct plan_builder *builder);
void plan_run_hooks_before_pivot(struct plan_builder *builder);
/* restore: only prestart and createRuntime. */
void plan_run_hooks_of_host(struct plan_builder *builder);
void plan_run_hooks_at_start(struct plan_builder *builder);

/* security.c */
/* Replaces linux.seccomp with the filter of an annotation, or of --record-seccomp. */
void plan_use_ready_filter(struct plan_builder *builder);
/* SCMP_ACT_NOTIFY requires an agent. */
int plan_check_filter(struct plan_builder *builder);
void plan_compile_seccomp(struct plan_builder *builder);
/* Returns the capability sets of the config without the capabilities that cannot be granted, and
 * warns of these. */
struct spec_capability_sets plan_capabilities(const struct plan_builder *builder);
/* Sets no_new_privs, the capabilities and the seccomp filter, in an order in which none prevents
 * the next. */
void plan_confine(struct plan_builder *builder, const struct spec_capability_sets *sets);

/* Until plan_confine: FIND_PROGRAM and the init get only the rights of the program. */
void plan_hold_capabilities(struct plan_builder *builder, const struct spec_capability_sets *sets);

/* landlock.c */
/* Warns of what this kernel's Landlock cannot restrict, or refuses it if the config says so. */
int plan_check_landlock(struct plan_builder *builder);
/* Makes the ruleset, once the container's files are in place and while INIT may open all of
 * them. */
void plan_make_ruleset(struct plan_builder *builder);
/* INIT opens no file after this. Needs no_new_privs, or CAP_SYS_ADMIN. */
void plan_enforce_ruleset(struct plan_builder *builder);

/* verify.c */
void plan_open_status(struct plan_builder *builder);
void plan_verify(struct plan_builder *builder, const struct spec_capability_sets *sets);

/* scheduling.c */
/* Takes the core-scheduling cookie that the config asks for, before the process joins others. */
void plan_take_cookie(struct plan_builder *builder, enum plan_actor by);
/* process.scheduler, process.ioPriority, linux.memoryPolicy, linux.personality; and clears
 * attributes inherited from the caller that would weaken the container. */
void plan_schedule(struct plan_builder *builder);
/* The part of plan_schedule that HOST carries out, when INIT is ready. */
void plan_schedule_by_host(struct plan_builder *builder);
/* Sets the CPU affinity to `list`; does nothing if it is empty or NULL. `place`: its property. */
void plan_set_affinity(struct plan_builder *builder, enum plan_actor by, const char *list,
                       const char *place);
/* Resets the CPU affinity: the kernel would otherwise keep the caller's within the container's
 * cpuset. */
void plan_reset_affinity(struct plan_builder *builder, enum plan_actor by);

/* labels.c */
/* Refuses labels if their security module is not active on the host. */
int plan_check_labels(struct plan_builder *builder);
/* Labels INIT's keyring with the process's label. */
void plan_label_keyring(struct plan_builder *builder);
/* Opens what plan_label_process needs while the host's /proc is still reachable. */
void plan_prepare_labels(struct plan_builder *builder, enum plan_actor by);
/* Makes execve(2) switch to the profile and the label of the config. */
void plan_label_process(struct plan_builder *builder);
/* Returns `options` for a new file system of `type`, with the label that linux.mountLabel gives
 * it. */
const char *plan_label_options(struct plan_builder *builder, const char *type, const char *options);

/* environment.c */
void plan_make_environment(struct plan_builder *builder, struct text_list *list);
/* Returns the value of a variable, or NULL. */
const char *plan_find_variable(const struct text_list *env, const char *name);

/* The process's user; root if there is none. */
static inline const struct spec_user *plan_user_of(const struct spec_process *process)
{
    static const struct spec_user root;

    return process->user != NULL ? process->user : &root;
}

/* process.c */
int plan_make_process(struct plan_builder *builder);

/* commit.c */
/* Delays INIT's messages until FIRST has sent INIT's PID. */
void plan_hold_init_until_recorded(struct plan_builder *builder);
/* The container is created. INIT then waits for `start`, or continues if it is to run at once. */
void plan_commit(struct plan_builder *builder);
/* Only the COMMIT step, which awaits and signals these tokens. */
void plan_commit_state(struct plan_builder *builder, unsigned awaits, unsigned signals);
