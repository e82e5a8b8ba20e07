/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the freestanding init share. All functions return a negative errno on failure
 * and print nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/plan/plan.h"
#include "sys.h"
#include "sys_files.h"

#define INIT_HOME_MAX 1024
#define INIT_RESOLVE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

struct init_held;
struct init_mounted;

/* The whole state of FIRST or INIT; lives on the stack. */
struct init {
    const struct plan_header *plan;
    int32_t current;       /* the index of the step that is carried out */
    uint8_t actor;         /* PLAN_FIRST or PLAN_INIT */
    bool started;          /* AWAIT_START is over: `socket` belongs to `start`, which may go away */
    int socket;            /* where messages go */
    int32_t heard;         /* the highest step that the host has announced, or PLAN_NONE */
    uint32_t umask;        /* the caller's, then the process's */
    int64_t value;         /* goes into the current step's message */
    uint64_t begin_ns;     /* when the current step began, when tracing */
    bool null_attached;    /* the mount in PLAN_SLOT_NULL is part of the container's tree */
    bool empty_attached;   /* the same of PLAN_SLOT_EMPTY */
    bool target_made;      /* OPEN_TARGET has made what PLAN_SLOT_TARGET holds */
    struct statx target;   /* the status of that */
    uint64_t plain_device; /* a file system that is known not to be procfs (mount.c), or 0 */
    int parent;            /* where the last node or link was made, or -1 (devices.c) */
    bool parent_gives_root; /* a node that was made there belonged to root and its group */
    const char *parent_path;
    size_t parent_size;
    int looked_at; /* the slot that `looked` is of, or -1 */
    struct statx looked;
    struct init_held *held; /* what HOLD_MOUNT has kept, the first one first */
    /* what is to be unmounted if the plan fails, the last one first */
    struct init_mounted *mounted;
    int self;                   /* /proc/self, the host's, once there is a stage (detached.c) */
    int stage;                  /* the root of the stage, or -1 */
    unsigned n_staged;          /* places that were made on it */
    int slot[PLAN_SLOTS];       /* close-on-exec descriptors, or -1 */
    bool denied_groups;         /* the user namespace does not let supplementary groups be set */
    bool filter_is_blind;       /* the seccomp filter does not let read(2) pass, or might not */
    char *status;               /* memory for VERIFY */
    char program[SYS_PATH_MAX]; /* what FIND_PROGRAM has found */
    const char **argv;          /* EXECUTE's, from CLOSE_DESCRIPTORS on */
    const char **env;
    char home[INIT_HOME_MAX]; /* "HOME=..." when FIND_HOME was a step, else "" */
};

/* What a step returns that another one announces: CLONE_INIT in the new process, whose parent does,
 * and LOAD_SECCOMP with a listener. */
#define INIT_SILENT 1

/* Carries out one step: 0 or a negative errno. */
typedef int init_handler(struct init *init, const struct plan_step *step);

/* --- run.c ------------------------------------------------------------------------------------ */

/* A text of the plan, never NULL. */
static inline const char *init_text(const struct init *init, struct plan_text text)
{
    return plan_text(init->plan, text);
}

/* NULL for none. */
static inline const char *init_optional_text(const struct init *init,
                                             struct plan_optional_text text)
{
    return plan_optional_text(init->plan, text);
}

/* --- slots.c ---------------------------------------------------------------------------------- */

/* Puts a close-on-exec descriptor into the slot and closes what was in it; a negative `fd` is
 * returned as it is, else 0. */
int init_fill(struct init *init, int slot, int fd);

/* Closes the slot's descriptor, if there is one. */
void init_empty(struct init *init, int slot);

/* Whether the slot holds the file, on the mount, that `status` is of: 1, 0, or a negative errno.
 * Looks at the slot once for several calls in a row. */
int init_holds(struct init *init, int slot, const struct statx *status);

/* For INIT_FD: closes a descriptor that is not negative. */
void init_close(const int *fd);

/* A descriptor that is closed at the end of its block: INIT_FD fd = sys_openat(...); */
#define INIT_FD __attribute__((cleanup(init_close))) int

/* Returns *fd and sets it to -1: the caller owns the descriptor from now on. */
static inline int init_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* --- message.c -------------------------------------------------------------------------------- */

/* Sends the current step's message with init->value, `error` (positive or 0) and, if not negative,
 * a descriptor. */
int init_send(struct init *init, int error, int fd);

/* Receives until the host has announced `step` or a later one; ends the process when the host fails
 * or goes away. */
void init_wait(struct init *init, int32_t step);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t init_clock_ns(void);

/* --- detached.c ------------------------------------------------------------------------------- */

struct mount_attr;

/* What open_tree(2), mount_setattr(2) and move_mount(2) do, or, where the plan says so, mount(2) on
 * a stage. `flags`: AT_*. */
