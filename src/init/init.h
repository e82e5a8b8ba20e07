/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations shared by the files of the freestanding init. All functions return a negative
 * errno on failure and print nothing. */
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

/* The state of FIRST or INIT; lives on the stack. */
struct init {
    const struct plan_header *plan;
    int32_t current;        /* index of the current step */
    uint8_t actor;          /* PLAN_FIRST or PLAN_INIT */
    bool started;           /* AWAIT_START is done: `socket` leads to `start`, which may exit */
    int socket;             /* messages go to this socket */
    int32_t heard;          /* highest step that the host has announced, or PLAN_NONE */
    uint32_t umask;         /* the caller's, later the process's */
    int64_t value;          /* value for the current step's message */
    uint64_t begin_ns;      /* start time of the current step, if tracing */
    bool null_attached;     /* the mount in PLAN_SLOT_NULL is part of the container's tree */
    bool empty_attached;    /* same for PLAN_SLOT_EMPTY */
    bool target_made;       /* OPEN_TARGET has created the file in PLAN_SLOT_TARGET */
    struct statx target;    /* status of PLAN_SLOT_TARGET */
    uint64_t plain_device;  /* device of a file system that is not procfs (mount.c), or 0 */
    int parent;             /* directory of the last node or link, or -1 (devices.c) */
    bool parent_gives_root; /* a new node there belonged to root and root's group */
    const char *parent_path;
    size_t parent_size;
    int looked_at; /* slot whose status is `looked`, or -1 */
    struct statx looked;
    struct init_held *held; /* mounts that HOLD_MOUNT has kept, oldest first */
    /* mounts to unmount if the plan fails, newest first */
    struct init_mounted *mounted;
    int self;                   /* the host's /proc/self, once the stage exists (detached.c) */
    int stage;                  /* the root of the stage, or -1 */
    unsigned n_staged;          /* number of mount points created on the stage */
    int slot[PLAN_SLOTS];       /* close-on-exec file descriptors, or -1 */
    bool denied_groups;         /* the user namespace denies setgroups(2) */
    bool filter_is_blind;       /* the seccomp filter blocks read(2), or may block it */
    char *status;               /* buffer for VERIFY */
    char program[SYS_PATH_MAX]; /* the path that FIND_PROGRAM has found */
    const char **argv;          /* EXECUTE's, from CLOSE_DESCRIPTORS on */
    const char **env;
    char home[INIT_HOME_MAX]; /* "HOME=..." if the plan has FIND_HOME, else "" */
};

/* A step returns this if somebody else announces it: CLONE_INIT in the new process, whose parent
 * does, and LOAD_SECCOMP with a listener. */
#define INIT_SILENT 1

/* Carries out one step. Returns 0 or a negative errno. */
typedef int init_handler(struct init *init, const struct plan_step *step);

/* --- run.c ------------------------------------------------------------------------------------ */

/* A string of the plan, never NULL. */
static inline const char *init_text(const struct init *init, struct plan_text text)
{
    return plan_text(init->plan, text);
}

/* Returns NULL for none. */
static inline const char *init_optional_text(const struct init *init,
                                             struct plan_optional_text text)
{
    return plan_optional_text(init->plan, text);
}

/* --- slots.c ---------------------------------------------------------------------------------- */

/* Stores a close-on-exec file descriptor in the slot and closes the former one. Returns a
 * negative `fd` unchanged, else 0. */
int init_fill(struct init *init, int slot, int fd);

/* Closes the slot's file descriptor, if it has one. */
void init_empty(struct init *init, int slot);

/* Does the slot hold the file, on the mount, described by `status`? Returns 1, 0, or a negative
 * errno. Caches the status of the slot for consecutive calls. */
int init_holds(struct init *init, int slot, const struct statx *status);

/* For INIT_FD: closes a file descriptor that is not negative. */
void init_close(const int *fd);

/* A file descriptor that is closed at the end of its block: INIT_FD fd = sys_openat(...); */
#define INIT_FD __attribute__((cleanup(init_close))) int

/* Returns *fd and sets it to -1: the caller then owns the file descriptor. */
static inline int init_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* --- message.c -------------------------------------------------------------------------------- */

/* Sends the current step's message with init->value, `error` (positive or 0) and, unless `fd` is
 * negative, the file descriptor. */
int init_send(struct init *init, int error, int fd);

