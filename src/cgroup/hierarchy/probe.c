/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/mountinfo.h"
#include "berth/base/text.h"
#include "files.h"

#define ROOT_INODE 1 /* inode number of the root of a hierarchy */
#define V2_LINE "0:" /* hierarchy-ID of cgroup v2 (cgroups(7)) */

static size_t count_bytes(const char *text, char byte)
{
    size_t count = 0;

    for (const char *at = text; (at = strchr(at, byte)) != NULL; at++)
        count++;
    return count;
}

/* Splits "a,b" in place. */
static void split_controllers(struct arena *arena, char *names, struct cgroup_hierarchy *hierarchy)
{
    const char **controllers = ARENA_ARRAY(arena, count_bytes(names, ',') + 2, const char *);
    size_t count = 0;
    char *rest = names;

    for (char *name; (name = strsep(&rest, ",")) != NULL;)
        controllers[count++] = name;
    hierarchy->controllers = controllers;
    hierarchy->n_controllers = count;
}

bool cgroup_line_parse(char *line, struct cgroup_line *ret_line)
{
    char *names = strchr(line, ':');
    char *path = names == NULL ? NULL : strchr(names + 1, ':');

    if (path == NULL)
        return false;
    *path++ = '\0';
    *ret_line = (struct cgroup_line){.controllers = names + 1, .path = path};
    return ret_line->controllers[0] != '\0' || text_starts_with(line, V2_LINE);
}

static bool parse_own(struct arena *arena, char *text, struct cgroup_hierarchy *hierarchy)
{
    struct cgroup_line line;

    if (!cgroup_line_parse(text, &line))
        return false;
    hierarchy->own = line.path;
    hierarchy->v2 = line.controllers[0] == '\0';
    if (!hierarchy->v2)
        split_controllers(arena, line.controllers, hierarchy);
    return true;
}

static bool mount_shows(const struct mountinfo *mount, const struct cgroup_hierarchy *hierarchy)
{
    if (!text_equal(mount->type, hierarchy->v2 ? "cgroup2" : "cgroup"))
        return false;
    for (size_t i = 0; i < hierarchy->n_controllers; i++)
        if (!text_list_has(mount->options, hierarchy->controllers[i]))
            return false;
    return true;
}

/* Returns the path of the cgroup `own` below a mount of the hierarchy's subtree `root`; NULL if
 * it is not there. */
static const char *own_below(const char *own, const char *root)
{
    size_t length = strlen(root);

    if (text_equal(root, "/"))
        return text_starts_with(own, "/..") ? NULL : own;
    if (strncmp(own, root, length) != 0)
        return NULL;
    if (own[length] == '\0')
        return "/";
    return own[length] == '/' ? own + length : NULL;
}

static int place_mount(struct arena *arena, const char *root, const struct mountinfo *mount,
                       const struct cgroup_host *host, struct cgroup_hierarchy *hierarchies)
{
    for (size_t i = 0; i < host->n_hierarchies; i++) {
        struct cgroup_hierarchy *hierarchy = &hierarchies[i];

        if (hierarchy->mount_point != NULL || !mount_shows(mount, hierarchy))
            continue;
        const char *path = arena_printf(arena, "%s%s", root, mount->mount_point);
        int visible = mountinfo_is_visible(mount, path);
        if (visible < 0)
            return visible;
        if (visible == 0)
            continue;
        hierarchy->mount_point = path;
        hierarchy->name = strrchr(path, '/') + 1;
        hierarchy->own = own_below(hierarchy->own, mount->root);
        return 0;
    }
    return 0;
}

/* Keeps the hierarchies that are mounted, and sets the layout. */
static void settle(struct arena *arena, const char *root, struct cgroup_host *host,
                   struct cgroup_hierarchy *hierarchies)
{
    const char *top = arena_printf(arena, "%s/sys/fs/cgroup", root);
    size_t kept = 0;
    size_t v2 = 0;

    for (size_t i = 0; i < host->n_hierarchies; i++) {
        if (hierarchies[i].mount_point == NULL)
            continue;
        v2 += hierarchies[i].v2;
        hierarchies[kept] = hierarchies[i];
        if (hierarchies[i].v2 && text_equal(hierarchies[i].mount_point, top))
            hierarchies[kept].name = "";
        kept++;
    }
    host->n_hierarchies = kept;
    if (kept == 0)
        host->layout = CGROUP_NONE;
    else if (v2 == 0)
        host->layout = CGROUP_V1;
    else
        host->layout = kept > v2 ? CGROUP_HYBRID : CGROUP_V2;
}

static void link_controllers(struct arena *arena, struct cgroup_host *host)
{
    size_t most = 0;
    size_t count = 0;

    for (size_t i = 0; i < host->n_hierarchies; i++)
        most += host->hierarchies[i].n_controllers;
    struct cgroup_link *links = ARENA_ARRAY(arena, most + 1, struct cgroup_link);

    for (size_t i = 0; i < host->n_hierarchies; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];

        for (size_t j = 0; hierarchy->n_controllers > 1 && j < hierarchy->n_controllers; j++)
            if (!text_equal(hierarchy->controllers[j], hierarchy->name))
                links[count++] = (struct cgroup_link){hierarchy->controllers[j], hierarchy->name};
    }
    host->links = links;
    host->n_links = count;
}

static int read_lines(struct arena *arena, const char *root, const char *path, char **ret_text,
                      struct error *error)
{
    const char *full = arena_printf(arena, "%s%s", root, path);

