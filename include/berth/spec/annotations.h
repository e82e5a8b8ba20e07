/* SPDX-License-Identifier: Apache-2.0 */
/* The annotations that berth implements. */
#pragma once

#include <stdbool.h>

/* Those of crun: crun(1), "Extensions to OCI". */

#define SPEC_HOOKS_STDOUT "run.oci.hooks.stdout" /* file to append the hooks' output to */
#define SPEC_HOOKS_STDERR "run.oci.hooks.stderr"
/* socket of a seccomp agent, if linux.seccomp.listenerPath is not set */
#define SPEC_SECCOMP_RECEIVER "run.oci.seccomp.receiver"
#define SPEC_SECCOMP_FAIL_UNKNOWN "run.oci.seccomp_fail_unknown_syscall" /* enabled by any value */
/* the filter itself, in base64, instead of linux.seccomp */
#define SPEC_SECCOMP_BPF_DATA "run.oci.seccomp_bpf_data"
/* "1": the process keeps the caller's supplementary groups */
#define SPEC_KEEP_GROUPS "run.oci.keep_original_groups"
/* The mount option that applies linux.mountLabel: "context" (the default), "fscontext",
 * "defcontext" or "rootcontext". */
#define SPEC_CONTEXT_TYPE "run.oci.mount_context_type"
#define SPEC_PIDFD_RECEIVER "run.oci.pidfd_receiver" /* like --pidfd-socket */
#define SPEC_TIME_OFFSET "run.oci.timens_offset"     /* a line for /proc/PID/timens_offsets */
/* path of the container's cgroup below the scope */
#define SPEC_SYSTEMD_SUBGROUP "run.oci.systemd.subgroup"
/* path of the process's cgroup below the container's */
#define SPEC_DELEGATE_CGROUP "run.oci.delegate-cgroup"
/* the cgroup mount that is to show only the v1 hierarchy name=systemd */
#define SPEC_SYSTEMD_V1 "run.oci.systemd.force_cgroup_v1"

/* berth's own */
#define SPEC_LANDLOCK "run.berth.landlock" /* rules of landlock(7) in JSON: schemas/landlock.json */
#define SPEC_LANDLOCK_PATH "annotations[\"" SPEC_LANDLOCK "\"]" /* its JSON path */
#define SPEC_LANDLOCK_RULES SPEC_LANDLOCK_PATH ".rules"
#define SPEC_POD "run.berth.pod" /* SPEC_POD_NAMESPACES: hold the namespaces without a process */
#define SPEC_POD_NAMESPACES "namespaces"
#define SPEC_POD_PATH "annotations[\"" SPEC_POD "\"]"
/* SPEC_COOKIE_NEW: a core-scheduling cookie of the container's own; SPEC_COOKIE_OF and an ID: that
 * of another container */
#define SPEC_CORE_SCHEDULING "run.berth.core-scheduling"
#define SPEC_CORE_SCHEDULING_PATH "annotations[\"" SPEC_CORE_SCHEDULING "\"]"
#define SPEC_COOKIE_NEW "new"
#define SPEC_COOKIE_OF "container:"

/* The values that the readers of src/spec have parsed. */
struct spec_annotations {
    const struct spec_landlock *landlock; /* NULL: none */
    const char *pod;                      /* the value of SPEC_POD; NULL: none */
    bool is_pod;                          /* it is the right one */
};
