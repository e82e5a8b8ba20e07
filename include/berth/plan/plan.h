/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: a flat, immutable list of steps that three actors carry out. The freestanding init
 * includes no other header of this program; that is why this one includes only <stdbool.h>,
 * <stddef.h> and <stdint.h>.
 *
 * One list, one order. Each actor goes through the list and carries out its own steps:
 *
 *     HOST   the command itself, with the caller's privileges, in the caller's namespaces
 *     FIRST  the first stage: joins namespaces, makes the user namespace, clones INIT
 *     INIT   process 1 of the container, which becomes the container's process at the EXECUTE step
 *
 * A plan without FIRST steps: the host launches INIT itself. FIRST and INIT are one program, the
 * init; FIRST turns into INIT's parent at the CLONE_INIT step and exits.
 *
 * A step can open a file descriptor in one slot ("make" it) and use other slots. It can also signal
 * tokens ("this has happened") and await tokens. If the other side makes the slot or signals the
 * token, the step waits until the other side has announced that step; a step that makes a slot
 * again waits for the slot's last user. Sealing the plan derives these waits. They always point to
 * earlier steps, so the actors cannot deadlock.
 *
 * The two sides communicate over a SOCK_SEQPACKET pair with `struct plan_message`. End of file is
 * an error, except after INIT has announced CLOSE_DESCRIPTORS (execve(2) succeeded) or FINISH.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAN_MAGIC 0x626e6c70U /* "plnb": the eleventh layout */
#define PLAN_NONE (-1)

/* File descriptors that are open when the init starts. */
enum plan_descriptor {
    PLAN_FD_FIRST = 3,
    PLAN_FD_SOCKET = 3, /* the sequenced-packet socket to the host */
    PLAN_FD_PLAN = 4,   /* the sealed memfd with the plan */
    PLAN_FD_START = 5,  /* create: the listening socket that `start` connects to; run: not open */
    /* exec, mounts: pidfd of the container's process, or its /proc/PID directory */
    PLAN_FD_PROCESS = 5,
    /* first descriptor of --preserve-fds; CLOSE_DESCRIPTORS moves them down to 3 */
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
    PLAN_SLOT_UNUSED, /* 0 means "none" while a plan is being built */
    /* file descriptors */
    PLAN_SLOT_PROC,     /* root of the host's procfs, verified */
    PLAN_SLOT_ROOT,     /* the container's root file system, O_PATH on its mount */
    PLAN_SLOT_TARGET,   /* mount point of the next mount, O_PATH */
    PLAN_SLOT_MOUNT,    /* the mount being made, detached */
    PLAN_SLOT_ATTACHED, /* an attached mount, open until everything below it is mounted */
    /* the container's attached procfs and sysfs mounts that have masked or read-only paths */
    PLAN_SLOT_KERNEL_0,
    PLAN_SLOT_KERNEL_1,
    PLAN_SLOT_KERNEL_2,
    PLAN_SLOT_KERNEL_3,
    PLAN_SLOT_NULL,        /* the host's /dev/null, verified, O_PATH: masks files */
    PLAN_SLOT_EMPTY,       /* an empty, read-only tmpfs, detached: masks directories */
    PLAN_SLOT_STATUS,      /* /proc/self/status of INIT */
    PLAN_SLOT_SECCOMP,     /* memfd with the filter's struct sock_filter[] */
    PLAN_SLOT_LANDLOCK,    /* the Landlock ruleset */
    PLAN_SLOT_CONSOLE,     /* master side of the terminal: INIT makes it, HOST uses it */
    PLAN_SLOT_HOOK_STATE,  /* memfd with the container's state: standard input of INIT's hooks */
    PLAN_SLOT_HOOK_OUTPUT, /* memfd that collects the hooks' stdout and stderr */
    PLAN_SLOT_HOOK_STDOUT, /* or the files the hooks write to */
    PLAN_SLOT_HOOK_STDERR,
    PLAN_SLOT_LISTENER, /* seccomp listener: INIT makes it, HOST uses it */
    /* what both sides handle: bind sources, mounts the host idmaps, and namespaces that it pins;
     * used in turn */
    PLAN_SLOT_SOURCE_0,
    PLAN_SLOT_SOURCE_1,
    PLAN_SLOT_SOURCE_2,
    PLAN_SLOT_SOURCE_3,
    PLAN_SLOT_ID_MAP_0, /* user namespaces for idmapped mounts; used in turn */
    PLAN_SLOT_ID_MAP_1,
    PLAN_SLOT_ID_MAP_2,
    PLAN_SLOT_ID_MAP_3,
    PLAN_SLOT_NETWORK,     /* INIT's network namespace, for HOST */
    PLAN_SLOT_NAMESPACE_0, /* namespaces to join, in the order of enum plan_namespace */
    PLAN_SLOT_NAMESPACE_LAST = PLAN_SLOT_NAMESPACE_0 + 7,
    PLAN_SLOTS
};

