/* SPDX-License-Identifier: Apache-2.0 */
#include "compile.h"

#include <errno.h>
#include <fcntl.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/config.h"
#include "check.h"
#include "hierarchy/nearest.h"
#include "systemd-settings.h"
#include "systemd/properties.h"

static const struct cgroup_place *find_v2(const struct cgroup *cgroup)
{
    for (size_t i = 0; i < cgroup->n_places; i++)
        if (cgroup->places[i].hierarchy->v2)
            return &cgroup->places[i];
    return NULL;
}

/* linux.resources.unified: files of the v2 cgroup by name; the part before the dot is the
 * controller. */
static int compile_unified(struct cgroup_compiler *compiler)
{
    const struct spec_resources *resources = compiler->resources;
    const struct cgroup_place *v2 = find_v2(compiler->cgroup);

    if (resources->n_unified > 0 && v2 == NULL)
        return error_at(compiler->error, "linux.resources.unified", ENODEV,
                        "the container has no cgroup of version 2");
    for (size_t i = 0; i < resources->n_unified; i++) {
        const char *file = resources->unified[i].key;
        const char *field = arena_printf(compiler->arena, "unified[%s]", file);
        const char *controller = cgroup_controller_of(compiler->arena, file);

        TRY(error_collect(compiler->error, cgroup_check_v2(compiler, v2, field, controller)));
        cgroup_add_write(compiler,
                         (struct cgroup_write){.field = field,
                                               .place = v2,
                                               .file = file,
                                               .text = resources->unified[i].value,
                                               .property = cgroup_property_of_file(file)});
    }
    return 0;
}

/* Without a memory limit there is no limit of memory and swap either, as callers that set -1
 * expect. */
static void lift_swap(struct arena *arena, struct spec_resources *resources)
{
    struct spec_memory *memory = ARENA_NEW(arena, struct spec_memory);

    if (resources->memory == NULL || resources->memory->limit != -1 || resources->memory->swap != 0)
        return;
    *memory = *resources->memory;
    memory->swap = -1;
    memory->has_swap = true;
    resources->memory = memory;
}

static int compile(struct cgroup_compiler *compiler)
{
    TRY(cgroup_compile_settings(compiler));
    TRY(error_collect(compiler->error, compile_unified(compiler)));
    if (compiler->cgroup->systemd != NULL)
        cgroup_suit_systemd(&compiler->writes);
    cgroup_order(compiler);
    return cgroup_compile_devices(compiler);
}

/* On v2 the BPF program enforces rules that an allow list cannot express, besides systemd's; on
 * v1 systemd would overwrite them. */
static int add_devices(struct cgroup_properties *properties, const struct cgroup_compiler *compiler)
{
    const struct cgroup_device_rule *beyond;
    char *devices;

    if (compiler->n_rules == 0)
        return 0;
    TRY_ERRNO(file_read(compiler->arena, AT_FDCWD, "/proc/devices", &devices, NULL),
              compiler->error, "read /proc/devices");
    beyond = cgroup_add_device_properties(properties, compiler->rules, compiler->n_rules, devices);
    if (beyond == NULL || compiler->program_place != NULL)
        return 0;
    return error_at(compiler->error, JSON_PATH("linux.resources.%s", beyond->field), ENOTSUP,
                    "systemd, which allows devices one by one, cannot say this rule on cgroup v1");
}

/* systemd writes the properties to the files in its own units: write the files again. */
static int set_properties(struct cgroup_compiler *compiler)
{
    const struct cgroup_systemd *systemd = compiler->cgroup->systemd;
    struct cgroup_properties properties = {.arena = compiler->arena};
    struct cgroup_writes former;

    cgroup_add_settings(&properties, &compiler->writes, systemd->version);
    TRY(add_devices(&properties, compiler));
    if (properties.count == 0)
        return 0;
    TRY(bus_set_properties(systemd->bus, systemd->unit, properties.item, properties.count,
                           compiler->error));
    return cgroup_write(compiler->arena, &compiler->writes, &former, compiler->error);
}

/* After an allow of all, devices.list does not show what is denied nevertheless: compile and
 * write the former rules again. */
static void restore_devices(const struct cgroup_compiler *failed)
{
    const struct spec_resources *former = failed->cgroup->former;
    struct error ignored = {0};
    struct cgroup_writes unused;

    if (failed->n_rules == 0 || failed->program_place != NULL || former == NULL)
        return;
    const struct spec_resources devices = {.devices = former->devices,
                                           .n_devices = former->n_devices};
    struct cgroup_compiler compiler = {
        .arena = failed->arena, .cgroup = failed->cgroup, .resources = &devices, .error = &ignored};
    if (cgroup_compile_devices(&compiler) < 0 ||
        cgroup_write(compiler.arena, &compiler.writes, &unused, &ignored) < 0)
        log_ignored(&ignored);
}

struct cgroup_former {
    struct cgroup_writes writes;
    const struct cgroup_place *program_place; /* v2 cgroup that had no program before; or NULL */
};

void cgroup_undo_set(const struct cgroup_former *former)
{
    if (former == NULL)
        return;
    cgroup_write_back(&former->writes);
    if (former->program_place != NULL)
        cgroup_detach_program(former->program_place);
}

int cgroup_set_with_undo(struct arena *arena, const struct cgroup *cgroup,
                         const struct spec_resources *resources,
                         const struct cgroup_former **ret_former, struct error *error)
{
    struct spec_resources completed = *resources;
    struct cgroup_former *former = ARENA_NEW(arena, struct cgroup_former);
    struct cgroup_compiler compiler = {
        .arena = arena, .cgroup = cgroup, .resources = &completed, .error = error};

    lift_swap(arena, &completed);
    TRY(compile(&compiler));
    int result = cgroup_write(arena, &compiler.writes, &former->writes, error);
    if (result < 0) {
        restore_devices(&compiler);
        return result;
    }
    if (cgroup->systemd != NULL)
        result = set_properties(&compiler);
    if (result == 0 && compiler.program_place != NULL)
        result = cgroup_attach_program(compiler.program_place, &compiler.program, error);
    if (result < 0) {
        cgroup_write_back(&former->writes);
        restore_devices(&compiler);
        return result;
    }
    if (compiler.program_place != NULL && compiler.program_place->exists && result == 0)
        former->program_place = compiler.program_place;
    *ret_former = former;
    return 0;
}

int cgroup_set(struct arena *arena, const struct cgroup *cgroup,
               const struct spec_resources *resources, struct error *error)
{
    const struct cgroup_former *former;

    return cgroup_set_with_undo(arena, cgroup, resources, &former, error);
}

int cgroup_check(struct arena *arena, const struct cgroup *cgroup,
                 const struct spec_resources *resources, struct error *error)
{
    struct spec_resources completed = *resources;
    struct cgroup_properties properties = {.arena = arena};
    struct cgroup_compiler compiler = {.arena = arena,
                                       .cgroup = cgroup,
                                       .resources = &completed,
                                       .is_preflight = true,
                                       .error = error};

    lift_swap(arena, &completed);
    TRY(error_collect(error, compile(&compiler)));
    TRY(cgroup_check_writes(&compiler));
    return cgroup->systemd != NULL ? add_devices(&properties, &compiler) : 0;
}
