/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the specification that involve several properties or that a type cannot express. They
 * are checked on the document alone, not against the host. Each broken rule adds a line to `error`,
 * which must be empty at first; the line starts with the JSON path: `process.cwd: must be absolute,
 * got "tmp"`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/spec/config.h"

/* Supported versions of the specification: all of 1.x. A newer 1.x is read as the latest known
 * version. */
#define SPEC_VERSION_MIN "1.0.0"
#define SPEC_VERSION_MAX "1.3.0"

/* The highest numbers that Linux can be configured for. */
#define SPEC_CPUS 8192
#define SPEC_NODES 1024

/* -1 as an unsigned number means that memory.swappiness is not set. */
#define SPEC_SWAPPINESS_MAX 100
#define SPEC_SWAPPINESS_UNSET UINT64_MAX

struct arena;
struct error;

/* Checks a whole configuration (config.md, config-linux.md). Returns 0 or -EINVAL. */
int spec_check_config(const struct spec_config *config, struct error *error);

/* Checks only a process, for exec. Returns 0 or -EINVAL. */
int spec_check_process(const struct spec_process *process, struct error *error);

/* Checks only resources, for update. Returns 0 or -EINVAL. */
int spec_check_resources(const struct spec_resources *resources, struct error *error);

/* Checks only config->mounts, for `mounts add`. Returns 0 or -EINVAL. */
int spec_check_mounts(const struct spec_config *config, struct error *error);

/* Checks only linux.intelRdt. Returns 0 or -EINVAL. */
int spec_check_intel_rdt(const struct spec_intel_rdt *rdt, struct error *error);

/* Parses a list such as "0-3,7" of numbers below `limit` and sets bit n % 64 of ret_set[n / 64] for
 * each number n. `ret_set` must have room for `limit` bits; if it is NULL, the list is only
 * checked. Returns 0, -EINVAL if the list is malformed, or -ERANGE. */
int spec_read_number_list(const char *list, size_t limit, uint64_t *ret_set);

/* Parses `access` of a device rule, such as "rw". Returns BPF_DEVCG_ACC_* bits, and whether it has
 * letters that mean nothing. */
unsigned spec_device_access(const char *access, bool *ret_has_others);

/* Returns the letters for BPF_DEVCG_ACC_* bits. */
const char *spec_device_letters(struct arena *arena, unsigned access);

/* Returns the container's namespace of `type`, new or joined; NULL if the container shares the
 * runtime's. */
const struct spec_namespace *spec_find_namespace(const struct spec_config *config,
                                                 enum spec_namespace_type type);

/* The types of namespaces in the order in which a privileged caller joins them. The user namespace
 * comes last because joining it takes away the caller's privileges over the others. An
 * unprivileged caller joins it first because it grants them. */
#define SPEC_NAMESPACE_KINDS 8
extern const struct spec_namespace_kind {
    enum spec_namespace_type type;
    uint64_t flag;    /* CLONE_NEW* */
    const char *file; /* in /proc/PID/ns, and in the names of limits */
} spec_namespace_kinds[SPEC_NAMESPACE_KINDS];

/* Returns whether the container gets a new namespace of `type`. */
bool spec_makes_namespace(const struct spec_config *config, enum spec_namespace_type type);

/* Translates `id` from the user namespace with these mappings to its parent user namespace. Returns
 * false if it is not mapped. */
bool spec_host_id(const struct spec_id_mapping *mappings, size_t n_mappings, uint32_t id,
                  uint32_t *ret_host_id);

/* Returns whether the mappings hold an ID of the container, or one of the host. */
bool spec_maps_id(const struct spec_id_mapping *mappings, size_t n_mappings, uint32_t id);
bool spec_maps_host_id(const struct spec_id_mapping *mappings, size_t n_mappings, uint32_t id);

/* Returns the value of an annotation, or NULL. */
const char *spec_annotation(const struct spec_config *config, const char *key);

/* Returns whether the container's process gets its own cgroup below the container's
 * (run.oci.delegate-cgroup). */
bool spec_delegates_cgroup(const struct spec_config *config);

/* Returns whether the container is a pod, which holds its namespaces without a process
 * (run.berth.pod). */
bool spec_is_pod(const struct spec_config *config);

/* Returns whether a mount of this type shows cgroups: cgroup or cgroup2. `type` may be NULL. */
bool spec_is_cgroup_type(const char *type);

/* Returns whether the filter sends any system call to the agent at listenerPath. */
bool spec_seccomp_notifies(const struct spec_seccomp *seccomp);

#define SPEC_SYSCTL_PATH_SIZE 256

/* Converts a key of linux.sysctl to a path below /proc/sys as sysctl(8) does: the first separator
 * in the key, '.' or '/', separates names; the other one stands for a '.' within a name. Returns 0,
 * or -EINVAL if a name is empty, "." or "..", or the key is too long. */
int spec_sysctl_path(const char *key, char path[SPEC_SYSCTL_PATH_SIZE]);

/* Returns the type of namespace that has its own copy of this sysctl, or
 * SPEC_NAMESPACE_TYPE_NONE. */
enum spec_namespace_type spec_sysctl_namespace(const char *key);
