/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/mountinfo.h"
#include "berth/cgroup/place.h"
#include "berth/plan/build.h"
#include "berth/spec/check.h"
#include "berth/spec/mount-options.h"
#include "berth/sys/path.h"
#include "container.h"
#include "explain/rootfs-view.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static bool is_link(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

static bool source_is_link(const struct criu_container *container, const struct spec_mount *mount)
{
    return is_link(text_path_join(container->arena, container->bundle, mount->source));
}

/* Returns whether berth has copied a symbolic link to the root file system instead of mounting
 * it. */
static bool is_no_mount(const struct criu_container *container, const struct spec_mount *mount)
{
    const struct spec_mount_options *options = mount->parsed;

    return options->binds && options->copies_link && source_is_link(container, mount);
}

/* Returns NULL and sets errno if the source does not exist. */
static const char *real_source(const struct criu_container *container,
                               const struct spec_mount *mount)
{
    char *path = realpath(text_path_join(container->arena, container->bundle, mount->source), NULL);
    const char *copy = path == NULL ? NULL : arena_string(container->arena, path);

    free(path);
    return copy;
}

/* Follows the symbolic links of the root file system to a destination of the config. */
static const char *resolve(const struct criu_container *container, const char *destination)
{
    struct rootfs_view tree = {.arena = container->arena, .root = container->rootfs};
    const char *path = text_path_clean(container->arena, destination);
    struct rootfs_view_place place;

    return rootfs_view_find(&tree, path, &place) == 0 ? place.path : path;
}

static const char *const own_devices[] = {"/dev/null",   "/dev/zero",    "/dev/full",
                                          "/dev/random", "/dev/urandom", "/dev/tty"};

/* Returns the prefix of paths below the directory. */
static const char *prefix_of(const char *directory)
{
    return text_equal(directory, "/") ? "" : directory;
}

/* --- checkpoint ------------------------------------------------------------------------------- */

struct mounts {
    struct mountinfo *item;
    size_t count;
};

static int read_mounts(struct arena *arena, const char *path, struct mounts *ret_mounts,
                       struct error *error)
{
    char *bytes;
    size_t lines = 0;

    TRY_ERRNO(file_read(arena, AT_FDCWD, path, &bytes, NULL), error, "read %s", path);
    for (const char *at = bytes; *at != '\0'; at++)
        lines += *at == '\n';
    *ret_mounts = (struct mounts){ARENA_ARRAY(arena, lines + 1, struct mountinfo), 0};
    for (char *line = strtok(bytes, "\n"); line != NULL; line = strtok(NULL, "\n"))
        ret_mounts->count += mountinfo_parse(line, &ret_mounts->item[ret_mounts->count]);
    return 0;
}

static bool is_mount_point(const struct mounts *mounts, const char *path)
{
    for (size_t i = 0; i < mounts->count; i++)
        if (text_equal(mounts->item[i].mount_point, path))
            return true;
    return false;
}

/* Returns the mount of the config that `path` is on, the last of the deepest ones, or NULL. */
static const struct spec_mount *find_config_mount(const struct criu_container *container,
                                                  const char *path)
{
    const struct spec_mount *found = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < container->config->n_mounts; i++) {
        const struct spec_mount *mount = &container->config->mounts[i];
        const char *place = resolve(container, mount->destination);

        if (!text_path_is_within(path, place) || strlen(place) < longest ||
            is_no_mount(container, mount))
            continue;
        found = mount;
        longest = strlen(place);
    }
    return found;
}

/* Returns whether the mount is a part of a file system that the container has as a whole: a path
 * that was made read-only, or a terminal on /dev/console. */
static bool is_part_of_own(const struct mounts *mounts, const struct mountinfo *mount)
{
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mountinfo *other = &mounts->item[i];
        bool is_whole = text_equal(other->root, "/") || text_equal(other->mount_point, "/");

        if (other != mount && is_whole && other->major == mount->major &&
            other->minor == mount->minor &&
            (text_equal(other->root, "/") || text_path_is_within(mount->root, other->root)))
            return true;
    }
    return false;
}

