/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"

#define PLACE "linux.cgroupsPath"
#define FORM "\"slice:prefix:name\""
#define PREFIX "berth"
#define SLICE ".slice"
#define ROOT_SLICE "-.slice"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@"
#define NAME_MAX_BYTES 255

enum { PART_SLICE, PART_PREFIX, PART_NAME, PARTS };

static bool ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text);

    return length >= strlen(suffix) && text_equal(text + length - strlen(suffix), suffix);
}

const char *cgroup_expand_slice(struct arena *arena, const char *slice)
{
    struct text path = {.arena = arena};
    size_t length = strlen(slice);

    if (text_equal(slice, ROOT_SLICE))
        return "";
    if (!ends_with(slice, SLICE) || length > NAME_MAX_BYTES || strpbrk(slice, "/@") != NULL)
        return NULL;
    length -= strlen(SLICE);
    /* Every "-" ends the name of a parent slice. */
    for (size_t part = 0, end; part <= length; part = end + 1) {
        end = part + strcspn(slice + part, "-");
        if (end > length)
            end = length;
        if (end == part)
            return NULL;
        text_addf(&path, "/%.*s" SLICE, (int) end, slice);
    }
    return path.bytes;
}

/* Splits the text at its one or two colons. With one colon the prefix is NULL. Returns false for
 * any other number of colons. */
static bool split(struct arena *arena, const char *text, const char *ret_parts[PARTS])
{
    char *rest = arena_string(arena, text);
    const char *parts[PARTS] = {NULL};
    size_t count = 0;

    for (char *part; (part = strsep(&rest, ":")) != NULL; count++) {
        if (count == PARTS)
            return false;
        parts[count] = part;
    }
    if (count < PARTS - 1)
        return false;
    ret_parts[PART_SLICE] = parts[0];
    ret_parts[PART_PREFIX] = count == PARTS ? parts[1] : NULL;
    ret_parts[PART_NAME] = parts[count - 1];
    return true;
}

static int check_name(const char *name, struct error *error)
{
    size_t length = strlen(name);
    const char *instance = strchr(name, '@');
    const char *bad = name + strspn(name, NAME_CHARACTERS);

    if (*bad != '\0')
        return error_at(error, PLACE, EINVAL,
                        "systemd allows no \"%c\" in the name of a unit, got \"%s\"", *bad, name);
    if (length > NAME_MAX_BYTES)
        return error_at(error, PLACE, EINVAL,
                        "systemd takes at most %d bytes for the name of a unit, got %zu",
                        NAME_MAX_BYTES, length);
    /* "a@.scope" is a template, not a unit. */
    if (instance != NULL && (instance == name || instance + 1 == strrchr(name, '.')))
        return error_at(error, PLACE, EINVAL, "\"%s\" is not the name of a unit", name);
    return 0;
}

static int parse_slice(struct arena *arena, const char *part, bool user, struct cgroup_unit *unit,
                       struct error *error)
{
    unit->slice = part;
    if (part[0] == '\0')
        unit->slice = user ? "user.slice" : "system.slice";
    if (text_equal(part, "-"))
        unit->slice = ROOT_SLICE;
    unit->path = cgroup_expand_slice(arena, unit->slice);
    if (unit->path == NULL)
        return error_at(error, PLACE, EINVAL,
                        "the slice in " FORM " must be like \"a-b.slice\", got \"%s\"", part);
    return check_name(unit->slice, error);
}

static int parse_name(struct arena *arena, const char *prefix, const char *name,
                      struct cgroup_unit *unit, struct error *error)
{
    if (name[0] == '\0')
        return error_at(error, PLACE, EINVAL, "the name in " FORM " must not be empty");
    unit->is_slice = ends_with(name, SLICE);
    if (unit->is_slice)
        unit->name = name;
    else if (prefix == NULL)
        unit->name = arena_printf(arena, "%s.scope", name);
    else /* "-NAME.scope" with an empty prefix, where callers of runc and crun look for it */
        unit->name = arena_printf(arena, "%s-%s.scope", prefix, name);
    TRY(check_name(unit->name, error));
    if (!unit->is_slice) {
        unit->path = arena_printf(arena, "%s/%s", unit->path, unit->name);
        return 0;
    }
    unit->path = cgroup_expand_slice(arena, name);
    if (unit->path == NULL || unit->path[0] == '\0')
        return error_at(error, PLACE, EINVAL,
                        "a slice for a name in " FORM " must be like \"a-b.slice\", got \"%s\"",
                        name);
    return 0;
}

int cgroup_find_unit(struct arena *arena, const struct cgroup_unit_request *request,
                     struct cgroup_unit *ret_unit, struct error *error)
{
    const char *path = request->cgroups_path;
    const char *parts[PARTS] = {"", PREFIX, request->id};
    struct cgroup_unit unit = {0};

    if (path != NULL && path[0] != '\0' && !split(arena, path, parts))
        return error_at(error, PLACE, EINVAL,
                        "must be of the form " FORM " with --systemd-cgroup, got \"%s\"", path);
    TRY(parse_slice(arena, parts[PART_SLICE], request->user, &unit, error));
    TRY(parse_name(arena, parts[PART_PREFIX], parts[PART_NAME], &unit, error));
    *ret_unit = unit;
    return 0;
}
