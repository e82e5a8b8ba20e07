/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where a container's cgroups will be, and tells the plan and the container about them. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/probe.h"
#include "berth/cgroup/setting.h"
#include "berth/plan/build.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/sys/probe.h"
#include "creation.h"

/* CLONE_INTO_CGROUP came with Linux 5.7. Only a newer system call shows that without creating a
 * process: faccessat2, of 5.8. */
static bool can_clone_into_cgroup(void)
{
    return sys_has_call(SYS_clone3) && sys_has_call(SYS_faccessat2);
}

static const char *mount_options(struct arena *arena, const struct cgroup_hierarchy *hierarchy)
{
    struct text options = {.arena = arena};

    for (size_t i = 0; i < hierarchy->n_controllers; i++)
        text_addf(&options, "%s%s", i == 0 ? "" : ",", hierarchy->controllers[i]);
    return options.size > 0 ? options.bytes : "";
}

void creation_describe_cgroups(struct creation *creation)
{
    const struct cgroup *cgroup = &creation->cgroup;
    bool is_placed = cgroup->systemd != NULL || can_clone_into_cgroup();
    struct plan_hierarchy *hierarchies =
        ARENA_ARRAY(creation->arena, cgroup->n_places + 1, struct plan_hierarchy);
    struct plan_link *links =
        ARENA_ARRAY(creation->arena, creation->cgroup_host.n_links + 1, struct plan_link);

    for (size_t i = 0; i < cgroup->n_places; i++)
        hierarchies[i] = (struct plan_hierarchy){
            .name = cgroup->places[i].hierarchy->name,
            .path = cgroup->places[i].path,
            .options = mount_options(creation->arena, cgroup->places[i].hierarchy),
            .join = cgroup->places[i].join,
            .delegated = cgroup->places[i].delegated,
            .v2 = cgroup->places[i].hierarchy->v2,
            .is_joined = cgroup->places[i].hierarchy->v2 && is_placed,
        };
    for (size_t i = 0; i < creation->cgroup_host.n_links; i++)
        links[i] = (struct plan_link){creation->cgroup_host.links[i].name,
                                      creation->cgroup_host.links[i].target};
    creation->host.hierarchies = creation->host.shown = hierarchies;
    creation->host.n_hierarchies = creation->host.n_shown = cgroup->n_places;
    creation->host.cgroup_links = links;
    creation->host.n_cgroup_links = creation->cgroup_host.n_links;
}

/* A container without its own cgroup sees the caller's, and nothing else in the hierarchies. */
static void show_callers_cgroups(struct creation *creation)
{
    const struct cgroup_host *host = &creation->cgroup_host;
    struct plan_hierarchy *shown =
        ARENA_ARRAY(creation->arena, host->n_hierarchies + 1, struct plan_hierarchy);
    size_t count = 0;

    for (size_t i = 0; i < host->n_hierarchies; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];

        if (hierarchy->own != NULL)
            shown[count++] = (struct plan_hierarchy){
                .name = hierarchy->name,
                .path = cgroup_own_path(creation->arena, hierarchy),
                .options = mount_options(creation->arena, hierarchy),
                .v2 = hierarchy->v2,
            };
    }
    creation->host.shown = shown;
    creation->host.n_shown = count;
}

const struct spec_resources *creation_resources(const struct creation *creation)
{
    static const struct spec_resources nothing;
    const struct spec_linux *config = creation->config->linux;

    return config != NULL && config->resources != NULL ? config->resources : &nothing;
}

static bool goes_without(const struct creation *creation)
{
    if (creation->options->rootless != RUNTIME_ROOTLESS_AUTO)
        return creation->options->rootless == RUNTIME_ROOTLESS_TRUE;
    return !creation->host.privileged || creation->host.in_user_namespace;
}

