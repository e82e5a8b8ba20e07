/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/mountinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

char mountinfo_pop_byte(const char **at)
{
    const char *text = *at;
    bool is_octal = text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
                    text[2] <= '7' && text[3] >= '0' && text[3] <= '7';

    *at += is_octal ? 4 : 1;
    return is_octal ? (char) ((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'))
                    : text[0];
}

/* Decodes octal escapes in place. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; to++)
        *to = mountinfo_pop_byte(&from);
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
