/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: a flat, immutable list of steps that three actors carry out. This header is all that
 * the freestanding init knows of the rest of the program, so it needs nothing but <stdbool.h>,
 * <stddef.h> and <stdint.h>.
 *
 * One list, one order. Each actor goes through the list and carries out its own steps:
 *
 *     HOST   the command itself, with the caller's rights, in the caller's namespaces
 *     FIRST  the first stage: joins namespaces, makes the user namespace, clones INIT
 *     INIT   process 1 of the container, which becomes the container's process at the EXECUTE step
 *
 * Without a FIRST step the host launches INIT itself. FIRST and INIT are one program, the init;
 * FIRST turns into INIT's parent at the CLONE_INIT step and exits.
 *
 * A step may make a descriptor in one slot and use others. Beside that it may signal tokens ("this
 * has happened") and await tokens. A step that uses a slot which the other side makes, or awaits a
 * token which it signals, waits until that side has announced that step; a step that makes a slot
 * again waits until its last user is done. These waits are derived when the plan is sealed and
 * always point to earlier steps, so the actors cannot deadlock.
 *
 * The sides talk over one SOCK_SEQPACKET pair with `struct plan_message`. End of file is an error,
 * except after INIT has announced CLOSE_DESCRIPTORS, when it means that execve(2) has succeeded, or
 * FINISH.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_MAGIC 0x346e6c70U /* "pln4": the fourth layout */
#define PLAN_NONE (-1)

/* Descriptors that the init finds open when it starts. */
enum plan_descriptor {
    PLAN_FD_FIRST = 3,
    PLAN_FD_SOCKET = 3, /* the sequenced-packet socket to the host */
    PLAN_FD_PLAN = 4,   /* the sealed memfd with the plan */
    PLAN_FD_START = 5,  /* create: the listening socket on which `start` knocks; run: not open */
    /* exec, mounts: the pidfd of the container's process, or its directory in /proc */
    PLAN_FD_PROCESS = 5,
    /* the first of the descriptors of --preserve-fds; moved down to 3 by CLOSE_DESCRIPTORS */
    PLAN_FD_KEPT = 6,
};

enum plan_actor { PLAN_HOST, PLAN_FIRST, PLAN_INIT, PLAN_ACTORS };

enum plan_op {
#define PLAN_OP(NAME, member, name, actors, words, operands) PLAN_##NAME,
#include "berth/plan/ops.def"
#undef PLAN_OP
    PLAN_OPS
};

enum plan_slot {
    PLAN_SLOT_UNUSED, /* so that 0 says "none" while a plan is being built */
    /* descriptors */
    PLAN_SLOT_PROC,     /* the host's procfs: root of it, verified */
    PLAN_SLOT_ROOT,     /* the container's root file system, O_PATH on its mount */
    PLAN_SLOT_TARGET,   /* where the next mount goes, O_PATH */
    PLAN_SLOT_MOUNT,    /* the mount being made, detached */
    PLAN_SLOT_ATTACHED, /* a mount in its place, open until all is mounted below it */
    /* procfs and sysfs of the container, in their places, with paths that are masked or
     * read-only */
    PLAN_SLOT_KERNEL_0,
    PLAN_SLOT_KERNEL_1,
    PLAN_SLOT_KERNEL_2,
    PLAN_SLOT_KERNEL_3,
    PLAN_SLOT_NULL,        /* a verified /dev/null of the host's, O_PATH: masks files */
    PLAN_SLOT_EMPTY,       /* an empty, read-only tmpfs, detached: masks directories */
    PLAN_SLOT_STATUS,      /* /proc/self/status of INIT */
    PLAN_SLOT_SECCOMP,     /* memfd with the filter's struct sock_filter[] */
    PLAN_SLOT_CONSOLE,     /* the terminal's master side, made by INIT, used by HOST */
    PLAN_SLOT_HOOK_STATE,  /* memfd with the state, as INIT's hooks get it on stdin */
    PLAN_SLOT_HOOK_OUTPUT, /* memfd for what hooks write to stdout and stderr */
    PLAN_SLOT_HOOK_STDOUT, /* or the files for that */
    PLAN_SLOT_HOOK_STDERR,
    PLAN_SLOT_LISTENER, /* of the seccomp filter, made by INIT, used by HOST */
    /* mounts that both sides handle: bind sources, what the host maps; used in turn */
    PLAN_SLOT_SOURCE_0,
    PLAN_SLOT_SOURCE_1,
    PLAN_SLOT_SOURCE_2,
    PLAN_SLOT_SOURCE_3,
    PLAN_SLOT_ID_MAP_0, /* user namespaces by which mounts are mapped; used in turn */
    PLAN_SLOT_ID_MAP_1,
    PLAN_SLOT_ID_MAP_2,
    PLAN_SLOT_ID_MAP_3,
    PLAN_SLOT_NETWORK,     /* INIT's network namespace, for the host */
    PLAN_SLOT_NAMESPACE_0, /* namespaces to join, in the order of enum plan_namespace */
    PLAN_SLOT_NAMESPACE_LAST = PLAN_SLOT_NAMESPACE_0 + 7,
    PLAN_SLOTS
};

/* What has happened: a step may signal several, and await several. */
enum plan_token {
    PLAN_TOKEN_CGROUP = 1 << 0,         /* the container's cgroups exist */
    PLAN_TOKEN_LIMITED = 1 << 1,        /* and are limited */
    PLAN_TOKEN_USER_NAMESPACE = 1 << 2, /* the new user namespace exists, not mapped yet */
    PLAN_TOKEN_MAPPED = 1 << 3,         /* its ids are mapped */
    PLAN_TOKEN_INIT = 1 << 4,           /* INIT exists */
    PLAN_TOKEN_RECORDED = 1 << 5,       /* the host knows INIT's process id */
    PLAN_TOKEN_NET_DEVICES = 1 << 6,    /* the host's network devices are in INIT's namespace */
    PLAN_TOKEN_ENVIRONMENT = 1 << 7,    /* namespaces and mounts are made; not pivoted yet */
    PLAN_TOKEN_HOOKED = 1 << 8,         /* the host's hooks before pivot_root have run */
    PLAN_TOKEN_READY = 1 << 9,          /* INIT is ready to wait for `start` */
    PLAN_TOKEN_COMMITTED = 1 << 10,     /* the state says "created" */
    PLAN_TOKEN_PREPARED = 1 << 11,      /* INIT has only to load the filter before it executes */
    PLAN_TOKEN_AGENT = 1 << 12,         /* the host is connected to the seccomp agent */
    PLAN_TOKEN_HANDED = 1 << 13,        /* the agent has the listener */
    /* INIT is in the container's cgroup, and has made the cgroup namespace */
    PLAN_TOKEN_ENTERED = 1 << 14,
    PLAN_TOKEN_DELEGATED = 1 << 15, /* and is in the delegated cgroup below */
    PLAN_TOKENS = 16,
};

enum plan_step_flag {
    PLAN_ANNOUNCE = 1, /* tell the other side when done (derived) */
    PLAN_OPTIONAL = 2, /* a failure is a warning: go on */
};

/* What OPEN_TARGET makes where nothing is. */
enum plan_target_kind {
    PLAN_TARGET_DIRECTORY,
    PLAN_TARGET_FILE,
    PLAN_TARGET_LIKE_MOUNT, /* as the root of a mount is: directory or file */
    PLAN_TARGET_KINDS
};

/* How PIVOT_ROOT gets INIT into the container's root. */
enum plan_root_change {
    PLAN_ROOT_PIVOT, /* pivot_root(2) */
    /* --no-pivot: MS_MOVE onto "/", for roots that cannot be pivoted (initramfs); PLAN_ROOT_CHROOT
     * follows */
    PLAN_ROOT_MOVE,
    PLAN_ROOT_CHROOT, /* chroot(2): alone where the mount namespace is not this container's own */
    PLAN_ROOT_CHANGES
};

/* What of SET_USER has failed. */
enum plan_user_part { PLAN_USER_GROUPS = 1, PLAN_USER_GID, PLAN_USER_UID };

/* Above every umask: SET_UMASK leaves the caller's. */
#define PLAN_UMASK_OF_CALLER 01000U

/* As many processors as SET_AFFINITY knows: Linux can be built for no more. */
#define PLAN_CPUS 8192

/* As many nodes as SET_MEMORY_POLICY knows: Linux can be built for no more. */
#define PLAN_NODES 1024

/* A set of slots: PLAN_BIT(PLAN_SLOT_ROOT) | PLAN_BIT(PLAN_SLOT_TARGET). */
#define PLAN_BIT(slot) (1ULL << (slot))
_Static_assert(PLAN_SLOTS <= 64, "a set of slots is 64 bits");

/* A NUL-ended string, `at` bytes from the start of the plan. */
struct plan_text {
    uint32_t at;
};

/* The same, or 0: none. */
struct plan_optional_text {
    uint32_t at;
};

/* NUL-ended strings, one after the other. */
struct plan_list {
    struct plan_text first;
    uint32_t count;
};

/*
 * The kinds of operands in ops.def, and how each lies in a step. src/plan/print.c words them,
 * src/plan/check.c checks them. Sets of flags are 64 bits, as the builder has them.
 */
/* clang-format off */
#define PLAN_WIRE_path struct plan_text /* a path */
#define PLAN_WIRE_path_or_none struct plan_optional_text /* a path, or none */
#define PLAN_WIRE_text struct plan_text /* a string */
#define PLAN_WIRE_text_or_none struct plan_optional_text /* a string, or none */
#define PLAN_WIRE_list struct plan_list /* strings */
#define PLAN_WIRE_slot enum plan_slot /* a slot that the step uses */
#define PLAN_WIRE_slot_or_none enum plan_slot /* a slot that the step uses, or none */
#define PLAN_WIRE_flag bool /* true or false */
#define PLAN_WIRE_number uint64_t /* a number */
#define PLAN_WIRE_integer int32_t /* a number that may be negative */
#define PLAN_WIRE_limit uint64_t /* a number, or RLIM_INFINITY: unlimited */
#define PLAN_WIRE_mode uint32_t /* the mode of a file, with its type */
#define PLAN_WIRE_umask uint32_t /* a umask, or PLAN_UMASK_OF_CALLER */
#define PLAN_WIRE_id uint32_t /* a user id or a group id */
#define PLAN_WIRE_device uint64_t /* a device number, as makedev(3) has it */
#define PLAN_WIRE_bits uint64_t /* bits, in hexadecimal; a capability has that of its number */
#define PLAN_WIRE_namespaces uint64_t /* CLONE_NEW* */
#define PLAN_WIRE_mount_attributes uint64_t /* MOUNT_ATTR_* */
#define PLAN_WIRE_mount_flags uint64_t /* MS_* of mount(2) */
#define PLAN_WIRE_propagation uint64_t /* MS_SHARED, MS_SLAVE, ..., with or without MS_REC */
#define PLAN_WIRE_target_kind enum plan_target_kind /* what a mount point is */
#define PLAN_WIRE_root_change enum plan_root_change /* a way into the container's root */
#define PLAN_WIRE_resource uint32_t /* RLIMIT_* */
/* clang-format on */

struct plan_step {
    uint64_t uses; /* slots: PLAN_BIT of each */
    uint16_t op;
    uint8_t actor;
    uint8_t flags;
    int16_t makes;    /* slot or PLAN_NONE */
    uint16_t signals; /* PLAN_TOKEN_*, that all up to this step is done */
    uint16_t awaits;  /* PLAN_TOKEN_* */
    int32_t wait;     /* the step of the other side that must be announced first, or PLAN_NONE */
    struct plan_optional_text place; /* where in config.json the step comes from */
    /* The operands: step->open_tree.path. */
    union {
#define ARG(kind, name) PLAN_WIRE_##kind name;
#define PLAN_OP(NAME, member, name, actors, words, operands)                                       \
    struct plan_wire_##NAME {                                                                      \
        operands                                                                                   \
    } member;
#include "berth/plan/ops.def"
#undef PLAN_OP
#undef ARG
    };
};

