/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroup as a unit of systemd. */
#pragma once

#include <sys/types.h>

struct cgroup_systemd;
struct error;

/* Starts the unit with the process in it. Returns 0 or a negative errno. */
int cgroup_start_unit(const struct cgroup_systemd *systemd, pid_t pid, struct error *error);
