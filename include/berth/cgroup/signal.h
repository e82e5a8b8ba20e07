/* SPDX-License-Identifier: Apache-2.0 */
/* Signals for all processes of a container. */
#pragma once

#include "berth/cgroup/place.h"

struct error;

/* Sends `signal` to every process in the container's cgroup and below, once to each that is there now. Without any it is
 * success. Returns 0 or a negative errno. */
int cgroup_signal(const struct cgroup_record *record, int signal, struct error *error);
