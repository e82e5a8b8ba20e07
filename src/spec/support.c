/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/support.h"

#include <errno.h>

#include "berth/base/error.h"
#include "rules.h"

struct property {
    const char *path;
    bool wanted;
};

static void refuse(const struct property *properties, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (properties[i].wanted)
            report_add(error, "%s: this version of berth cannot set it", properties[i].path);
    }
}

#define REFUSE(properties, error)                                                                  \
    refuse((properties), sizeof(properties) / sizeof((properties)[0]), (error))

static void check_linux(const struct spec_linux *linux, struct error *error)
{
    const struct property properties[] = {
        {"linux.netDevices", linux->n_net_devices > 0},
    };

    REFUSE(properties, error);
}

static int result(struct error *error)
{
    if (error->number == 0)
        return 0;
    error->number = ENOTSUP;
    return -ENOTSUP;
}

int spec_check_support(const struct spec_config *config, struct error *error)
{
    if (config->linux != NULL)
        check_linux(config->linux, error);
    return result(error);
}