/* Without a cgroup the plan has no step for limits, so report here what cannot be applied. */
static int go_without_cgroups(struct creation *creation)
{
    TRY(cgroup_check(creation->arena, &creation->cgroup, creation_resources(creation),
                     creation->error));
    show_callers_cgroups(creation);
    if (creation->cgroup_host.n_hierarchies > 0)
        log_debug("the container shares the caller's cgroups: no right to make one for it");
    else if (!goes_without(creation))
        log_warning_at("linux.resources.devices",
                       "no cgroup hierarchy is mounted: the container can use every device");
    return 0;
}

/* The user has disabled cgroups, so limits that cannot be applied are only a warning. */
static int disable_cgroups(struct creation *creation)
{
    struct error error = {0};

    if (spec_delegates_cgroup(creation->config))
        return error_at(creation->error, "annotations[\"" SPEC_DELEGATE_CGROUP "\"]", ENOTSUP,
                        "cgroups are disabled");
    creation->cgroup.host = &creation->cgroup_host;
    if (cgroup_check(creation->arena, &creation->cgroup, creation_resources(creation), &error) <
        0) {
        error_prefix(&error, "cgroups are disabled");
        log_ignored(&error);
    }
    TRY(cgroup_probe(creation->arena, "", &creation->cgroup_host, creation->error));
    show_callers_cgroups(creation);
    return 0;
}

/* Root of a user namespace uses the service manager of the user whose XDG_RUNTIME_DIR it got, if
 * any. */
static bool has_users_manager(const struct creation *creation)
{
    return geteuid() != 0 ||
           (creation->host.in_user_namespace && text_environment("XDG_RUNTIME_DIR") != NULL);
}

static int plan_systemd(struct creation *creation, const struct cgroup_systemd **ret_systemd)
{
    const struct spec_config *config = creation->config;
    const struct bus_options options = {.user = has_users_manager(creation)};
    struct cgroup_systemd_request request = {
        .cgroups_path = config->linux != NULL ? config->linux->cgroups_path : NULL,
        .id = creation->request->id,
        .subgroup = spec_annotation(config, SPEC_SYSTEMD_SUBGROUP),
        .annotations = config->annotations,
        .n_annotations = config->n_annotations,
    };

    TRY(bus_open(creation->arena, &options, &creation->bus, creation->error));
    return cgroup_plan_systemd(&creation->bus, &request, ret_systemd, creation->error);
}

int creation_place(struct creation *creation)
{
    const struct spec_linux *config = creation->config->linux;
    const struct cgroup_systemd *systemd;
    struct cgroup_request request = {
        .cgroups_path = config != NULL ? config->cgroups_path : NULL,
        .id = creation->request->id,
        .delegated = spec_annotation(creation->config, SPEC_DELEGATE_CGROUP),
        .rootless = goes_without(creation),
        .confines_devices = !goes_without(creation),
    };

    if (creation->image_dir != NULL && spec_delegates_cgroup(creation->config))
        return error_at(creation->error, "annotations[\"" SPEC_DELEGATE_CGROUP "\"]", ENOTSUP,
                        "restore cannot make a delegated cgroup");
    if (plan_needs_v2_options(creation->config))
        TRY(cgroup_read_v2_options(creation->arena, "", &creation->host.v2_options,
                                   creation->error));
    if (creation->options->cgroup_manager == RUNTIME_CGROUP_DISABLED)
        return disable_cgroups(creation);
    TRY(cgroup_probe(creation->arena, "", &creation->cgroup_host, creation->error));
    if (creation->options->cgroup_manager == RUNTIME_CGROUP_SYSTEMD) {
        TRY(plan_systemd(creation, &systemd));
        request.systemd = systemd;
    }
    TRY(cgroup_plan(creation->arena, &creation->cgroup_host, &request, &creation->cgroup,
                    creation->error));
    creation->host.cgroups_need_process = request.systemd != NULL;
    creation->host.confines_devices = creation->cgroup.confines_devices;
    creation_describe_cgroups(creation);
    return creation->cgroup.n_places == 0 ? go_without_cgroups(creation) : 0;
}
