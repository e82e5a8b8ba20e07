/* SPDX-License-Identifier: Apache-2.0 */
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/mountinfo.h"
#include "berth/base/text.h"

#define FIELD_MOUNT_POINT 4 /* each field before it ends with a blank */

static bool field_is(const char *field, const char *path)
{
    for (; *path != '\0'; path++)
        if (mountinfo_pop_byte(&field) != *path)
            return false;
    return *field == ' ';
}

size_t mounts_count(const char *mountinfo, const char *path)
{
    size_t count = 0;

    for (const char *line = mountinfo; *line != '\0'; line += strspn(line, "\n")) {
        const char *end = line + strcspn(line, "\n");
        const char *field = line;

        for (int i = 0; i < FIELD_MOUNT_POINT && field < end; i++)
            field += strcspn(field, " \n") + 1;
        count += field < end && field_is(field, path);
        line = end;
    }
    return count;
}

int mounts_count_on_host(struct arena *arena, const char *path, size_t *ret_count,
                         struct error *error)
{
    char *mountinfo;

    TRY_ERRNO(file_read(arena, AT_FDCWD, "/proc/self/mountinfo", &mountinfo, NULL), error,
              "read /proc/self/mountinfo");
    *ret_count = mounts_count(mountinfo, path);
    return 0;
}

int mounts_detach(struct arena *arena, const char *path, size_t rest, struct error *error)
{
    size_t count = 0;

    TRY(mounts_count_on_host(arena, path, &count, error));
    for (; count > rest; count--)
        if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
            return error_errno(error, errno, "unmount %s", path);
    return 0;
}

int mounts_of_kernel(struct arena *arena, const char *const **ret_paths, struct error *error)
{
    struct text_list paths = {.arena = arena};
    char *line;
    int result = file_read(arena, AT_FDCWD, "/proc/self/mountinfo", &line, NULL);

    if (result < 0 && result != -ENOENT)
        return error_errno(error, -result, "read /proc/self/mountinfo");
    while (result >= 0 && line != NULL && *line != '\0') {
        char *next = line + strcspn(line, "\n");
        struct mountinfo mount;

        if (*next == '\n')
            *next++ = '\0';
        if (mountinfo_parse(line, &mount) && text_equal(mount.root, "/") &&
            (text_equal(mount.type, "proc") || text_equal(mount.type, "sysfs")))
            text_list_add(&paths, mount.mount_point);
        line = next;
    }
    for (size_t i = 0; i < paths.count / 2; i++) {
        char *first = paths.item[i];

        paths.item[i] = paths.item[paths.count - 1 - i];
        paths.item[paths.count - 1 - i] = first;
    }
    *ret_paths = (const char *const *) paths.item;
    return 0;
}
