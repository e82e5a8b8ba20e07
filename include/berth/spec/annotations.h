/* SPDX-License-Identifier: Apache-2.0 */
/* The annotations that are obeyed, as crun does: crun(1), "Extensions to OCI". */
#pragma once

#define SPEC_HOOKS_STDOUT "run.oci.hooks.stdout" /* a file that what hooks say is added to */
#define SPEC_HOOKS_STDERR "run.oci.hooks.stderr"
/* an agent, where linux.seccomp.listenerPath is not set */
#define SPEC_SECCOMP_RECEIVER "run.oci.seccomp.receiver"
#define SPEC_SECCOMP_FAIL_UNKNOWN "run.oci.seccomp_fail_unknown_syscall" /* whatever its value is */
/* the filter itself, in place of linux.seccomp; base64 */
#define SPEC_SECCOMP_BPF_DATA "run.oci.seccomp_bpf_data"
/* "1" leaves the process the supplementary groups of the caller */
#define SPEC_KEEP_GROUPS "run.oci.keep_original_groups"
/* The option by which mounts get linux.mountLabel: "context" (the default), "fscontext",
 * "defcontext" or "rootcontext". */
#define SPEC_CONTEXT_TYPE "run.oci.mount_context_type"
#define SPEC_PIDFD_RECEIVER "run.oci.pidfd_receiver" /* the same as --pidfd-socket */
#define SPEC_TIME_OFFSET "run.oci.timens_offset"     /* a line for /proc/PID/timens_offsets */
/* the container's cgroup, below the scope */
#define SPEC_SYSTEMD_SUBGROUP "run.oci.systemd.subgroup"
/* one more below the container's, for its process */
#define SPEC_DELEGATE_CGROUP "run.oci.delegate-cgroup"
/* the mount of type cgroup that is to show name=systemd of v1 alone */
#define SPEC_SYSTEMD_V1 "run.oci.systemd.force_cgroup_v1"