static bool is_cgroup_of_config(const struct criu_container *container,
                                const struct mountinfo *mount)
{
    const struct spec_mount *of_config = find_config_mount(container, mount->mount_point);

    return of_config != NULL && spec_is_cgroup_type(of_config->type);
}

/* Returns whether the mount comes from a bind mount of the config. rbind also binds what the host
 * has mounted below the source. Any other mount below is the container's own. */
static bool is_bound_by_config(const struct criu_container *container, const struct mounts *of_host,
                               const struct mountinfo *mount)
{
    const struct spec_mount *of_config = find_config_mount(container, mount->mount_point);

    if (of_config == NULL || !of_config->parsed->binds)
        return false;
    const char *place = resolve(container, of_config->destination);
    const char *source = real_source(container, of_config);
    return text_equal(mount->mount_point, place) ||
           (source != NULL && of_config->parsed->binds_recursively &&
            is_mount_point(of_host, arena_printf(container->arena, "%s%s", prefix_of(source),
                                                 mount->mount_point + strlen(place))));
}

/* Returns whether the container itself has bound the mount from what the config binds: criu does
 * that again. */
static bool is_part_of_bound(const struct criu_container *container, const struct mounts *mounts,
                             const struct mounts *of_host, const struct mountinfo *mount)
{
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mountinfo *other = &mounts->item[i];

        if (other != mount && other->major == mount->major && other->minor == mount->minor &&
            text_path_is_within(mount->root, other->root) &&
            is_bound_by_config(container, of_host, other))
            return true;
    }
    return false;
}

/* Returns whether put_devices or the directory for notifications provides the source. */
static bool has_known_source(const struct criu_container *container, const char *path)
{
    const struct spec_linux *config = container->config->linux;
    bool is_known = text_equal(path, PLAN_NOTIFY_DIR);

    for (size_t i = 0; i < COUNT(own_devices); i++)
        is_known |= text_equal(path, own_devices[i]);
    for (size_t i = 0; config != NULL && i < config->n_devices; i++)
        is_known |= text_equal(path, resolve(container, config->devices[i].path));
    for (size_t i = 0; config != NULL && i < config->n_masked_paths; i++)
        is_known |= text_equal(path, resolve(container, config->masked_paths[i]));
    return is_known;
}

enum origin { OF_CONTAINER, OF_CONFIG, UNKNOWN };

static enum origin origin_of(const struct criu_container *container, const struct mounts *mounts,
                             const struct mounts *of_host, const struct mountinfo *mount)
{
    if (text_equal(mount->mount_point, "/"))
        return OF_CONTAINER;
    if (is_bound_by_config(container, of_host, mount))
        return OF_CONFIG;
    if (spec_is_cgroup_type(mount->type))
        return is_cgroup_of_config(container, mount) ? OF_CONFIG : OF_CONTAINER;
    if (text_equal(mount->root, "/") || is_part_of_own(mounts, mount) ||
        is_part_of_bound(container, mounts, of_host, mount))
        return OF_CONTAINER;
    return has_known_source(container, mount->mount_point) ? OF_CONFIG : UNKNOWN;
}

static int check_links(const struct criu_container *container, size_t index, struct error *error)
{
    const struct spec_mount *mount = &container->config->mounts[index];
    const struct spec_mount_options *options = mount->parsed;
    const char *place = text_path_clean(container->arena, mount->destination);

    if (!options->binds || is_no_mount(container, mount))
        return 0;
    if (options->binds_link && source_is_link(container, mount))
        return error_at(error, JSON_PATH("mounts[%zu].options", index), ENOTSUP,
                        "src-nofollow: criu cannot restore a mount of a symbolic link");
    if (options->covers_link &&
        is_link(arena_printf(container->arena, "%s/%s", container->rootfs, place)))
        return error_at(error, JSON_PATH("mounts[%zu].options", index), ENOTSUP,
                        "dest-nofollow: criu cannot restore a mount on a symbolic link");
    return 0;
}

int criu_check_links(const struct criu_container *container, struct error *error)
{
    for (size_t i = 0; i < container->config->n_mounts; i++)
        TRY(check_links(container, i, error));
    return 0;
}

