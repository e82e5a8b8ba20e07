/* SPDX-License-Identifier: Apache-2.0 */
#include "subid.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "berth/sys/idmap.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct range {
    uint64_t first;
    uint64_t count;
};

struct ranges {
    struct range *item;
    size_t count;
    size_t room;
};

static void add_range(struct arena *arena, struct ranges *ranges, struct range range)
{
    ranges->item =
        arena_grow(arena, ranges->item, ranges->count, &ranges->room, sizeof(*ranges->item));
    ranges->item[ranges->count++] = range;
}

static const char *file_of(bool groups)
{
    return groups ? "/etc/subgid" : "/etc/subuid";
}

static const char *name_of_user(struct arena *arena)
{
    /* A statically linked program cannot use nsswitch(5). */
    AUTO_ARENA own = {0};
    char *lines;

    if (file_read(&own, AT_FDCWD, "/etc/passwd", &lines, NULL) == 0) {
        for (char *line; (line = strsep(&lines, "\n")) != NULL;) {
            const char *name = strsep(&line, ":");

            strsep(&line, ":");
            const char *uid = strsep(&line, ":");
            uint64_t number;
            if (uid != NULL && text_to_u64(uid, &number) == 0 && number == getuid())
                return arena_string(arena, name);
        }
    }
    return arena_printf(arena, "%u", getuid());
}

/* Reads lines "NAME:FIRST:COUNT" or "UID:FIRST:COUNT" of the calling user. */
static struct ranges read_subids(struct arena *arena, bool groups)
{
    const char *user = name_of_user(arena);
    const char *uid = arena_printf(arena, "%u", getuid());
    struct ranges ranges = {0};
    char *lines;

    if (file_read(arena, AT_FDCWD, file_of(groups), &lines, NULL) < 0)
        return ranges;
    for (char *line; (line = strsep(&lines, "\n")) != NULL;) {
        const char *name = strsep(&line, ":");
        const char *first = line == NULL ? NULL : strsep(&line, ":");
        struct range range;

        if (line == NULL || text_to_u64(first, &range.first) < 0 ||
            text_to_u64(line, &range.count) < 0)
            continue;
        if (text_equal(name, user) || text_equal(name, uid))
            add_range(arena, &ranges, range);
    }
    return ranges;
}

/* Reads the IDs mapped in the caller's own user namespace. */
static struct ranges read_own_map(struct arena *arena, bool groups)
{
    struct ranges ranges = {0};
    struct sys_id_range range;
    char *lines;

    if (file_read(arena, AT_FDCWD, groups ? "/proc/self/gid_map" : "/proc/self/uid_map", &lines,
                  NULL) < 0)
        return ranges;
    for (const char *line; (line = strsep(&lines, "\n")) != NULL;)
        if (sys_idmap_parse(line, &range))
            add_range(arena, &ranges, (struct range){range.inside, range.count});
    return ranges;
}

/* A mapping must fit in one range, as for the kernel and newuidmap(1). */
static bool is_within(const struct ranges *ranges, const struct spec_id_mapping *mapping)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const struct range *range = &ranges->item[i];

        if (mapping->host_id >= range->first &&
            (uint64_t) mapping->host_id + mapping->size <= range->first + range->count)
            return true;
    }
    return false;
}

uint64_t subid_list(bool groups, struct text *text)
{
    struct ranges ranges = read_subids(text->arena, groups);
    uint64_t sum = 0;

    for (size_t i = 0; i < ranges.count; i++) {
        text_addf(text, "%s%" PRIu64 "-%" PRIu64, i > 0 ? ", " : "", ranges.item[i].first,
                  ranges.item[i].first + ranges.item[i].count - 1);
        sum += ranges.item[i].count;
    }
    return sum;
}

bool subid_first(bool groups, uint32_t *ret_first, uint32_t *ret_count)
{
    AUTO_ARENA arena = {0};
    struct ranges ranges = read_subids(&arena, groups);

    if (ranges.count == 0 || ranges.item[0].count == 0 ||
        ranges.item[0].first + ranges.item[0].count > UINT32_MAX)
        return false;
    *ret_first = (uint32_t) ranges.item[0].first;
    *ret_count = (uint32_t) ranges.item[0].count;
    return true;
}

