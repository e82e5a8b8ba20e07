/* SPDX-License-Identifier: Apache-2.0 */
/* Signals and lists all processes of a container. */
#pragma once

#include <sys/types.h>

#include "berth/cgroup/place.h"

struct arena;
struct error;

/* Sends `signal` once to every process in the container's cgroup and below. No processes is
 * success. Returns 0 or a negative errno. */
int cgroup_signal(const struct cgroup_record *record, int signal, struct error *error);

/* Lists the processes in the container's cgroup and below, by their PIDs in this process's PID
 * namespace; leaves out processes that are not visible there. Returns 0, -ENODEV without a
 * cgroup, or another negative errno. */
int cgroup_list_processes(struct arena *arena, const struct cgroup_record *record, pid_t **ret_pids,
                          size_t *ret_count, struct error *error);