int criu_check_added_mounts(const struct criu_container *container,
                            const struct spec_record *record, struct error *error)
{
    const char *path = arena_printf(container->arena, "/proc/%d/mountinfo", container->pid);
    struct mounts mounts;

    if (record->n_added_mounts == 0)
        return 0;
    TRY(read_mounts(container->arena, path, &mounts, error));
    for (size_t i = 0; i < record->n_added_mounts; i++)
        if (is_mount_point(&mounts, resolve(container, record->added_mounts[i]))) {
            error_set(
                error, ENOTSUP,
                "cannot checkpoint container \"%s\": %s was mounted by `mounts add`, and restore "
                "would not know what is there",
                record->id, record->added_mounts[i]);
            return error_hint(error, "see `mounts remove`");
        }
    return 0;
}

int criu_put_mounts(const struct criu_container *container, struct text *options,
                    struct error *error)
{
    const char *path = arena_printf(container->arena, "/proc/%d/mountinfo", container->pid);
    struct mounts mounts, of_host;

    if (!spec_makes_namespace(container->config, SPEC_NAMESPACE_TYPE_MOUNT))
        return 0;
    TRY(read_mounts(container->arena, path, &mounts, error));
    TRY(read_mounts(container->arena, "/proc/self/mountinfo", &of_host, error));
    for (size_t i = 0; i < mounts.count; i++) {
        const char *point = mounts.item[i].mount_point;
        enum origin origin = origin_of(container, &mounts, &of_host, &mounts.item[i]);

        if (origin == UNKNOWN && criu_config_file(container->config) == NULL)
            return error_set(
                error, ENOTSUP,
                "cannot checkpoint: there are files of the host's on %s that are not of "
                "config.json, and restore would not know what is there",
                point);
        if (origin != OF_CONTAINER)
            criu_put_pair(options, CRIU_EXT_MNT, point, point);
    }
    return 0;
}

/* --- restore ---------------------------------------------------------------------------------- */

static int put_bind(const struct criu_container *container, const struct spec_mount *mount,
                    struct text *options, struct error *error)
{
    const char *source = real_source(container, mount);
    const char *place = resolve(container, mount->destination);
    struct mounts mounts;

    if (source == NULL)
        return error_errno_at(error, "mounts", errno, "the source %s of %s", mount->source,
                              mount->destination);
    criu_put_pair(options, CRIU_EXT_MNT, place, source);
    if (!mount->parsed->binds_recursively)
        return 0;
    TRY(read_mounts(container->arena, "/proc/self/mountinfo", &mounts, error));
    source = prefix_of(source);
    for (size_t i = 0; i < mounts.count; i++) {
        const char *point = mounts.item[i].mount_point;

        if (text_path_is_within(point, source) && point[strlen(source)] == '/' &&
            !text_equal(point, "/"))
            criu_put_pair(options, CRIU_EXT_MNT,
                          arena_printf(container->arena, "%s%s", place, point + strlen(source)),
                          point);
    }
    return 0;
}

static void put_cgroups(const struct criu_container *container, const struct spec_mount *mount,
                        const struct criu_sources *sources, struct text *options)
{
    const char *place = resolve(container, mount->destination);
    const struct cgroup *cgroup = sources->cgroup;
    bool has_namespace = spec_find_namespace(container->config, SPEC_NAMESPACE_TYPE_CGROUP) != NULL;

    if (cgroup->n_places == 0)
        criu_put_pair(options, CRIU_EXT_MNT, place, CGROUP_ROOT);
    for (size_t i = 0; i < cgroup->n_places; i++) {
        const struct cgroup_hierarchy *hierarchy = cgroup->places[i].hierarchy;

        if (hierarchy->name[0] == '\0')
            criu_put_pair(options, CRIU_EXT_MNT, place,
                          has_namespace ? cgroup->places[i].path : CGROUP_ROOT);
        else
            criu_put_pair(options, CRIU_EXT_MNT,
                          text_path_join(container->arena, place, hierarchy->name),
                          cgroup->places[i].path);
    }
}

/* Device nodes are bind mounts where they cannot be created, and masked files have /dev/null over
 * them. */
