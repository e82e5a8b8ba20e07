/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>

#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/sys/device.h"
#include "berth/sys/idmap.h"
#include "transaction.h"

/* The largest valid ID. Only a mapping of nearly all IDs contains it. The container sees the
 * kernel's overflow ID. */
#define NOBODYS_ID (UINT32_MAX - 1)

/* INIT is in its user namespace, new or joined, by now. */
static int map_owner(struct executor *executor, const struct plan_step *step, bool groups,
                     uint32_t *ret_id)
{
    const struct transaction *transaction = executor->context;
    uint32_t id = groups ? step->make_device.gid : step->make_device.uid;
    bool may_be_hosts = groups ? step->make_device.or_host_gid : step->make_device.or_host_uid;
    int result = sys_idmap_find(transaction->init, groups, id, ret_id);

    if (result == -EINVAL && may_be_hosts) {
        *ret_id = id;
        return 0;
    }
    if (result == -EINVAL) {
        log_warning_at(JSON_PATH("%s.%s", plan_optional_text(executor->plan, step->place),
                                 groups ? "gid" : "uid"),
                       "%u is not mapped in the user namespace: the device belongs to no %s of the "
                       "container",
                       id, groups ? "group" : "user");
        *ret_id = NOBODYS_ID;
        return 0;
    }
    return result;
}

int device_make(struct executor *executor, const struct plan_step *step)
{
    struct sys_device device = {
        .mode = step->make_device.mode,
        .device = step->make_device.device,
        .options = plan_text(executor->plan, step->make_device.options),
    };

    TRY(map_owner(executor, step, false, &device.uid));
    TRY(map_owner(executor, step, true, &device.gid));
    return executor_fill(executor, step, sys_device_make(&device));
}
