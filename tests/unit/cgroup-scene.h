/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroups as plain files, in hierarchies that this host may not have. */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"

static const char *const v1[] = {"cpu,cpuacct", "cpuset",  "memory",       "pids",
                                 "blkio",       "hugetlb", "name=systemd", NULL};
static const char *const v2[] = {"", NULL};
static const char *const hybrid[] = {"memory", "pids", "cpuacct", "", NULL};
static const char *const other[] = {"name=systemd", NULL};

struct scene {
    struct arena arena;
    struct error error;
    char root[64];
    struct cgroup_host host;
    struct cgroup cgroup;
    const char *json;
};

static inline const char *at(struct scene *scene, const char *path)
{
    return arena_printf(&scene->arena, "%s/%s", scene->root, path);
}

static inline void put(struct scene *scene, const char *path, const char *text)
{
    char *full = (char *) at(scene, path);
    char *end = strrchr(full, '/');

    *end = '\0';
    file_make_dirs(full, 0755);
    *end = '/';
    file_replace(AT_FDCWD, full, text, strlen(text), 0644);
}

/* Adds a hierarchy of a host: "memory", "cpu,cpuacct", or "" for v2. */
static inline void add_hierarchy(struct scene *scene, struct cgroup_hierarchy *hierarchy,
                                 const char *name)
{
    struct text_list controllers = {.arena = &scene->arena};
    char *rest = arena_string(&scene->arena, name);

    *hierarchy = (struct cgroup_hierarchy){
        .name = name, .mount_point = at(scene, *name == '\0' ? "unified" : name), .own = "/"};
    hierarchy->v2 = *name == '\0';
    for (char *word; *name != '\0' && (word = strsep(&rest, ",")) != NULL;)
        text_list_add(&controllers, word);
    hierarchy->controllers = (const char *const *) controllers.item;
    hierarchy->n_controllers = controllers.count;
}

/* `names` are the hierarchies, ending with NULL. The container's cgroup is "c" in each. */
static inline void scene_open(struct scene *scene, const char *const *names)
{
    struct cgroup_hierarchy *hierarchies;
    struct text_list paths;
    size_t count = 0;

    memset(scene, 0, sizeof(*scene));
    strcpy(scene->root, "/tmp/cgroup-stats-XXXXXX");
    if (mkdtemp(scene->root) == NULL)
        exit(1);
    hierarchies = ARENA_ARRAY(&scene->arena, 16, struct cgroup_hierarchy);
    paths = (struct text_list){.arena = &scene->arena};
    for (; names[count] != NULL; count++) {
        add_hierarchy(scene, &hierarchies[count], names[count]);
        text_list_add(&paths, arena_printf(&scene->arena, "%s/c", hierarchies[count].mount_point));
        file_make_dirs(paths.item[count], 0755);
    }
    scene->host = (struct cgroup_host){.hierarchies = hierarchies, .n_hierarchies = count};
    const struct cgroup_record record = {.paths = (const char *const *) paths.item,
                                         .n_paths = count};
    if (cgroup_reopen(&scene->arena, &scene->host, &record, &scene->cgroup, &scene->error) < 0)
        exit(1);
}

static inline void scene_close(struct scene *scene)
{
    file_remove_tree(AT_FDCWD, scene->root);
    arena_free(&scene->arena);
}