int detached_clone(struct init *init, int dir, const char *path, unsigned flags);
int detached_change(struct init *init, int mount, const struct mount_attr *change, bool recursive);
int detached_attach(struct init *init, int mount, int target);

/* On the directory `name` of `dir`. */
int detached_attach_below(struct init *init, int mount, int dir, const char *name);

/* Mounts what `source` is, without submounts, on `target`. */
int detached_bind(struct init *init, int source, int target);

/* What mount(2) makes. */
struct init_file_system {
    const char *type;
    const char *source;  /* NULL: none */
    const char *options; /* NULL: none */
    unsigned long flags; /* MS_* */
};

/* On the stage alone: a new file system. */
int detached_make(struct init *init, const struct init_file_system *system);

/* --- mount.c ---------------------------------------------------------------------------------- */

/* Whether PLAN_SLOT_TARGET holds the container's root: 1, 0, or a negative errno. */
int init_covers_root(struct init *init);

/* --- devices.c -------------------------------------------------------------------------------- */

/* Before each step: one that makes neither a node nor a link may cover the last one's directory. */
void init_check_parent(struct init *init, const struct plan_step *next);

/* --- unmount.c -------------------------------------------------------------------------------- */

/* Takes note that `mount`, which is about to be attached to PLAN_SLOT_TARGET, found as `path`, is
 * to be unmounted should the plan fail. -EBUSY: that is the container's root. -ESTALE: it is not at
 * `path` any more. */
int init_note_mount(struct init *init, int mount, const char *path);

/* The note of the mount was premature. */
void init_forget_mount(struct init *init);

/* Ends the process, when all mounts that are noted are unmounted. */
__attribute__((noreturn)) void init_give_up(struct init *init);

/* Unmounts them. */
void init_undo(struct init *init);

/* --- exec.c ----------------------------------------------------------------------------------- */

/* Default dispositions and an empty mask, for what is executed next. Returns 0 or a negative
 * errno. */
int init_reset_signals(const struct init *init);

/* Marks all descriptors from `first` on close-on-exec. Returns 0 or a negative errno. */
int init_close_on_exec_from(int first);

/* The list's strings as a NULL-ended array with room for one more; NULL without memory. */
const char **init_list(const struct init *init, struct plan_list list);

/* --- text.c: the compiler emits calls to the mem* functions itself ---------------------------- */

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
char *strchr(const char *text, int c); /* NULL if there is none */

bool init_equal(const char *a, const char *b);
bool init_begins(const char *text, const char *prefix);

/* A whole text of decimal digits below 2^32, nothing else: strict. -EINVAL. `size` bytes, no NUL
 * needed. */
int init_parse_u32(const char *text, size_t size, uint32_t *ret_number);

/* Writes `prefix` and the decimal `number` NUL-ended, e.g. "/proc/self/fd/7"; `to` must be large
 * enough (prefix + 21). */
void init_print(char *to, const char *prefix, uint64_t number);

/* Anonymous zeroed memory, page-rounded, never freed: NULL when there is none. */
void *init_allocate(size_t size);

/* --- the handlers ----------------------------------------------------------------------------- */

/* Else gcc keeps the table of them in writable memory on ppc64le. */
#pragma GCC visibility push(hidden)
/* mount.c rootfs.c devices.c masks.c copyup.c */
init_handler init_open_root, init_open_target, init_open_tree, init_map_mount, init_make_mount,
    init_mount_over, init_set_mount_attributes, init_attach_mount, init_attach_inside, init_copy_up,
    init_keep_mode, init_hold_mount, init_protect_held, init_make_node, init_make_symlink,
    init_open_null, init_mask_path, init_protect_path, init_pivot_root, init_hide_mount,
    init_set_propagation;
/* unmount.c */
init_handler init_find_mount, init_unmount, init_finish;
/* namespace.c */
init_handler init_open_namespace, init_join_namespace, init_join_process, init_verify_namespaces,
    init_unshare, init_clone_init, init_set_hostname, init_set_domainname, init_set_loopback_up,
    init_join_keyring, init_new_session;
/* null.c */
init_handler init_reopen_null;
/* files.c */
init_handler init_open_proc, init_put_file, init_set_oom_score, init_set_umask, init_make_cwd,
    init_set_cwd, init_own_stdio, init_find_home;
/* console.c hook.c */
init_handler init_make_console, init_run_hook;
/* identity.c */
init_handler init_become_root, init_set_rlimit, init_clear_securebits, init_limit_capabilities,
    init_set_user, init_set_capabilities, init_set_no_new_privileges;
/* schedule.c */
init_handler init_set_affinity, init_set_scheduler, init_set_io_priority, init_set_memory_policy,
    init_set_personality;
/* seccomp.c */
init_handler init_load_seccomp;
/* verify.c */
init_handler init_open_status, init_verify;
/* exec.c await.c */
init_handler init_find_program, init_close_descriptors, init_execute, init_await_start;
#pragma GCC visibility pop
