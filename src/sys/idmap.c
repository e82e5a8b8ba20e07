/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/idmap.h"

#include <fcntl.h>
#include <stdio.h>

#include "berth/base/file.h"

int sys_idmap_write(pid_t pid, bool groups, const char *map)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, groups ? "gid_map" : "uid_map");
    return file_put(AT_FDCWD, path, map);
}

int sys_idmap_deny_setgroups(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
    return file_put(AT_FDCWD, path, "deny");
}
