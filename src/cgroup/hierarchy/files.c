/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"

const char cgroup_how_to_delegate[] = "start it as root, or from a cgroup that is delegated to the "
                                      "user, as by systemd-run --user --scope "
                                      "-p Delegate=yes";

static int join(char *buffer, const char *path, const char *file)
{
    return snprintf(buffer, PATH_MAX, "%s/%s", path, file) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static bool is_of_cgroups(const struct statfs *system)
{
    return system->f_type == CGROUP_SUPER_MAGIC || system->f_type == CGROUP2_SUPER_MAGIC;
}

uint32_t cgroup_file_system_type(const char *path)
{
    struct statfs system;

    return statfs(path, &system) == 0 ? (uint32_t) system.f_type : 0;
}

int cgroup_read(struct arena *arena, const char *path, const char *file, char **ret_text)
{
    char full[PATH_MAX];
    size_t size;

    TRY(join(full, path, file));
    TRY(file_read(arena, AT_FDCWD, full, ret_text, &size));
    while (size > 0 && (*ret_text)[size - 1] == '\n')
        (*ret_text)[--size] = '\0';
    return 0;
}

int cgroup_read_counter(const char *path, const char *file, const char *key, uint64_t *ret_count)
{
    AUTO_ARENA arena = {0};
    size_t length = strlen(key);
    char *text;

    TRY(cgroup_read(&arena, path, file, &text));
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        if (text_starts_with(line, key) && line[length] == ' ')
            return text_to_u64(line + length + 1, ret_count);
    return -ENOENT;
}

int cgroup_peek(const char *path, const char *file, char *text, size_t size)
{
    char full[PATH_MAX];

    TRY(join(full, path, file));
    AUTO_FD fd = open(full, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : read(fd, text, size - 1);
    if (count < 0)
        return -errno;
    text[count] = '\0';
    return 0;
}

/* Looks at the nearest existing parent: a directory of the hierarchy, or a former mount point. */
int cgroup_check_gone(const char *path)
{
    char above[PATH_MAX];
    struct statfs system;

    TRY(join(above, path, ""));
    for (char *end; (end = strrchr(above, '/')) != NULL;) {
        *end = '\0';
        if (statfs(end == above ? "/" : above, &system) == 0)
            return is_of_cgroups(&system) ? 0 : -ENODEV;
        if (errno != ENOENT && errno != ENOTDIR)
            return -errno;
    }
    return -ENODEV;
}

int cgroup_read_processes(struct arena *arena, const char *path, char **ret_text)
{
    int result = cgroup_read(arena, path, "cgroup.procs", ret_text);

    if (result == -ENOENT || result == -ENOTDIR || result == -ENODEV || result == -EOPNOTSUPP) {
        *ret_text = arena_string(arena, "");
        return 0;
    }
    return result;
}

int cgroup_put(const char *path, const char *file, const char *text)
{
    char full[PATH_MAX];

    TRY(join(full, path, file));
    return file_put(AT_FDCWD, full, text);
}

int cgroup_look_for(const char *path, const char *file)
{
    char full[PATH_MAX];

    TRY(join(full, path, file));
    return access(full, F_OK) == 0 ? 0 : -errno;
}

bool cgroup_has_file(const char *path, const char *file)
{
    return cgroup_look_for(path, file) != -ENOENT;
}

bool cgroup_has_controller(const struct cgroup_hierarchy *hierarchy, const char *controller)
{
    return text_is_one_of(controller, hierarchy->controllers, hierarchy->n_controllers);
}

const struct cgroup_place *cgroup_place_with(const struct cgroup *cgroup, const char *controller)
{
    const struct cgroup_place *v2 = NULL;

    for (size_t i = 0; i < cgroup->n_places; i++) {
        const struct cgroup_place *place = &cgroup->places[i];

        if (place->hierarchy->v2)
            v2 = place;
        else if (controller != NULL && cgroup_has_controller(place->hierarchy, controller))
            return place;
    }
    return v2;
}

bool cgroup_has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = text; *at != '\0'; at += strcspn(at, " \n")) {
        at += strspn(at, " \n");
        if (strcspn(at, " \n") == length && length > 0 && strncmp(at, word, length) == 0)
            return true;
    }
    return false;
}

const char *cgroup_join_file(struct arena *arena, const struct cgroup_hierarchy *hierarchy,
                             const char *path)
{
    return arena_printf(arena, "%s/%s", path, hierarchy->v2 ? "cgroup.procs" : "tasks");
}

bool cgroup_has_dots(const char *path)
{
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += at[0] == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return true;
    }
    return false;
}
