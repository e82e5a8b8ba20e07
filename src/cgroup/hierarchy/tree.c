/* SPDX-License-Identifier: Apache-2.0 */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"

/* Returns 0, even for a cgroup that is gone, or a negative errno. */
static int list_children(struct arena *arena, const char *path, struct text_list *children)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    if (dir == NULL)
        return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
    while (errno = 0, (entry = readdir(dir)) != NULL)
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0)
            text_list_add(children, text_path_join(arena, path, entry->d_name));
    int result = errno == ENOENT || errno == ENODEV ? 0 : -errno;
    closedir(dir);
    return result;
}

struct walk {
    struct arena *arena;
    int (*visit)(void *context, const char *path);
    void *context;
    int unread; /* negative errno of the first directory that cannot be read, or 0 */
};

static int walk_from(struct walk *walk, const char *path)
{
    struct text_list children = {.arena = walk->arena};
    int result = list_children(walk->arena, path, &children);

    if (walk->unread == 0)
        walk->unread = result;
    for (size_t i = 0; i < children.count; i++)
        TRY(walk_from(walk, children.item[i]));
    return walk->visit(walk->context, path);
}

int cgroup_walk(struct arena *arena, const char *path,
                int (*visit)(void *context, const char *path), void *context)
{
    struct walk walk = {arena, visit, context, 0};

    TRY(walk_from(&walk, path));
    return walk.unread;
}