/* Events: a step can signal several, and await several. */
enum plan_token {
    PLAN_TOKEN_CGROUP = 1 << 0,         /* the container's cgroups exist */
    PLAN_TOKEN_LIMITED = 1 << 1,        /* their limits are set */
    PLAN_TOKEN_USER_NAMESPACE = 1 << 2, /* the new user namespace exists, without id mappings */
    PLAN_TOKEN_MAPPED = 1 << 3,         /* its id mappings are written */
    PLAN_TOKEN_INIT = 1 << 4,           /* INIT exists */
    PLAN_TOKEN_RECORDED = 1 << 5,       /* HOST knows INIT's PID */
    /* the host's network devices have moved to INIT's network namespace */
    PLAN_TOKEN_NET_DEVICES = 1 << 6,
    PLAN_TOKEN_ENVIRONMENT = 1 << 7, /* namespaces and mounts exist; before pivot_root */
    PLAN_TOKEN_HOOKED = 1 << 8,      /* HOST has run the hooks that precede pivot_root */
    PLAN_TOKEN_READY = 1 << 9,       /* INIT is about to wait for `start`, or to end */
    PLAN_TOKEN_COMMITTED = 1 << 10,  /* the state says "created" */
    /* INIT only has to load the seccomp filter and execute the program */
    PLAN_TOKEN_PREPARED = 1 << 11,
    PLAN_TOKEN_AGENT = 1 << 12,  /* HOST has connected to the seccomp agent */
    PLAN_TOKEN_HANDED = 1 << 13, /* the agent or the recorder has received the listener */
    /* INIT has joined the container's cgroup and created the cgroup namespace */
    PLAN_TOKEN_ENTERED = 1 << 14,
    PLAN_TOKEN_DELEGATED = 1 << 15, /* INIT is in the delegated child cgroup */
    PLAN_TOKENS = 16,
};

enum plan_step_flag {
    PLAN_ANNOUNCE = 1, /* tell the other side when done (derived) */
    PLAN_OPTIONAL = 2, /* a failure is only a warning */
};

/* OPEN_TARGET creates this if the mount point does not exist. */
enum plan_target_kind {
    PLAN_TARGET_DIRECTORY,
    PLAN_TARGET_FILE,
    PLAN_TARGET_LIKE_MOUNT, /* directory or file, like the root of the mount */
    PLAN_TARGET_KINDS
};

/* How PIVOT_ROOT changes INIT's root directory to the container's. */
enum plan_root_change {
    PLAN_ROOT_PIVOT, /* pivot_root(2) */
    /* --no-pivot: MS_MOVE onto "/" if pivot_root cannot work (initramfs); a PLAN_ROOT_CHROOT
     * step follows */
    PLAN_ROOT_MOVE,
    /* chroot(2); without PLAN_ROOT_MOVE if the mount namespace is not the container's own */
    PLAN_ROOT_CHROOT,
    PLAN_ROOT_CHANGES
};

/* The part of SET_USER or BECOME_ROOT that failed. */
enum plan_user_part { PLAN_USER_GROUPS = 1, PLAN_USER_GID, PLAN_USER_UID };

/* Not a valid umask: SET_UMASK keeps the caller's. */
#define PLAN_UMASK_OF_CALLER 01000U

/* Maximum number of CPUs for SET_AFFINITY: no Linux configuration supports more. */
#define PLAN_CPUS 8192

/* Maximum number of NUMA nodes for SET_MEMORY_POLICY: no Linux configuration supports more. */
#define PLAN_NODES 1024

/* A set of slots: PLAN_BIT(PLAN_SLOT_ROOT) | PLAN_BIT(PLAN_SLOT_TARGET). */
#define PLAN_BIT(slot) (1ULL << (slot))
_Static_assert(PLAN_SLOTS <= 64, "a set of slots is 64 bits");

/* A NUL-terminated string, `at` bytes from the start of the plan. */
struct plan_text {
    uint32_t at;
};

/* A struct plan_text, or 0 for none. */
struct plan_optional_text {
    uint32_t at;
};

/* Consecutive NUL-terminated strings. */
struct plan_list {
    struct plan_text first;
    uint32_t count;
};

/*
 * The kinds of operands in ops.def, and their C type in a step. src/plan/print.c prints them,
 * src/plan/check.c checks them. Sets of flags are 64 bits, as in the builder.
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
    uint16_t signals; /* PLAN_TOKEN_*: everything up to this step is done */
    uint16_t awaits;  /* PLAN_TOKEN_* */
    int32_t wait;     /* step that the other side must have announced first, or PLAN_NONE */
    struct plan_optional_text place; /* property of config.json that asks for it */
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
    /* for tests: fail this step with `fault_errno` instead of running it; or PLAN_NONE */
    int32_t fault_step;
    int32_t fault_errno;
    /* not 0: INIT stages mounts with mount(2), because a newer mount call is refused */
    uint32_t stages_mounts;
    /* signals that the caller ignores and INIT inherits as ignored: bit n - 1 for signal n */
    uint64_t ignored_signals;
};

/* A message in either direction, with at most one file descriptor (SCM_RIGHTS). */
struct plan_message {
    int32_t step;  /* the step that has been carried out or has failed */
    int32_t error; /* 0 or a positive errno; only a warning for PLAN_OPTIONAL steps */
    /* CLONE_INIT: the PID; HOOK: the hook's wait status; COMPILE_SECCOMP: not 0 if the filter
     * may block read(2); VERIFY: the string of its list that does not hold, counted from 1;
     * SET_USER, BECOME_ROOT: enum plan_user_part; else 0 */
    int64_t value;
    uint64_t begin_ns; /* CLOCK_MONOTONIC; 0 unless tracing */
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

/* Does INIT pass the slot's file descriptor to HOST with the announcement? */
static inline int plan_slot_goes_to_host(int slot)
{
    return slot == PLAN_SLOT_CONSOLE || slot == PLAN_SLOT_NETWORK || plan_slot_is_source(slot);
}

/* Never NULL: returns "" for offset 0, the first string of an empty list. */
static inline const char *plan_text(const struct plan_header *plan, struct plan_text text)
{
    return text.at == 0 ? "" : (const char *) plan + text.at;
}

/* Returns NULL for none. */
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
