/* SPDX-License-Identifier: Apache-2.0 */
/* Restricts the process by a Landlock ruleset: landlock(7). */
#include "init.h"
#include "path.h"

#define RULE_PATH_BENEATH 1
#define RULE_NET_PORT 2

/* The rights that a file other than a directory has: LANDLOCK_ACCESS_FS_EXECUTE, _WRITE_FILE,
 * _READ_FILE, _TRUNCATE and _IOCTL_DEV. */
#define FILE_RIGHTS (1U << 0 | 1U << 1 | 1U << 2 | 1U << 14 | 1U << 15)

int init_make_ruleset(struct init *init, const struct plan_step *step)
{
    const struct sys_landlock_ruleset ruleset = {.files = step->make_ruleset.files,
                                                 .network = step->make_ruleset.network,
                                                 .scopes = step->make_ruleset.scopes};

    return init_fill(init, step->makes, sys_landlock_create_ruleset(&ruleset));
}

int init_allow_path(struct init *init, const struct plan_step *step)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};
    struct sys_landlock_path rule = {.access = step->allow_path.access};
    struct statx status;
    INIT_FD fd = path_openat2(AT_FDCWD, init_text(init, step->allow_path.path), &how);
    int r = fd < 0 ? fd : path_status(fd, &status);

    if (r < 0)
        return r;
    if (!S_ISDIR(status.stx_mode))
        rule.access &= FILE_RIGHTS;
    if (rule.access == 0)
        return -ENOTDIR;
    rule.fd = fd;
    return sys_landlock_add_rule(init->slot[PLAN_SLOT_LANDLOCK], RULE_PATH_BENEATH, &rule);
}

int init_allow_port(struct init *init, const struct plan_step *step)
{
    const struct sys_landlock_port rule = {.access = step->allow_port.access,
                                           .port = step->allow_port.port};

    return sys_landlock_add_rule(init->slot[PLAN_SLOT_LANDLOCK], RULE_NET_PORT, &rule);
}

int init_enforce_ruleset(struct init *init, const struct plan_step *step)
{
    (void) step;
    return sys_landlock_restrict_self(init->slot[PLAN_SLOT_LANDLOCK]);
}
