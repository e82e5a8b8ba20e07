/* SPDX-License-Identifier: Apache-2.0 */
/* Idmapped mounts (mounts[]: uidMappings, gidMappings, idmap, ridmap): their user namespaces and
 * the mapping. */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "builder.h"

#define ID_MAPS (sizeof(((struct plan_builder *) NULL)->id_maps) / sizeof(struct plan_id_map))

/* --- the mappings of one mount ---------------------------------------------------------------- */

static void add_line(struct plan_id_map *map, const char *kind,
                     const struct spec_id_mapping *mapping)
{
    text_list_add(&map->lines,
                  arena_printf(map->lines.arena, "%s %u %u %u", kind, mapping->container_id,
                               mapping->host_id, mapping->size));
}

static void add_lines(struct plan_id_map *map, const char *kind,
                      const struct spec_id_mapping *mappings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_line(map, kind, &mappings[i]);
}

/* Returns the text up to `end`, and advances *next past it. */
static const char *cut(struct arena *arena, const char **next, char end)
{
    size_t length = strcspn(*next, (char[]){end, '\0'});
    const char *part = arena_copy(arena, *next, length);

    *next += length + ((*next)[length] != '\0');
    return part;
}

/* Translates an ID in the container's user namespace to the host's: one mapping must contain the
 * whole range. */
static bool to_host(const struct plan_builder *builder, bool groups,
                    struct spec_id_mapping *mapping)
{
    const struct spec_linux *own = builder->linux;
    size_t count = groups ? own->n_gid_mappings : own->n_uid_mappings;

    for (size_t i = 0; i < count; i++) {
        const struct spec_id_mapping *range =
            groups ? &own->gid_mappings[i] : &own->uid_mappings[i];
        uint64_t skipped = (uint64_t) mapping->host_id - range->container_id;

        if (mapping->host_id < range->container_id || skipped + mapping->size > range->size)
            continue;
        mapping->host_id = range->host_id + (uint32_t) skipped;
        return true;
    }
    return false;
}

/* "FROM-TO-COUNT" */
static bool read_range(struct arena *arena, const char *text, struct spec_id_mapping *ret_mapping)
{
    uint64_t number[3];

    for (int i = 0; i < 3; i++)
        if (text_to_u64(cut(arena, &text, i < 2 ? '-' : '\0'), &number[i]) < 0 ||
            number[i] > UINT32_MAX)
            return false;
    *ret_mapping = (struct spec_id_mapping){
        .container_id = (uint32_t) number[0],
        .host_id = (uint32_t) number[1],
        .size = (uint32_t) number[2],
    };
    return true;
}

/* "FROM-TO-COUNT#FROM-TO-COUNT..."; after an "@", TO is an ID in the container. */
static bool read_ranges(const struct plan_builder *builder, bool groups, const char *text,
                        struct plan_id_map *map)
{
    bool is_inside = text[0] == '@';

    for (text += is_inside; *text != '\0';) {
        struct spec_id_mapping mapping;

        if (!read_range(builder->arena, cut(builder->arena, &text, '#'), &mapping) ||
            (is_inside && !to_host(builder, groups, &mapping)))
            return false;
        add_line(map, groups ? "gid" : "uid", &mapping);
    }
    return true;
}

/* "uids=RANGES;gids=RANGES" */
static bool read_word(const struct plan_builder *builder, const char *word, struct plan_id_map *map)
{
    bool found[2] = {false, false};

    while (*word != '\0') {
        const char *part = cut(builder->arena, &word, ';');
        bool groups = text_starts_with(part, "gids=");

        if ((!groups && !text_starts_with(part, "uids=")) || found[groups] || part[5] == '\0' ||
            !read_ranges(builder, groups, part + 5, map))
            return false;
        found[groups] = true;
    }
    return found[0] && found[1];
}

static int find_mappings(const struct plan_builder *builder, const struct spec_mount *mount,
                         const struct spec_mount_options *words, const char *place,
                         struct plan_id_map *map)
{
    const struct spec_namespace *user =
        spec_find_namespace(builder->config, SPEC_NAMESPACE_TYPE_USER);

