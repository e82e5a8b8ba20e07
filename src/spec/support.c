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

static bool notifies(const struct spec_seccomp *seccomp)
{
    for (size_t i = 0; i < seccomp->n_syscalls; i++) {
        if (seccomp->syscalls[i].action == SPEC_SECCOMP_ACTION_SCMP_ACT_NOTIFY)
            return true;
    }
    return false;
}

/* A listenerPath that no rule notifies is to be ignored, says config-linux.md. */
static void check_linux(const struct spec_linux *linux, struct error *error)
{
    const struct property properties[] = {
        {"linux.netDevices", linux->n_net_devices > 0},
        {"linux.seccomp.listenerPath", linux->seccomp != NULL && notifies(linux->seccomp)},
    };

    REFUSE(properties, error);
}

static void check_mounts(const struct spec_config *config, struct error *error)
{
    for (size_t i = 0; i < config->n_mounts; i++) {
        const struct spec_mount *mount = &config->mounts[i];

        if (mount->n_uid_mappings > 0 || mount->n_gid_mappings > 0 ||
            rules_has_word(mount->options, mount->n_options, "idmap") ||
            rules_has_word(mount->options, mount->n_options, "ridmap"))
            report_add(error, "mounts[%zu]: this version of berth cannot map its ids", i);
    }
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
    check_mounts(config, error);
    if (config->linux != NULL)
        check_linux(config->linux, error);
    return result(error);
}
