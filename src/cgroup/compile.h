/* SPDX-License-Identifier: Apache-2.0 */
/* What compiles linux.resources into writes: setting.c has the table, devices.c the device rules.
 */
#pragma once

#include "berth/cgroup/place.h"
#include "berth/cgroup/setting.h"

/* The two fields whose order hangs on what is set at the moment. */
#define CGROUP_MEMORY_LIMIT "memory.limit"
#define CGROUP_MEMORY_SWAP "memory.swap"

struct cgroup_compiler {
    struct arena *arena;
    const struct cgroup *cgroup;
    const struct spec_resources *resources;
    const char *v2_controllers; /* of the container's v2 cgroup, NULL until they are asked for */
    struct cgroup_writes writes;
    size_t room;
    struct error *error;
};

/* Finds the container's cgroup for `controller`. Returns 0 or, with an error that names `field` and
 * says what to do, a negative errno. */
int cgroup_find_place(struct cgroup_compiler *compiler, const char *field, const char *controller,
                      const struct cgroup_place **ret_place);

void cgroup_add_write(struct cgroup_compiler *compiler, struct cgroup_write write);

/* The settings of the table, in its order. Return 0 or a negative errno. */
int cgroup_compile_settings(struct cgroup_compiler *compiler);

/* The rules for devices, in the config's order, and those for the devices that every container has.
 */
int cgroup_compile_devices(struct cgroup_compiler *compiler);