struct plan_header {
    uint32_t magic;
    uint32_t size; /* of the whole plan in bytes */
    uint32_t step_count;
    uint32_t steps; /* offset of struct plan_step[step_count], 8-aligned */
    uint32_t trace; /* not 0: announce every step with its times */
    /* this step fails with `fault_errno` without being carried out; PLAN_NONE */
    int32_t fault_step;
    int32_t fault_errno;
    /* not 0: INIT makes mounts by mount(2) on a stage, as some of the newer calls are refused */
    uint32_t stages_mounts;
    /* those that the caller ignores, signal n as bit n - 1: INIT inherits that */
    uint64_t ignored_signals;
};

/* One message, either way; at most one descriptor goes with it (SCM_RIGHTS). */
struct plan_message {
    int32_t step;  /* the step that was carried out or has failed */
    int32_t error; /* 0 or a positive errno; with PLAN_OPTIONAL steps only a warning */
    /* CLONE_INIT: the process id; HOOK: the hook's wait status; COMPILE_SECCOMP: not 0 when the
     * filter may not let read(2) pass; VERIFY: which of its list's strings does not hold, from 1;
     * SET_USER, BECOME_ROOT: enum plan_user_part; else 0 */
    int64_t value;
    uint64_t begin_ns; /* CLOCK_MONOTONIC, only when tracing */
    uint64_t end_ns;
};

static inline const struct plan_step *plan_steps(const struct plan_header *plan)
{
    return (const struct plan_step *) ((const char *) plan + plan->steps);
}

static inline int plan_slot_is_source(int slot)
{
    return slot >= PLAN_SLOT_SOURCE_0 && slot <= PLAN_SLOT_SOURCE_3;
}

/* Is the descriptor that INIT has in the slot passed to the host with the announcement? */
static inline int plan_slot_goes_to_host(int slot)
{
    return slot == PLAN_SLOT_CONSOLE || slot == PLAN_SLOT_NETWORK || plan_slot_is_source(slot);
}

/* "" where a plan lacks it, never NULL: the first of an empty list. */
static inline const char *plan_text(const struct plan_header *plan, struct plan_text text)
{
    return text.at == 0 ? "" : (const char *) plan + text.at;
}

/* NULL for none. */
static inline const char *plan_optional_text(const struct plan_header *plan,
                                             struct plan_optional_text text)
{
    return text.at == 0 ? NULL : (const char *) plan + text.at;
}

/* Does the step use the slot? */
static inline bool plan_uses(const struct plan_step *step, int slot)
{
    return (step->uses >> slot & 1) != 0;
}
