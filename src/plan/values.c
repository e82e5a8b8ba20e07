/* SPDX-License-Identifier: Apache-2.0 */
#include "values.h"

#include <linux/mount.h>
#include <string.h>
#include <sys/resource.h>

/* MOUNT_ATTR_RELATIME is 0 and has no name. */
static const struct plan_value_name mount_attributes[] = {
    {"rdonly", MOUNT_ATTR_RDONLY, 0},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"atime", MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME}, /* the whole field: for attributes to clear */
    {"noatime", MOUNT_ATTR_NOATIME, 0},
    {"strictatime", MOUNT_ATTR_STRICTATIME, 0},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"idmap", MOUNT_ATTR_IDMAP, 0},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {0},
};

static const struct plan_value_name mount_flags[] = {
    {"rdonly", MS_RDONLY, 0},
    {"nosuid", MS_NOSUID, 0},
    {"nodev", MS_NODEV, 0},
    {"noexec", MS_NOEXEC, 0},
    {"synchronous", MS_SYNCHRONOUS, 0},
    {"remount", MS_REMOUNT, 0},
    {"mandlock", MS_MANDLOCK, 0},
    {"dirsync", MS_DIRSYNC, 0},
    {"nosymfollow", MS_NOSYMFOLLOW, 0},
    {"noatime", MS_NOATIME, 0},
    {"nodiratime", MS_NODIRATIME, 0},
    {"bind", MS_BIND, 0},
    {"rec", MS_REC, 0},
    {"silent", MS_SILENT, 0},
    {"posixacl", MS_POSIXACL, 0},
    {"relatime", MS_RELATIME, 0},
    {"i_version", MS_I_VERSION, 0},
    {"strictatime", MS_STRICTATIME, 0},
    {"lazytime", MS_LAZYTIME, 0},
    {0},
};

static const struct plan_value_name propagations[] = {
    {"rec", MS_REC, 0},         {"shared", MS_SHARED, 0},         {"slave", MS_SLAVE, 0},
    {"private", MS_PRIVATE, 0}, {"unbindable", MS_UNBINDABLE, 0}, {0},
};

const struct plan_value_name *const plan_flag_names[PLAN_KINDS] = {
    [PLAN_KIND_mount_attributes] = mount_attributes,
    [PLAN_KIND_mount_flags] = mount_flags,
    [PLAN_KIND_propagation] = propagations,
};

static const char *const target_kinds[PLAN_TARGET_KINDS] = {
    [PLAN_TARGET_DIRECTORY] = "directory",
    [PLAN_TARGET_FILE] = "file",
    [PLAN_TARGET_LIKE_MOUNT] = "like-mount",
};

static const char *const root_changes[PLAN_ROOT_CHANGES] = {
    [PLAN_ROOT_PIVOT] = "pivot",
    [PLAN_ROOT_MOVE] = "move",
    [PLAN_ROOT_CHROOT] = "chroot",
};

static const char *const resources[RLIM_NLIMITS] = {
    [RLIMIT_CPU] = "RLIMIT_CPU",           [RLIMIT_FSIZE] = "RLIMIT_FSIZE",
    [RLIMIT_DATA] = "RLIMIT_DATA",         [RLIMIT_STACK] = "RLIMIT_STACK",
    [RLIMIT_CORE] = "RLIMIT_CORE",         [RLIMIT_RSS] = "RLIMIT_RSS",
    [RLIMIT_NPROC] = "RLIMIT_NPROC",       [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
    [RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK",   [RLIMIT_AS] = "RLIMIT_AS",
    [RLIMIT_LOCKS] = "RLIMIT_LOCKS",       [RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING",
    [RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE", [RLIMIT_NICE] = "RLIMIT_NICE",
    [RLIMIT_RTPRIO] = "RLIMIT_RTPRIO",     [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
};

const char *const *const plan_value_names[PLAN_KINDS] = {
    [PLAN_KIND_target_kind] = target_kinds,
    [PLAN_KIND_root_change] = root_changes,
    [PLAN_KIND_resource] = resources,
};

const unsigned plan_value_counts[PLAN_KINDS] = {
    [PLAN_KIND_target_kind] = PLAN_TARGET_KINDS,
    [PLAN_KIND_root_change] = PLAN_ROOT_CHANGES,
    [PLAN_KIND_resource] = RLIM_NLIMITS,
};

uint32_t plan_resource(const char *name)
{
    uint32_t number = 0;

    while (number < RLIM_NLIMITS && strcmp(resources[number], name) != 0)
        number++;
    return number;
}

bool plan_is_text(enum plan_kind kind)
{
    return kind == PLAN_KIND_path || kind == PLAN_KIND_path_or_none || kind == PLAN_KIND_text ||
           kind == PLAN_KIND_text_or_none;
}

uint64_t plan_operand_number(const struct plan_step *step, const struct plan_operand *operand)
{
    const void *at = plan_operand_at(step, operand);

    if (operand->size == sizeof(uint64_t))
        return *(const uint64_t *) at;
    if (operand->size == sizeof(uint32_t))
        return *(const uint32_t *) at;
    return *(const uint8_t *) at;
}