static void put_devices(const struct criu_container *container, struct text *options)
{
    const struct spec_linux *config = container->config->linux;

    for (size_t i = 0; i < COUNT(own_devices); i++)
        criu_put_pair(options, CRIU_EXT_MNT, own_devices[i], own_devices[i]);
    for (size_t i = 0; config != NULL && i < config->n_devices; i++)
        criu_put_pair(options, CRIU_EXT_MNT, resolve(container, config->devices[i].path),
                      config->devices[i].path);
    for (size_t i = 0; config != NULL && i < config->n_masked_paths; i++)
        criu_put_pair(options, CRIU_EXT_MNT, resolve(container, config->masked_paths[i]),
                      "/dev/null");
}

int criu_put_sources(const struct criu_container *container, const struct criu_sources *sources,
                     struct text *options, struct error *error)
{
    const struct spec_config *config = container->config;

    if (!spec_makes_namespace(config, SPEC_NAMESPACE_TYPE_MOUNT))
        return 0;
    for (size_t i = 0; i < config->n_mounts; i++) {
        const struct spec_mount *mount = &config->mounts[i];

        if (is_no_mount(container, mount))
            continue;
        if (mount->parsed->binds)
            TRY(put_bind(container, mount, options, error));
        else if (spec_is_cgroup_type(mount->type))
            put_cgroups(container, mount, sources, options);
    }
    put_devices(container, options);
    criu_put_pair(options, CRIU_EXT_MNT, PLAN_NOTIFY_DIR, sources->notify_dir);
    return 0;
}

/* --- mount points ----------------------------------------------------------------------------- */

/* Returns the earlier mount of the config that the mount point is on, or NULL if it is on the root
 * file system. */
static const struct spec_mount *find_mount_below(const struct criu_container *container,
                                                 size_t index)
{
    const struct spec_config *config = container->config;
    const char *place = resolve(container, config->mounts[index].destination);
    const struct spec_mount *found = NULL;
    size_t longest = 0;

    for (size_t i = 0; i < index; i++) {
        const char *above = resolve(container, config->mounts[i].destination);

        if (strlen(above) < longest || !text_path_is_within(place, above) ||
            text_equal(place, above) || is_no_mount(container, &config->mounts[i]))
            continue;
        found = &config->mounts[i];
        longest = strlen(above);
    }
    return found;
}

/* On a bind mount, creates the mount point in the source. Any other file system is the container's
 * own: criu restores it with its mount points. */
static int make_below(const struct criu_container *container, int root, size_t index, bool is_file)
{
    const struct spec_mount *mount = &container->config->mounts[index];
    const struct spec_mount *on = find_mount_below(container, index);
    const char *place = resolve(container, mount->destination);

    if (on == NULL)
        return sys_make_below(root, place, is_file);
    if (!on->parsed->binds)
        return 0;
    const char *source = text_path_join(container->arena, container->bundle, on->source);
    AUTO_FD directory = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -errno;
    return sys_make_below(directory, place + strlen(prefix_of(resolve(container, on->destination))),
                          is_file);
}

static int make_mount_point(const struct criu_container *container, int root, size_t index,
                            struct error *error)
{
    const struct spec_mount *mount = &container->config->mounts[index];
    bool is_file = false;
    struct stat info;

    if (is_no_mount(container, mount))
        return 0;
    if (mount->parsed->binds) {
        const char *source = text_path_join(container->arena, container->bundle, mount->source);

        if (stat(source, &info) < 0)
            return error_errno_at(error, JSON_PATH("mounts[%zu].source", index), errno, "%s",
                                  source);
        is_file = !S_ISDIR(info.st_mode);
    }
    TRY_ERRNO_AT(make_below(container, root, index, is_file), error,
                 JSON_PATH("mounts[%zu].destination", index), "make the mount point %s",
                 mount->destination);
    return 0;
}

int criu_make_mount_points(const struct criu_container *container, struct error *error)
{
    AUTO_FD root = open(container->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (root < 0)
        return error_errno(error, errno, "open %s", container->rootfs);
    if (!spec_makes_namespace(container->config, SPEC_NAMESPACE_TYPE_MOUNT))
        return 0;
    for (size_t i = 0; i < container->config->n_mounts; i++)
        TRY(make_mount_point(container, root, i, error));
    return 0;
}
