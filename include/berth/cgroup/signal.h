/* SPDX-License-Identifier: Apache-2.0 */
/* All processes of a container. */
#pragma once

#include <sys/types.h>

#include "berth/cgroup/place.h"

struct arena;
struct error;

/* Sends `signal` to every process in the container's cgroup and below, once to each that is there
 * now. Without any it is success. Returns 0 or a negative errno. */
int cgroup_signal(const struct cgroup_record *record, int signal, struct error *error);

/* Lists the processes in the container's cgroup and below, as this process numbers them; those of
 * pid namespaces that it does not see are left out. Returns 0, -ENODEV without a cgroup, or a
 * negative errno. */
int cgroup_list_processes(struct arena *arena, const struct cgroup_record *record, pid_t **ret_pids,
                          size_t *ret_count, struct error *error);
