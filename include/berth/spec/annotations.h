/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations that berth implements like crun: crun(1), "Extensions to OCI". */
#pragma once

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
