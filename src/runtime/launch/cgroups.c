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
#include "transaction.h"

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

void transaction_describe_cgroups(struct transaction *transaction)
{
    const struct cgroup *cgroup = &transaction->cgroup;
    bool is_placed = cgroup->systemd != NULL || can_clone_into_cgroup();
    struct plan_hierarchy *hierarchies =
        ARENA_ARRAY(transaction->arena, cgroup->n_places + 1, struct plan_hierarchy);
    struct plan_link *links =
        ARENA_ARRAY(transaction->arena, transaction->cgroup_host.n_links + 1, struct plan_link);

    for (size_t i = 0; i < cgroup->n_places; i++)
        hierarchies[i] = (struct plan_hierarchy){
            .name = cgroup->places[i].hierarchy->name,
            .path = cgroup->places[i].path,
            .options = mount_options(transaction->arena, cgroup->places[i].hierarchy),
            .join = cgroup->places[i].join,
            .delegated = cgroup->places[i].delegated,
            .v2 = cgroup->places[i].hierarchy->v2,
            .is_joined = cgroup->places[i].hierarchy->v2 && is_placed,
        };
    for (size_t i = 0; i < transaction->cgroup_host.n_links; i++)
        links[i] = (struct plan_link){transaction->cgroup_host.links[i].name,
                                      transaction->cgroup_host.links[i].target};
    transaction->host.hierarchies = transaction->host.shown = hierarchies;
    transaction->host.n_hierarchies = transaction->host.n_shown = cgroup->n_places;
    transaction->host.cgroup_links = links;
    transaction->host.n_cgroup_links = transaction->cgroup_host.n_links;
}

/* A container without its own cgroup sees the caller's, and nothing else in the hierarchies. */
static void show_callers_cgroups(struct transaction *transaction)
{
    const struct cgroup_host *host = &transaction->cgroup_host;
    struct plan_hierarchy *shown =
        ARENA_ARRAY(transaction->arena, host->n_hierarchies + 1, struct plan_hierarchy);
    size_t count = 0;

    for (size_t i = 0; i < host->n_hierarchies; i++) {
        const struct cgroup_hierarchy *hierarchy = &host->hierarchies[i];

        if (hierarchy->own != NULL)
            shown[count++] = (struct plan_hierarchy){
                .name = hierarchy->name,
                .path = cgroup_own_path(transaction->arena, hierarchy),
                .options = mount_options(transaction->arena, hierarchy),
                .v2 = hierarchy->v2,
            };
    }
    transaction->host.shown = shown;
    transaction->host.n_shown = count;
}

const struct spec_resources *transaction_resources(const struct transaction *transaction)
{
    static const struct spec_resources nothing;
    const struct spec_linux *config = transaction->config->linux;

    return config != NULL && config->resources != NULL ? config->resources : &nothing;
}

static bool goes_without(const struct transaction *transaction)
{
    if (transaction->options->rootless != RUNTIME_ROOTLESS_AUTO)
        return transaction->options->rootless == RUNTIME_ROOTLESS_TRUE;
    return !transaction->host.privileged || transaction->host.in_user_namespace;
}

/* Without a cgroup the plan has no step for limits, so report here what cannot be applied. */
static int go_without_cgroups(struct transaction *transaction)
{
    TRY(cgroup_check(transaction->arena, &transaction->cgroup, transaction_resources(transaction),
                     transaction->error));
    show_callers_cgroups(transaction);
    if (transaction->cgroup_host.n_hierarchies > 0)
        log_debug("the container shares the caller's cgroups: no right to make one for it");
    else if (!goes_without(transaction))
        log_warning_at("linux.resources.devices",
                       "no cgroup hierarchy is mounted: the container can use every device");
    return 0;
}

/* The user has disabled cgroups, so limits that cannot be applied are only a warning. */
static int disable_cgroups(struct transaction *transaction)
{
    struct error error = {0};

    if (spec_delegates_cgroup(transaction->config))
        return error_at(transaction->error, "annotations[\"" SPEC_DELEGATE_CGROUP "\"]", ENOTSUP,
                        "cgroups are disabled");
    transaction->cgroup.host = &transaction->cgroup_host;
    if (cgroup_check(transaction->arena, &transaction->cgroup, transaction_resources(transaction),
                     &error) < 0) {
        error_prefix(&error, "cgroups are disabled");
        log_ignored(&error);
    }
    TRY(cgroup_probe(transaction->arena, "", &transaction->cgroup_host, transaction->error));
    show_callers_cgroups(transaction);
    return 0;
}

