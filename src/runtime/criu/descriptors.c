/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.json in the image: an array of three strings that say what stdin, stdout and stderr
 * of the container's process were. The format is that of runc and crun, plus "file[MOUNT:INODE]",
 * criu's name of a file outside the container. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/sys/path.h"
#include "container.h"

#define NOTES "descriptors.json"
#define STREAMS 3

/* Returns the ID of the mount that the descriptor's file is on, or -1. */
static long mount_of(struct arena *arena, pid_t pid, int fd)
{
    const char *path = arena_printf(arena, "/proc/%d/fdinfo/%d", pid, fd);
    char *bytes;

    if (file_read(arena, AT_FDCWD, path, &bytes, NULL) < 0)
        return -1;
    const char *field = strstr(bytes, "mnt_id:");
    return field == NULL ? -1 : strtol(field + strlen("mnt_id:"), NULL, 10);
}

static bool has_mount(struct arena *arena, pid_t pid, long id)
{
    const char *path = arena_printf(arena, "/proc/%d/mountinfo", pid);
    char *bytes;

    if (file_read(arena, AT_FDCWD, path, &bytes, NULL) < 0)
        return true;
    for (const char *line = bytes; *line != '\0'; line += strspn(line, "\n")) {
        if (strtol(line, NULL, 10) == id)
            return true;
        line += strcspn(line, "\n");
    }
    return false;
}

/* Returns criu's name of a file or device of the host, or NULL if it is something else or in the
 * container. */
static const char *name_of_host_file(struct arena *arena, pid_t pid, int fd)
{
    struct stat info;
    long mount = mount_of(arena, pid, fd);

    if (mount < 0 || stat(arena_printf(arena, "/proc/%d/fd/%d", pid, fd), &info) < 0)
        return NULL;
    if ((!S_ISREG(info.st_mode) && !S_ISCHR(info.st_mode)) || has_mount(arena, pid, mount))
        return NULL;
    return arena_printf(arena, "file[%lx:%" PRIx64 "]", (unsigned long) mount,
                        (uint64_t) info.st_ino);
}

static const char *describe(const struct criu_container *container, int fd, struct text *options)
{
    char target[PATH_MAX];
    const char *name = name_of_host_file(container->arena, container->pid, fd);

    if (name != NULL) {
        criu_put_string(options, CRIU_EXTERNAL, name);
        return name;
    }
    ssize_t size = readlink(arena_printf(container->arena, "/proc/%d/fd/%d", container->pid, fd),
                            target, sizeof(target));
    return size < 0 ? "" : arena_copy(container->arena, target, (size_t) size);
}

int criu_note_descriptors(const struct criu_container *container, int image_dir,
                          struct text *options, struct error *error)
{
    struct json json;

    json_start(&json, container->arena, false);
    json_array_open(&json);
    for (int fd = 0; fd < STREAMS; fd++)
        json_string(&json, describe(container, fd, options));
    json_array_close(&json);
    TRY_ERRNO(file_replace(image_dir, NOTES, json.text.bytes, json.text.size, 0600), error,
              "write %s in the directory of the image", NOTES);
    return 0;
}

/* Returns the next string of the array, or NULL. A string with an escape in it is a path, which
 * does not matter here. */
static const char *next_string(struct arena *arena, const char **at)
{
    const char *start = strchr(*at, '"');
    const char *end = start;

    if (start == NULL)
        return NULL;
    for (bool escaped = true; escaped; end += escaped) {
        end = strpbrk(end + 1, "\"\\");
        if (end == NULL || end[1] == '\0')
            return NULL;
        escaped = *end == '\\';
    }
    *at = end + 1;
    return arena_copy(arena, start + 1, (size_t) (end - start - 1));
}

/* An image without the file has no descriptors to replace. */
static int read_notes(struct arena *arena, int image_dir, char **ret_bytes)
{
    AUTO_FD fd = sys_open_regular(image_dir, NOTES);

    *ret_bytes = "";
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    return file_read(arena, AT_FDCWD, arena_printf(arena, "/proc/self/fd/%d", fd), ret_bytes, NULL);
}

int criu_inherit_descriptors(struct criu *criu, int image_dir, struct text *options)
{
    char *bytes;

    TRY_ERRNO(read_notes(criu->arena, image_dir, &bytes), criu->error,
              "read %s in the directory of the image", NOTES);
    const char *at = bytes;
    for (int fd = 0; fd < STREAMS; fd++) {
        const char *name = next_string(criu->arena, &at);

        if (name == NULL)
            return 0;
        if (text_starts_with(name, "pipe:[") || text_starts_with(name, "file["))
            criu_put_key_fd(options, CRIU_INHERIT_FD, name, criu_give(criu, fd));
    }
    return 0;
}
