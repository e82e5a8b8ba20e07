/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of the specification that tie properties together or that a type cannot say. They look
 * at the document alone, never at the host. A line for every broken rule is added to `error`, which
 * must come in empty, with the JSON path first: `process.cwd: must be absolute, got "tmp"`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/spec/config.h"

/* The versions of the specification: all of 1.x are taken, what is newer with what is known of
 * it. */
#define SPEC_VERSION_LEAST "1.0.0"
#define SPEC_VERSION_MOST "1.3.0"

/* As many as Linux can be built for. */
#define SPEC_CPUS 8192
#define SPEC_NODES 1024

/* -1 as an unsigned number: memory.swappiness is not set. */
#define SPEC_SWAPPINESS_MOST 100
#define SPEC_SWAPPINESS_UNSET UINT64_MAX

struct error;

/* Checks a whole configuration (config.md, config-linux.md). Returns 0 or -EINVAL. */
int spec_check_config(const struct spec_config *config, struct error *error);

/* Checks a process alone, as exec runs it. Returns 0 or -EINVAL. */
int spec_check_process(const struct spec_process *process, struct error *error);

/* Checks resources alone, as update sets them. Returns 0 or -EINVAL. */
int spec_check_resources(const struct spec_resources *resources, struct error *error);

/* Checks config->mounts alone, as mounts add adds them. Returns 0 or -EINVAL. */
int spec_check_mounts(const struct spec_config *config, struct error *error);

/* Checks linux.intelRdt alone. Returns 0 or -EINVAL. */
int spec_check_intel_rdt(const struct spec_intel_rdt *rdt, struct error *error);

/* Reads a list such as "0-3,7" of numbers below `limit`, and sets their bits: bit n % 64 of
 * ret_set[n / 64], which has to have room for `limit` of them; NULL: only checks. Returns 0,
 * -EINVAL for what is no such list, or -ERANGE. */
int spec_read_number_list(const char *list, size_t limit, uint64_t *ret_set);

/* The container's namespace of `type`, new or joined; NULL: the container shares the runtime's. */
const struct spec_namespace *spec_find_namespace(const struct spec_config *config,
                                                 enum spec_namespace_type type);

/* Is it a new one? */
bool spec_makes_namespace(const struct spec_config *config, enum spec_namespace_type type);

/* The id outside of the user namespace that `id` in it has by these mappings. Returns false if
 * there is none. */
bool spec_host_id(const struct spec_id_mapping *mappings, size_t n_mappings, uint32_t id,
                  uint32_t *ret_host_id);

/* The value of an annotation, or NULL. */
const char *spec_annotation(const struct spec_config *config, const char *key);

/* Has the container's process a cgroup of its own below the container's, as run.oci.delegate-cgroup
 * asks for? */
bool spec_delegates_cgroup(const struct spec_config *config);

/* Is it the type of a mount that shows cgroups, cgroup or cgroup2? NULL is none. */
bool spec_is_cgroup_type(const char *type);

/* Is there a system call that the filter asks an agent at listenerPath about? */
bool spec_seccomp_notifies(const struct spec_seccomp *seccomp);

#define SPEC_SYSCTL_PATH_SIZE 256

/* Turns a key of linux.sysctl into its path below /proc/sys as sysctl(8) does: the first separator
 * tells whether '.' or '/' parts the names, the other one then is a '.' within a name. Returns 0,
 * or -EINVAL when a name is empty, "." or "..", or the key too long. */
int spec_sysctl_path(const char *key, char path[SPEC_SYSCTL_PATH_SIZE]);

/* The type of the namespaces that the kernel keeps this parameter for, or
 * SPEC_NAMESPACE_TYPE_NONE. */
enum spec_namespace_type spec_sysctl_namespace(const char *key);
