/* SPDX-License-Identifier: Apache-2.0 */
/* The configurations that `spec` writes: schemas/default-config.json. */
#pragma once

#include <stdint.h>

struct arena;

/* Returns a config.json for root: a shell on a terminal, with the bundle's rootfs. */
const char *spec_default_config(void);

/* Returns a config.json for an unprivileged user: a user namespace in which root is `uid` and `gid`
 * of the host, no network namespace, no cgroup limits. */
const char *spec_rootless_config(struct arena *arena, uint32_t uid, uint32_t gid);

/* Returns `text` without the new cgroup namespace: runc and crun leave it out on cgroup v1. */
const char *spec_without_cgroup_namespace(struct arena *arena, const char *text);
