/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/mountinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool is_octal(const char *digits)
{
    return digits[0] >= '0' && digits[0] <= '3' && digits[1] >= '0' && digits[1] <= '7' &&
           digits[2] >= '0' && digits[2] <= '7';
}

/* Decodes octal escapes in place: the kernel writes a space as \040. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; to++) {
        if (from[0] == '\\' && is_octal(from + 1)) {
            *to = (char) ((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

bool mountinfo_parse(char *line, struct mountinfo *ret_mount)
{
    char *rest = line;
    char *type = strstr(line, " - ");

    if (type == NULL)
        return false;
    *type = '\0';
    type += strlen(" - ");
    ret_mount->type = strsep(&type, " ");
    strsep(&type, " "); /* the source */
    strsep(&rest, " "); /* the mount ID and the parent ID */
    strsep(&rest, " ");
    char *device = strsep(&rest, " ");
    char *root = strsep(&rest, " ");
    char *mount_point = strsep(&rest, " ");
    if (mount_point == NULL || type == NULL)
        return false;
    ret_mount->options = type;
    ret_mount->major = (unsigned) strtoul(device, &device, 10);
    ret_mount->minor = *device == ':' ? (unsigned) strtoul(device + 1, NULL, 10) : 0;
    unescape(root);
    unescape(mount_point);
    ret_mount->root = root;
    ret_mount->mount_point = mount_point;
    return true;
}

int mountinfo_is_visible(const struct mountinfo *mount, const char *path)
{
    struct stat info;

    if (stat(path, &info) < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
    return major(info.st_dev) == mount->major && minor(info.st_dev) == mount->minor;
}