    TRY_ERRNO(file_read(arena, AT_FDCWD, full, ret_text, NULL), error, "read %s", full);
    return 0;
}

/* The usual mount point: below /sys/fs/cgroup, named after the controllers. */
static const char *usual_place(struct arena *arena, const char *root,
                               const struct cgroup_hierarchy *hierarchy, bool alone)
{
    struct text path = {.arena = arena};

    text_addf(&path, "%s/sys/fs/cgroup", root);
    if (hierarchy->v2 && !alone)
        text_add(&path, "/unified");
    for (size_t i = 0; i < hierarchy->n_controllers; i++) {
        const char *name = hierarchy->controllers[i];

        text_addf(&path, "%c%s", i == 0 ? '/' : ',',
                  text_starts_with(name, "name=") ? name + strlen("name=") : name);
    }
    return path.bytes;
}

/* Is `path` a cgroup file system, mounted at the hierarchy's root? Only the root of a v1 hierarchy
 * has the file release_agent. */
static bool is_whole(struct arena *arena, const char *path, bool v2)
{
    struct stat info;

    if (!v2)
        return cgroup_file_system_type(arena_printf(arena, "%s/release_agent", path)) ==
               CGROUP_SUPER_MAGIC;
    return cgroup_file_system_type(path) == CGROUP2_SUPER_MAGIC && stat(path, &info) == 0 &&
           info.st_ino == ROOT_INODE;
}

/* The fast path, however many other mounts there are. Returns whether all hierarchies are at
 * their usual places; the kernel also lists hierarchies that are mounted only elsewhere. */
static bool find_usual(struct arena *arena, const char *root, const struct cgroup_host *host,
                       struct cgroup_hierarchy *hierarchies)
{
    bool all = true;

    for (size_t i = 0; i < host->n_hierarchies; i++) {
        const char *path = usual_place(arena, root, &hierarchies[i], host->n_hierarchies == 1);

        if (!is_whole(arena, path, hierarchies[i].v2) ||
            own_below(hierarchies[i].own, "/") == NULL) {
            all = false;
            continue;
        }
        hierarchies[i].mount_point = path;
        hierarchies[i].name = strrchr(path, '/') + 1;
    }
    return all;
}

/* Finds the other hierarchies. While mounts come and go, mountinfo may omit some that stay:
 * hierarchies found already are not looked for there. */
static int find_mounted(struct arena *arena, const char *root, const struct cgroup_host *host,
                        struct cgroup_hierarchy *hierarchies, struct error *error)
{
    char *mounts;

    TRY(read_lines(arena, root, "/proc/self/mountinfo", &mounts, error));
    for (char *line; (line = strsep(&mounts, "\n")) != NULL;) {
        struct mountinfo mount;

        if (!mountinfo_parse(line, &mount))
            continue;
        TRY_ERRNO(place_mount(arena, root, &mount, host, hierarchies), error,
                  "look at %s%s, a mount of cgroups", root, mount.mount_point);
    }
    return 0;
}

int cgroup_probe(struct arena *arena, const char *root, struct cgroup_host *ret_host,
                 struct error *error)
{
    char *own;

    TRY(read_lines(arena, root, "/proc/self/cgroup", &own, error));
    struct cgroup_host host = {0};
    struct cgroup_hierarchy *hierarchies =
        ARENA_ARRAY(arena, count_bytes(own, '\n') + 1, struct cgroup_hierarchy);
    for (char *line; (line = strsep(&own, "\n")) != NULL;)
        host.n_hierarchies += parse_own(arena, line, &hierarchies[host.n_hierarchies]);
    if (!find_usual(arena, root, &host, hierarchies))
        TRY(find_mounted(arena, root, &host, hierarchies, error));
    settle(arena, root, &host, hierarchies);
    host.hierarchies = hierarchies;
    link_controllers(arena, &host);
    *ret_host = host;
    return 0;
}

int cgroup_read_v2_options(struct arena *arena, const char *root, const char **ret_options,
                           struct error *error)
{
    char *mounts;

    *ret_options = "";
    TRY(read_lines(arena, root, "/proc/self/mountinfo", &mounts, error));
    for (char *line; (line = strsep(&mounts, "\n")) != NULL;) {
        struct mountinfo mount;

        if (!mountinfo_parse(line, &mount) || !text_equal(mount.type, "cgroup2"))
            continue;
        const char *comma = strchr(mount.options, ',');
        if (comma != NULL)
            *ret_options = comma + 1;
        return 0;
    }
    return 0;
}

char *cgroup_own_path(struct arena *arena, const struct cgroup_hierarchy *hierarchy)
{
    if (hierarchy->own == NULL)
        return NULL;
    return arena_printf(arena, "%s%s", hierarchy->mount_point,
                        text_equal(hierarchy->own, "/") ? "" : hierarchy->own);
}

const struct cgroup_hierarchy *cgroup_find_hierarchy(const struct cgroup_host *host,
                                                     const char *controller)
{
    const struct cgroup_hierarchy *v2 = NULL;

    for (size_t i = 0; i < host->n_hierarchies; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];

        if (hierarchy->v2)
            v2 = hierarchy;
        for (size_t j = 0; j < hierarchy->n_controllers; j++)
            if (text_equal(hierarchy->controllers[j], controller))
                return hierarchy;
    }
    return v2;
}