    if (words->id_map != NULL && mount->n_uid_mappings > 0)
        return error_at(builder->error, JSON_PATH("%s.options", place), EINVAL,
                        "idmap has mappings, and so has uidMappings");
    if (words->id_map != NULL)
        return read_word(builder, words->id_map, map)
                   ? 0
                   : error_at(
                         builder->error, JSON_PATH("%s.options", place), EINVAL,
                         "idmap=%s: must read uids=FROM-TO-COUNT#...;gids=FROM-TO-COUNT#..., and "
                         "after an @ be mapped by linux.uidMappings and linux.gidMappings",
                         words->id_map);
    if (mount->n_uid_mappings > 0 || user == NULL) {
        add_lines(map, "uid", mount->uid_mappings, mount->n_uid_mappings);
        add_lines(map, "gid", mount->gid_mappings, mount->n_gid_mappings);
    } else if (builder->joined_namespaces & CLONE_NEWUSER) {
        map->owner = map->path = user->path;
    } else {
        map->owner = "linux.uidMappings";
        add_lines(map, "uid", builder->linux->uid_mappings, builder->linux->n_uid_mappings);
        add_lines(map, "gid", builder->linux->gid_mappings, builder->linux->n_gid_mappings);
    }
    return 0;
}

/* --- the user namespaces ---------------------------------------------------------------------- */

static bool is_same(const struct plan_id_map *a, const struct plan_id_map *b)
{
    bool same = a->lines.count == b->lines.count &&
                text_equal(a->path != NULL ? a->path : "", b->path != NULL ? b->path : "");

    for (size_t i = 0; same && i < a->lines.count; i++)
        same = text_equal(a->lines.item[i], b->lines.item[i]);
    return same;
}

/* Returns the slot of the user namespace with these mappings; creates it unless an earlier
 * mount's still has them. */
static enum plan_slot open_id_map(struct plan_builder *builder, const struct plan_id_map *map,
                                  const char *place)
{
    for (size_t i = 0; i < ID_MAPS && i < builder->next_id_map; i++)
        if (is_same(&builder->id_maps[i], map))
            return PLAN_SLOT_ID_MAP_0 + i;
    size_t i = builder->next_id_map++ % ID_MAPS;
    builder->id_maps[i] = *map;
    PLAN_ADD(builder, MAKE_ID_MAP, .by = PLAN_HOST, .makes = PLAN_SLOT_ID_MAP_0 + i, .place = place,
             .owner = map->owner, .like = map->path, .mappings = plan_strings_of(&map->lines));
    return PLAN_SLOT_ID_MAP_0 + i;
}

bool plan_maps_ids(const struct spec_mount *mount, const struct spec_mount_options *words)
{
    return words->maps_ids || mount->n_uid_mappings > 0 || mount->n_gid_mappings > 0;
}

enum plan_actor plan_mapper(const struct plan_builder *builder)
{
    return plan_has_user_namespace(builder) ? PLAN_HOST : PLAN_INIT;
}

int plan_map_mount(struct plan_builder *builder, const struct spec_mount *mount,
                   const struct spec_mount_options *words, enum plan_slot slot, const char *place)
{
    enum plan_actor by = plan_mapper(builder);
    struct plan_id_map map = {.lines.arena = builder->arena, .owner = "the mount"};

    if (!plan_maps_ids(mount, words))
        return 0;
    TRY(plan_need_mount_calls(builder, place, "an idmapped mount"));
    if (!builder->host->privileged) {
        error_errno_at(builder->error, place, EPERM, "map its ids");
        return error_hint(builder->error, "a mount is mapped by root of the user namespace that "
                                          "its file system belongs to");
    }
    TRY(find_mappings(builder, mount, words, place, &map));
    enum plan_slot id_map = open_id_map(builder, &map, place);
    /* HOST hands over the mount that it maps: INIT's next step on the slot waits for that. */
    PLAN_ADD(builder, MAP_MOUNT, .by = by, .makes = by == PLAN_HOST ? slot : PLAN_SLOT_UNUSED,
             .place = place, .mount = slot, .id_map = id_map,
             .source = words->binds ? mount->source : mount->type,
             .recursive = words->maps_recursively);
    return 0;
}
