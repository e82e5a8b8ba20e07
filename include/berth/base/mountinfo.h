/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
#pragma once

#include <stdbool.h>

struct mountinfo {
    unsigned major; /* the device that files on it are on */
    unsigned minor;
    const char *root; /* what of the file system is mounted: "/" for all of it */
    const char *mount_point;
    const char *type;
    const char *options; /* of the superblock: "rw,memory" */
};

/* Cuts a line, without its newline, in place. Returns false for one of another shape. */
bool mountinfo_parse(char *line, struct mountinfo *ret_mount);

/* Is `path`, where the mount should be, on its device? 1: it is. 0: another mount hides this one,
 * or the caller may not search the directories on the way. */
int mountinfo_is_visible(const struct mountinfo *mount, const char *path);
