/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
#pragma once

#include <stdbool.h>

struct mountinfo {
    unsigned major; /* device number of the files on the mount (st_dev) */
    unsigned minor;
    const char *root; /* path within the file system that is mounted; "/" for all of it */
    const char *mount_point;
    const char *type;
    const char *options; /* superblock options: "rw,memory" */
};

/* Returns the next byte of a field, and moves *at past it: the kernel writes blanks and backslashes
 * in octal, a space as \040. */
char mountinfo_pop_byte(const char **at);

/* Parses a line without its newline; modifies it in place. Returns false if the line is
 * malformed. */
bool mountinfo_parse(char *line, struct mountinfo *ret_mount);

/* Checks whether `path`, where the mount should be, is on the device of the mount. Returns 1 if it
 * is; 0 if another mount hides it, it does not exist, or the caller may not search its directories;
 * or a negative errno. */
int mountinfo_is_visible(const struct mountinfo *mount, const char *path);
