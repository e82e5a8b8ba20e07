/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/sys/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"

int sys_idmap_write(pid_t pid, bool groups, const char *map)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", pid, groups ? "gid_map" : "uid_map");
    return file_put(AT_FDCWD, path, map);
}

bool sys_idmap_parse(const char *line, struct sys_id_range *ret_range)
{
    return text_next_u64(&line, &ret_range->inside) && text_next_u64(&line, &ret_range->outside) &&
           text_next_u64(&line, &ret_range->count);
}

int sys_idmap_find(pid_t pid, bool groups, uint32_t id, uint32_t *ret_outside)
{
    AUTO_ARENA arena = {0};
    char *line;

    TRY(file_read(&arena, AT_FDCWD,
                  arena_printf(&arena, "/proc/%d/%s", pid, groups ? "gid_map" : "uid_map"), &line,
                  NULL));
    for (; *line != '\0'; line += strcspn(line, "\n"), line += strspn(line, "\n")) {
        struct sys_id_range range;

        if (!sys_idmap_parse(line, &range))
            return -EPROTO;
        if (id >= range.inside && id - range.inside < range.count) {
            *ret_outside = (uint32_t) (range.outside + (id - range.inside));
            return 0;
        }
    }
    return -EINVAL;
}

int sys_idmap_deny_setgroups(pid_t pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
    return file_put(AT_FDCWD, path, "deny");
}
