/* SPDX-License-Identifier: Apache-2.0 */
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/mountinfo.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"

struct text_list pins_of(const struct state *state, const struct spec_config *config)
{
    struct text_list paths = {.arena = state->arena};

    for (size_t kind = 0; kind < SPEC_NAMESPACE_KINDS; kind++)
        if (spec_find_namespace(config, spec_namespace_kinds[kind].type) != NULL)
            text_list_add(&paths,
                          arena_printf(state->arena, "%s/%s/" STATE_PINS_DIR "/%s", state->root,
                                       state->id, spec_namespace_kinds[kind].file));
    return paths;
}

enum spec_namespace_type pins_type(const char *path)
{
    const char *file = strrchr(path, '/');

    for (size_t kind = 0; file != NULL && kind < SPEC_NAMESPACE_KINDS; kind++)
        if (text_equal(file + 1, spec_namespace_kinds[kind].file))
            return spec_namespace_kinds[kind].type;
    return SPEC_NAMESPACE_TYPE_NONE;
}

/* Names the directory by its descriptor: the path may lead elsewhere by now. */
static const char *path_in_dir(const struct state *state, const char *file)
{
    return arena_printf(state->arena, "/proc/self/fd/%d/%s", state->dir, file);
}

/* NS_GET_NSTYPE is only meaningful on nsfs. */
static int check_type(int fd, int flag)
{
    struct statfs status;

    if (fstatfs(fd, &status) < 0)
        return -errno;
    return status.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == flag ? 0 : -EINVAL;
}

int pins_add(const struct state *state, const char *file, int fd, int flag)
{
    TRY(check_type(fd, flag));
    if (mkdirat(state->dir, STATE_PINS_DIR, 0700) < 0 && errno != EEXIST)
        return -errno;
    AUTO_FD made = openat(state->dir, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0)
        return -errno;
    const char *source = arena_printf(state->arena, "/proc/self/fd/%d", fd);
    return mount(source, path_in_dir(state, file), NULL, MS_BIND, NULL) < 0 ? -errno : 0;
}

static int check(const struct state *state, const char *file)
{
    AUTO_FD pin = openat(state->dir, file, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct statfs status;

    if (pin < 0)
        return errno == ENOENT ? -ESRCH : -errno;
    if (fstatfs(pin, &status) < 0)
        return -errno;
    return status.f_type == NSFS_MAGIC ? 0 : -ESRCH;
}

int pins_check(const struct state *state)
{
    for (size_t i = 0; i < state->record.n_pins; i++) {
        const char *name = strrchr(state->record.pins[i], '/');

        TRY(name == NULL ? -ESRCH
                         : check(state, arena_printf(state->arena, STATE_PINS_DIR "%s", name)));
    }
    return 0;
}

/* Returns a path at which the file is mounted, too, or NULL. */
static const char *find_other(const struct state *state, const char *file)
{
    const char *own_name = strrchr(file, '/');
    struct stat own, found;
    char *lines;

    if (fstatat(state->dir, STATE_PINS_DIR, &own, AT_SYMLINK_NOFOLLOW) < 0 ||
        file_read(state->arena, AT_FDCWD, "/proc/self/mountinfo", &lines, NULL) < 0)
        return NULL;
    for (char *line; (line = strsep(&lines, "\n")) != NULL;) {
        struct mountinfo mount;

        if (!mountinfo_parse(line, &mount))
            continue;
        const char *name = strrchr(mount.mount_point, '/');
        if (name == NULL || !text_equal(name, own_name))
            continue;
        const size_t length = (size_t) (name - mount.mount_point);
        if (stat(arena_copy(state->arena, mount.mount_point, length), &found) == 0 &&
            found.st_dev == own.st_dev && found.st_ino == own.st_ino)
            return mount.mount_point;
    }
    return NULL;
}

/* `unmounting`: why the file cannot be unmounted any further, EINVAL if it is not mounted. */
static int refuse_busy(const struct state *state, const char *file, int unmounting,
                       struct error *error)
{
    const char *other = unmounting == EINVAL ? find_other(state, file) : NULL;

    if (unmounting != EINVAL)
        return error_errno(error, unmounting, "unmount %s/%s/%s", state->root, state->id, file);
    error_errno(error, EBUSY, "remove %s/%s/%s", state->root, state->id, file);
    return error_hint(error, "it is mounted at %s, too: unmount that first",
                      other != NULL ? other : "another path");
}

/* Removing the file ends its mounts in all other mount namespaces too, which may have copies that
 * unmounting it here does not reach. The kernel refuses to remove what is still mounted here. */
static int remove_pin(const struct state *state, const char *file, struct error *error)
{
    while (umount2(path_in_dir(state, file), MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        continue;
    const int unmounting = errno;

    if (unlinkat(state->dir, file, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno == EBUSY)
        return refuse_busy(state, file, unmounting, error);
    return error_errno(error, errno, "remove %s/%s/%s", state->root, state->id, file);
}

int pins_remove(const struct state *state, struct error *error)
{
    if (faccessat(state->dir, STATE_PINS_DIR, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return 0;
    for (size_t kind = 0; kind < SPEC_NAMESPACE_KINDS; kind++)
        TRY(remove_pin(
            state,
            arena_printf(state->arena, STATE_PINS_DIR "/%s", spec_namespace_kinds[kind].file),
            error));
    if (unlinkat(state->dir, STATE_PINS_DIR, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return error_errno(error, errno, "remove %s/%s/" STATE_PINS_DIR, state->root, state->id);
    return 0;
}
