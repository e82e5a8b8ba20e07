/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>

#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/sys/device.h"
#include "berth/sys/idmap.h"
#include "creation.h"

/* The last id that there is: no mapping has it but one that has nearly all. The container sees it as the kernel's overflow id. */
#define NOBODYS_ID (UINT32_MAX - 1)

/* INIT is in its user namespace by now, be that new or joined. */
static int map_owner(struct conduct *conduct, const struct plan_step *step, bool groups, uint32_t *ret_id)
{
    const struct creation *creation = conduct->context;
    uint64_t owner = step->number[groups ? 3 : 2];
    uint32_t id = (uint32_t) owner;
    int result = sys_idmap_find(creation->init, groups, id, ret_id);

    if (result == -EINVAL && (owner & PLAN_DEVICE_HOSTS_TOO)) {
        *ret_id = id;
        return 0;
    }
    if (result == -EINVAL) {
        log_warning("%s.%s: %u is not mapped in the user namespace: the device belongs to no %s of the container",
                    plan_text(conduct->plan, step->place), groups ? "gid" : "uid", id, groups ? "group" : "user");
        *ret_id = NOBODYS_ID;
        return 0;
    }
    return result;
}

int device_make(struct conduct *conduct, const struct plan_step *step)
{
    struct sys_device device = {
        .mode = (mode_t) step->number[0],
        .device = step->number[1],
        .options = plan_optional_text(conduct->plan, step->text[1]),
    };

    TRY(map_owner(conduct, step, false, &device.uid));
    TRY(map_owner(conduct, step, true, &device.gid));
    return conduct_fill(conduct, step, sys_device_make(&device));
}
