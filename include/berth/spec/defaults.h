/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration that `spec` writes to begin with: schemas/default-config.json. */
#pragma once

#include <stdint.h>

struct arena;

/* The text of a config.json for root: a shell on a terminal, in rootfs of the bundle. */
const char *spec_default_config(void);

/* The same for an ordinary user: a user namespace in which root is `uid` and `gid` of the host, no
 * network namespace, no cgroup limits. */
const char *spec_rootless_config(struct arena *arena, uint32_t uid, uint32_t gid);

/* The same text without the new cgroup namespace: on cgroup v1 runc and crun have none. */
const char *spec_without_cgroup_namespace(struct arena *arena, const char *text);
