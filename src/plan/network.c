/* SPDX-License-Identifier: Apache-2.0 */
/* linux.netDevices: HOST moves them into INIT's network namespace while INIT makes the mounts. */
#include <errno.h>
#include <sched.h>

#include "builder.h"

unsigned plan_net_devices_token(const struct plan_builder *builder)
{
    return builder->linux->n_net_devices > 0 ? PLAN_TOKEN_NET_DEVICES : 0;
}

int plan_move_net_devices(struct plan_builder *builder)
{
    const struct spec_linux *config = builder->linux;

    if (config->n_net_devices == 0)
        return 0;
    if (!builder->host->privileged) {
        error_errno_at(builder->error, "linux.netDevices", EPERM, "move network devices");
        return error_hint(builder->error, "they are moved by root of the user namespace that the "
                                          "caller's network namespace belongs to");
    }
    PLAN_ADD(builder, OPEN_NAMESPACE, .by = PLAN_INIT, .makes = PLAN_SLOT_NETWORK,
             .place = "linux.netDevices", .path = "/proc/self/ns/net", .type = CLONE_NEWNET);
    for (size_t i = 0; i < config->n_net_devices; i++) {
        const char *host = config->net_devices[i].key;
        const char *name = config->net_devices[i].value->name;

        PLAN_ADD(builder, MOVE_NET_DEVICE, .by = PLAN_HOST, .uses = PLAN_BIT(PLAN_SLOT_NETWORK),
                 .signals = PLAN_TOKEN_NET_DEVICES,
                 .place = PLAN_PLACE(builder, "linux.netDevices[\"%s\"]", host), .device = host,
                 .name = name != NULL && name[0] != '\0' ? name : host);
    }
    return 0;
}
