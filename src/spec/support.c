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

static void check_process(const struct spec_process *process, struct error *error)
{
    const struct property properties[] = {
        {"process.apparmorProfile", is_set(process->apparmor_profile)},
        {"process.selinuxLabel", is_set(process->selinux_label)},
        {"process.scheduler", process->scheduler != NULL},
        {"process.ioPriority", process->io_priority != NULL},
    };

    REFUSE(properties, error);
}

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
    const struct spec_personality *personality = linux->personality;
    const struct property properties[] = {
        {"linux.intelRdt", linux->intel_rdt != NULL},
        {"linux.memoryPolicy", linux->memory_policy != NULL},
        {"linux.seccomp.listenerPath", linux->seccomp != NULL && notifies(linux->seccomp)},
        {"linux.mountLabel", is_set(linux->mount_label)},
        {"linux.personality",
         personality != NULL && personality->domain != SPEC_PERSONALITY_DOMAIN_LINUX},
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
    if (config->process != NULL)
        check_process(config->process, error);
    if (config->linux != NULL)
        check_linux(config->linux, error);
    return result(error);
}

int spec_check_process_support(const struct spec_process *process, struct error *error)
{
    check_process(process, error);
    return result(error);
}
