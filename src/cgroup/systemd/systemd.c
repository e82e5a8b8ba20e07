/* SPDX-License-Identifier: Apache-2.0 */
#include "systemd.h"

#include <errno.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/place.h"
#include "properties.h"
#include "unit.h"

static const char *const yes[] = {"true"};
static const char *const no[] = {"false"};

/* Delegate leaves the cgroups below to the container; accounting enables all controllers. */
static const struct bus_property always[] = {
    {"DefaultDependencies", "b", no, 1}, {"Delegate", "b", yes, 1},
    {"CPUAccounting", "b", yes, 1},      {"IOAccounting", "b", yes, 1},
    {"MemoryAccounting", "b", yes, 1},   {"TasksAccounting", "b", yes, 1},
};

/* systemd names a property that it does not accept, but not one whose value has the wrong type. */
static int blame_annotation(const struct cgroup_systemd *systemd, struct error *error)
{
    const char *said = error_finding(error).cause;
    bool is_of_type =
        systemd->n_properties == 1 && strstr(said, "Unexpected message contents") != NULL;

    for (size_t i = 0; i < systemd->n_properties; i++)
        if (is_of_type || strstr(said, systemd->properties[i].name) != NULL)
            return error_set_path(error, JSON_PATH("annotations[\"org.systemd.property.%s\"]",
                                                   systemd->properties[i].name));
    return -error->number;
}

int cgroup_start_unit(const struct cgroup_systemd *systemd, pid_t pid, struct error *error)
{
    struct arena *arena = systemd->bus->arena;
    struct cgroup_properties properties = {.arena = arena};
    const char *description = arena_printf(arena, "berth container %s", systemd->unit);

    cgroup_add_property(&properties, (struct bus_property){"Description", "s", &description, 1});
    cgroup_add_property(&properties, (struct bus_property){"Slice", "s", &systemd->slice, 1});
    for (size_t i = 0; i < COUNT(always); i++)
        cgroup_add_property(&properties, always[i]);
    for (size_t i = 0; i < systemd->n_properties; i++)
        cgroup_add_property(&properties, systemd->properties[i]);
    const struct bus_unit asked = {
        .name = systemd->unit,
        .pids = &pid,
        .n_pids = 1,
        .properties = properties.item,
        .n_properties = properties.count,
    };
    return bus_start_unit(systemd->bus, &asked, error) < 0 ? blame_annotation(systemd, error) : 0;
}

static int check_unit(const struct cgroup_unit *unit, struct error *error)
{
    if (!unit->is_slice)
        return 0;
    return error_at(error, "linux.cgroupsPath", EINVAL,
                    "\"%s\" is a slice, which holds no processes: a container needs a scope, named "
                    "like \"system.slice:berth:c1\"",
                    unit->name);
}

int cgroup_plan_systemd(struct bus *bus, const struct cgroup_systemd_request *request,
                        const struct cgroup_systemd **ret_systemd, struct error *error)
{
    struct cgroup_systemd *systemd = ARENA_NEW(bus->arena, struct cgroup_systemd);
    struct cgroup_properties properties = {.arena = bus->arena};
    struct cgroup_unit unit;
    struct bus_manager manager;
    const struct cgroup_unit_request unit_request = {
        .cgroups_path = request->cgroups_path,
        .id = request->id,
        .user = bus->options.user,
    };

    TRY(cgroup_find_unit(bus->arena, &unit_request, &unit, error));
    TRY(check_unit(&unit, error));
    bool has_subgroup = request->subgroup != NULL && request->subgroup[0] != '\0';
    TRY(cgroup_add_annotations(&properties, request->annotations, request->n_annotations, error));
    TRY(bus_read_manager(bus, &manager, error));
    *systemd = (struct cgroup_systemd){
        .bus = bus,
        .unit = unit.name,
        .slice = unit.slice,
        .path = text_path_clean(bus->arena,
                                arena_printf(bus->arena, "%s%s/%s", manager.cgroup, unit.path,
                                             has_subgroup ? request->subgroup : "")),
        .has_subgroup = has_subgroup,
        .version = manager.version,
        .properties = properties.item,
        .n_properties = properties.count,
    };
    *ret_systemd = systemd;
    return 0;
}