/* Root of a user namespace uses the service manager of the user whose XDG_RUNTIME_DIR it got, if
 * any. */
static bool has_users_manager(const struct transaction *transaction)
{
    return geteuid() != 0 ||
           (transaction->host.in_user_namespace && text_environment("XDG_RUNTIME_DIR") != NULL);
}

static int plan_systemd(struct transaction *transaction, const struct cgroup_systemd **ret_systemd)
{
    const struct spec_config *config = transaction->config;
    const struct bus_options options = {.user = has_users_manager(transaction)};
    struct cgroup_systemd_request request = {
        .cgroups_path = config->linux != NULL ? config->linux->cgroups_path : NULL,
        .id = transaction->request->id,
        .subgroup = spec_annotation(config, SPEC_SYSTEMD_SUBGROUP),
        .annotations = config->annotations,
        .n_annotations = config->n_annotations,
    };

    TRY(bus_open(transaction->arena, &options, &transaction->bus, transaction->error));
    return cgroup_plan_systemd(&transaction->bus, &request, ret_systemd, transaction->error);
}

/* Returns 1 if the pod gets no cgroup, 0 if it gets that of linux.cgroupsPath, or an error. */
static int place_pod(struct transaction *transaction)
{
    const struct spec_linux *config = transaction->config->linux;

    if (config == NULL || config->cgroups_path == NULL || config->cgroups_path[0] == '\0')
        return 1;
    if (transaction->options->cgroup_manager != RUNTIME_CGROUP_SYSTEMD)
        return 0;
    error_at(transaction->error, "linux.cgroupsPath", ENOTSUP,
             "systemd removes a scope without a process, and a pod (annotation " SPEC_POD
             ") has none");
    return error_hint(transaction->error,
                      "leave it out, and set the limits of the pod on the slice of its containers");
}

int transaction_place(struct transaction *transaction)
{
    const struct spec_linux *config = transaction->config->linux;
    const bool is_pod = spec_is_pod(transaction->config);
    const struct cgroup_systemd *systemd;
    struct cgroup_request request = {
        .cgroups_path = config != NULL ? config->cgroups_path : NULL,
        .id = transaction->request->id,
        .delegated = spec_annotation(transaction->config, SPEC_DELEGATE_CGROUP),
        .rootless = goes_without(transaction),
        /* the containers in a pod's cgroup have rules of their own */
        .confines_devices = !goes_without(transaction) && !is_pod,
    };
    const int placed = is_pod ? place_pod(transaction) : 0;

    if (placed != 0)
        return placed < 0 ? placed : 0;
    if (transaction->image_dir != NULL && spec_delegates_cgroup(transaction->config))
        return error_at(transaction->error, "annotations[\"" SPEC_DELEGATE_CGROUP "\"]", ENOTSUP,
                        "restore cannot make a delegated cgroup");
    if (plan_needs_v2_options(transaction->config))
        TRY(cgroup_read_v2_options(transaction->arena, "", &transaction->host.v2_options,
                                   transaction->error));
    if (transaction->options->cgroup_manager == RUNTIME_CGROUP_DISABLED)
        return disable_cgroups(transaction);
    TRY(cgroup_probe(transaction->arena, "", &transaction->cgroup_host, transaction->error));
    if (transaction->options->cgroup_manager == RUNTIME_CGROUP_SYSTEMD) {
        TRY(plan_systemd(transaction, &systemd));
        request.systemd = systemd;
    }
    TRY(cgroup_plan(transaction->arena, &transaction->cgroup_host, &request, &transaction->cgroup,
                    transaction->error));
    transaction->host.cgroups_need_process = request.systemd != NULL;
    transaction->host.confines_devices = transaction->cgroup.confines_devices;
    transaction_describe_cgroups(transaction);
    return transaction->cgroup.n_places == 0 ? go_without_cgroups(transaction) : 0;
}