/* Receives messages until the host has announced `step` or a later one. Ends the process if the
 * host fails or exits. */
void init_wait(struct init *init, int32_t step);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t init_clock_ns(void);

/* --- detached.c ------------------------------------------------------------------------------- */

struct mount_attr;

/* Like open_tree(2), mount_setattr(2) and move_mount(2), or, if the plan says so, by mount(2) on
 * a stage. `flags`: AT_*. */
int detached_clone(struct init *init, int dir, const char *path, unsigned flags);
int detached_change(struct init *init, int mount, const struct mount_attr *change, bool recursive);
int detached_attach(struct init *init, int mount, int target);

/* Attaches `mount` to the directory `name` in `dir`. */
int detached_attach_below(struct init *init, int mount, int dir, const char *name);

/* Bind-mounts `source`, without submounts, on `target`. */
int detached_bind(struct init *init, int source, int target);

/* The arguments of mount(2) for a file system. */
struct init_file_system {
    const char *type;
    const char *source;  /* NULL: none */
    const char *options; /* NULL: none */
    unsigned long flags; /* MS_* */
};

/* Mounts a new file system on the stage. */
int detached_make(struct init *init, const struct init_file_system *system);

/* --- mount.c ---------------------------------------------------------------------------------- */

/* Does PLAN_SLOT_TARGET hold the container's root? Returns 1, 0, or a negative errno. */
int init_covers_root(struct init *init);

/* --- devices.c -------------------------------------------------------------------------------- */

/* Called before each step: forgets the cached directory unless the step makes a node or link,
 * because other steps may mount on it. */
void init_check_parent(struct init *init, const struct plan_step *next);

/* --- unmount.c -------------------------------------------------------------------------------- */

/* Notes that `mount`, about to be attached to PLAN_SLOT_TARGET, which was found as `path`, has
 * to be unmounted if the plan fails. Returns 0, -EBUSY if the target is the container's root,
 * -ESTALE if it is not at `path` any more, or another negative errno. */
int init_note_mount(struct init *init, int mount, const char *path);

/* Drops the last note: the mount was not attached. */
void init_forget_mount(struct init *init);

/* Unmounts all noted mounts and ends the process. */
__attribute__((noreturn)) void init_give_up(struct init *init);

/* Unmounts all noted mounts. */
void init_undo(struct init *init);

/* --- exec.c ----------------------------------------------------------------------------------- */

/* Sets default signal dispositions and an empty signal mask for the next execve(2). Returns 0 or
 * a negative errno. */
int init_reset_signals(const struct init *init);

/* Marks all file descriptors from `first` on close-on-exec. Returns 0 or a negative errno. */
int init_close_on_exec_from(int first);

/* Returns the list's strings as a NULL-terminated array with room for one more; NULL without
 * memory. */
const char **init_list(const struct init *init, struct plan_list list);

/* --- text.c: the compiler emits calls to the mem* functions itself ---------------------------- */

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
char *strchr(const char *text, int c); /* NULL if not found */

bool init_equal(const char *a, const char *b);
bool init_begins(const char *text, const char *prefix);

/* Parses `size` bytes, decimal digits only, no NUL needed, to a number below 2^32. Returns 0 or
 * -EINVAL. */
int init_parse_u32(const char *text, size_t size, uint32_t *ret_number);

/* Writes `prefix` and the decimal `number` with a NUL, e.g. "/proc/self/fd/7"; `to` must have
 * room for the prefix and 21 bytes. */
void init_print(char *to, const char *prefix, uint64_t number);

/* Allocates zeroed anonymous memory, whole pages, which is never freed. Returns NULL without
 * memory. */
void *init_allocate(size_t size);

/* --- the handlers ----------------------------------------------------------------------------- */

/* Otherwise gcc keeps the table of handlers in writable memory on ppc64le. */
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
init_handler init_set_core_cookie, init_set_affinity, init_set_scheduler, init_set_io_priority,
    init_set_memory_policy, init_set_personality;
/* seccomp.c */
init_handler init_load_seccomp;

/* --- landlock.c ------------------------------------------------------------------------------- */

init_handler init_make_ruleset;
init_handler init_allow_path;
init_handler init_allow_port;
init_handler init_enforce_ruleset;
/* verify.c */
init_handler init_open_status, init_verify;
/* exec.c await.c */
init_handler init_find_program, init_close_descriptors, init_execute, init_await_start;
#pragma GCC visibility pop