static const char *find_in_path(struct arena *arena, const char *name)
{
    const char *path = getenv("PATH");

    for (path = path != NULL ? path : DEFAULT_PATH; *path != '\0';) {
        size_t length = strcspn(path, ":");
        const char *file = text_path_join(arena, arena_copy(arena, path, length), name);

        if (access(file, X_OK) == 0)
            return file;
        path += length + (path[length] == ':');
    }
    return NULL;
}

bool subid_has_helper(struct arena *arena, bool groups, const char **ret_why)
{
    const char *name = groups ? "newgidmap" : "newuidmap";
    const char *path = find_in_path(arena, name);
    struct stat info;

    *ret_why = NULL;
    if (path == NULL)
        *ret_why = arena_printf(arena,
                                "%s is not in PATH: install uidmap (Debian) or shadow-utils "
                                "(Fedora), or map your own id alone",
                                name);
    else if (stat(path, &info) == 0 && !(info.st_mode & S_ISUID) &&
             getxattr(path, "security.capability", NULL, 0) < 0)
        *ret_why = arena_printf(arena,
                                "%s has neither the set-uid bit nor a file capability: chmod "
                                "u+s %s, as root",
                                path, path);
    return *ret_why == NULL;
}

struct map {
    const char *place;
    const struct spec_id_mapping *mappings;
    size_t count;
    bool groups;
    uint32_t own;
};

static int refuse(struct arena *arena, const struct map *map, size_t i, bool by_helper,
                  struct error *error)
{
    const struct spec_id_mapping *mapping = &map->mappings[i];
    uint32_t last = mapping->host_id + mapping->size - 1;

    error_errno_at(error, JSON_PATH("%s[%zu]", map->place, i), EPERM, "map the host's %s %u to %u",
                   map->groups ? "gids" : "uids", mapping->host_id, last);
    if (!by_helper)
        return error_hint(error,
                          "the caller's own user namespace has no such ids: see /proc/self/%s",
                          map->groups ? "gid_map" : "uid_map");
    return error_hint(error,
                      "%s does not give them to user %s: usermod --add-sub%cids %u-%u %s, as root",
                      file_of(map->groups), name_of_user(arena), map->groups ? 'g' : 'u',
                      mapping->host_id, last, name_of_user(arena));
}

static int check_map(struct arena *arena, const struct map *map, bool privileged,
                     struct error *error)
{
    struct ranges allowed =
        privileged ? read_own_map(arena, map->groups) : read_subids(arena, map->groups);
    bool is_own_alone =
        map->count == 1 && map->mappings[0].size == 1 && map->mappings[0].host_id == map->own;
    const char *why;

    if (map->count == 0 || (!privileged && is_own_alone))
        return 0;
    if (!privileged && !subid_has_helper(arena, map->groups, &why)) {
        error_at(error, map->place, ENOENT, "map ids by %s",
                 map->groups ? "newgidmap" : "newuidmap");
        return error_hint(error, "%s", why);
    }
    if (!privileged)
        add_range(arena, &allowed, (struct range){map->own, 1});
    for (size_t i = 0; i < map->count; i++)
        if (!is_within(&allowed, &map->mappings[i]))
            TRY(error_collect(error, refuse(arena, map, i, !privileged, error)));
    return 0;
}

int subid_check(struct arena *arena, const struct spec_linux *config, bool privileged,
                struct error *error)
{
    const struct map users = {"linux.uidMappings", config->uid_mappings, config->n_uid_mappings,
                              false, geteuid()};
    const struct map groups = {"linux.gidMappings", config->gid_mappings, config->n_gid_mappings,
                               true, getegid()};

    TRY(error_collect(error, check_map(arena, &users, privileged, error)));
    return error_collect(error, check_map(arena, &groups, privileged, error));
}
