/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/probe.h"
#include "berth/cgroup/setting.h"
#include "berth/plan/build.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/spec/load.h"
#include "berth/sys/launch.h"
#include "berth/sys/probe.h"
#include "caller-ids.h"
#include "creation.h"
#include "mounts.h"
#include "state/look.h"

/* The directory `path` without symbolic links; `what` names it in errors. */
static int resolve_dir(struct creation *creation, const char *what, const char *path,
                       const char **ret_path)
{
    char resolved[PATH_MAX];
    struct stat info;

    if (realpath(path, resolved) == NULL || stat(resolved, &info) < 0)
        return error_errno(creation->error, errno, "%s %s", what, path);
    if (!S_ISDIR(info.st_mode))
        return error_errno(creation->error, ENOTDIR, "%s %s", what, path);
    *ret_path = arena_string(creation->arena, resolved);
    return 0;
}

static int read_bundle(struct creation *creation)
{
    const struct runtime_create *request = creation->request;
    const char *name = request->config_file != NULL ? request->config_file : "config.json";
    char *bytes;

    TRY(resolve_dir(creation, "bundle", request->bundle != NULL ? request->bundle : ".",
                    &creation->bundle));
    const char *path = text_path_join(creation->arena, creation->bundle, name);
    int result = request->config_file != NULL
                     ? file_read_named(creation->arena, path, &bytes, &creation->config_size)
                     : file_read(creation->arena, AT_FDCWD, path, &bytes, &creation->config_size);
    if (result < 0)
        return error_set(creation->error, -result, "read %s: %s", path, file_read_error(-result));
    creation->config_bytes = bytes;
    TRY(error_collect(creation->error,
                      spec_load_config(creation->arena, bytes, creation->config_size,
                                       &creation->config, creation->error)));
    if (creation->config == NULL)
        return -EINVAL;
    return error_collect(
        creation->error,
        resolve_dir(creation, "root.path: the root file system",
                    text_path_join(creation->arena, creation->bundle, creation->config->root->path),
                    &creation->rootfs));
}

int creation_check_terminal(struct creation *creation)
{
    const struct runtime_create *request = creation->request;
    bool detaches = !creation->run || request->detach;
    bool terminal = creation->config->process != NULL && creation->config->process->terminal;

    if (creation->run && creation->config->process == NULL)
        return error_set(creation->error, EINVAL, "process: there is none to run");
    if (detaches && terminal && request->console_socket == NULL)
        return error_set(creation->error, EINVAL,
                         "process.terminal: cannot allocate tty if berth will detach without "
                         "setting console socket (--console-socket)");
    if ((!detaches || !terminal) && request->console_socket != NULL)
        return error_set(creation->error, EINVAL,
                         "--console-socket: cannot use console socket if berth will not detach or "
                         "allocate tty (%s)",
                         terminal ? "run without --detach" : "process.terminal is not true");
    return 0;
}

/* LISTEN_FDS is meant for the process that LISTEN_PID names, and without LISTEN_PID for nobody, as
 * sd_listen_fds(3) has it. */
static unsigned count_listen_fds(void)
{
    const char *count = getenv("LISTEN_FDS");
    const char *pid = getenv("LISTEN_PID");
    uint64_t number;

    if (pid == NULL || text_to_u64(pid, &number) < 0 || number != (uint64_t) getpid())
        return 0;
    if (count == NULL || text_to_u64(count, &number) < 0 || number > INT_MAX / 2)
        return 0;
    return (unsigned) number;
}

static void count_descriptors(struct creation *creation)
{
    creation->listen_fds = count_listen_fds();
    unsigned preserved = creation->request->preserve_fds;
    unsigned most = preserved > INT_MAX / 2 ? INT_MAX / 2 : preserved;
    creation->kept_fds = sys_count_inherited(creation->listen_fds + most);
}

static int probe_caller(struct creation *creation)
{
    struct plan_host *host = &creation->host;
    struct sys_caller caller;
    int result = sys_probe_caller(&caller);

    if (result < 0)
        return error_errno(creation->error, -result,
                           "look at the caller's capabilities and user namespace");
    host->refused_call = sys_probe_mount_calls();
    host->refusal = host->refused_call != NULL ? sys_refusal() : NULL;
    host->privileged = geteuid() == 0 && (caller.permitted >> CAP_SYS_ADMIN & 1) != 0;
    host->in_user_namespace = caller.in_user_namespace;
    host->has_foreign_network = caller.in_user_namespace && !sys_owns_network();
    host->can_make_devices =
        host->privileged && !caller.in_user_namespace && (caller.permitted >> CAP_MKNOD & 1) != 0;
    host->bounding_capabilities = caller.bounding;
    host->permitted_capabilities = caller.permitted;
    host->personality = caller.personality;
    host->securebits = caller.securebits;
    host->ignored_signals = caller.ignored_signals;
    return 0;
}

/* Only for who asks for labels: most do not. */
static void probe_labels(struct creation *creation)
{
    const struct spec_process *process = creation->config->process;
    const struct spec_linux *config = creation->config->linux;

    if (process != NULL && process->apparmor_profile != NULL)
        creation->host.apparmor_file = sys_apparmor_file();
    if ((process != NULL && process->selinux_label != NULL) ||
        (config != NULL && config->mount_label != NULL))
        creation->host.has_selinux = sys_has_selinux();
}

static const char *read_copied_link(const struct creation *creation, const struct spec_mount *mount)
{
    char target[PATH_MAX];

    for (size_t i = 0; i < mount->n_options; i++) {
        if (!text_equal(mount->options[i], "copy-symlink") || mount->source == NULL)
            continue;
        ssize_t size = readlink(text_path_join(creation->arena, creation->bundle, mount->source),
                                target, sizeof(target));
        return size > 0 && size < (ssize_t) sizeof(target)
                   ? arena_copy(creation->arena, target, (size_t) size)
                   : NULL;
    }
    return NULL;
}

static void probe_copied_links(struct creation *creation)
{
    const struct spec_config *config = creation->config;
    const char **links = ARENA_ARRAY(creation->arena, config->n_mounts + 1, const char *);

    for (size_t i = 0; i < config->n_mounts; i++)
        links[i] = read_copied_link(creation, &config->mounts[i]);
    creation->host.copied_links = links;
}

static void probe_nodes(struct creation *creation)
{
    const struct spec_linux *config = creation->config->linux;
    size_t count = config != NULL ? config->n_devices : 0;
    struct plan_node *nodes = ARENA_ARRAY(creation->arena, count + 1, struct plan_node);

    for (size_t i = 0; i < count; i++) {
        struct stat info;

        /* A trailing slash would ask for a directory. */
        if (stat(text_path_clean(creation->arena, config->devices[i].path), &info) == 0)
            nodes[i] =
                (struct plan_node){true, info.st_mode, info.st_uid, info.st_gid, info.st_rdev};
    }
    creation->host.nodes = nodes;
}

int creation_probe(struct creation *creation)
{
    TRY(probe_caller(creation));
    if (creation->joined < 0)
        TRY(caller_ids_check(creation->config, creation->host.privileged, creation->error));
    creation->config =
        caller_ids_complete(creation->arena, creation->config, creation->host.privileged);
    probe_labels(creation);
    if (creation->config->linux != NULL && creation->config->linux->n_sysctl > 0)
        TRY(look_own_namespaces(creation->config->linux, &creation->host.own_namespaces,
                                creation->error));
    if (creation->joined < 0) {
        probe_copied_links(creation);
        probe_nodes(creation);
        creation->host.has_kernel_core = access(PLAN_KERNEL_CORE, F_OK) == 0;
    }
    if (creation->request->no_pivot)
        TRY(mounts_of_kernel(creation->arena, &creation->host.kernel_mounts, creation->error));
    return 0;
}

/* CLONE_INTO_CGROUP is of Linux 5.7; what tells of it without a process being made is the next
 * newer call. */
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

/* A container without cgroups of its own sees the caller's, and not what else is in the
 * hierarchies. */
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

/* The plan has no step then: what cannot be kept is said here. */
static int go_without_cgroups(struct creation *creation)
{
    TRY(cgroup_check(creation->arena, &creation->cgroup, creation_resources(creation),
                     creation->error));
    show_callers_cgroups(creation);
    if (creation->cgroup_host.n_hierarchies > 0)
        log_debug("the container shares the caller's cgroups: no right to make one for it");
    else if (!goes_without(creation))
        log_warning("linux.resources.devices: no cgroup hierarchy is mounted: the container can "
                    "use every device");
    return 0;
}

/* It was asked for: what is not kept is a warning. */
static int disable_cgroups(struct creation *creation)
{
    struct error error = {0};

    if (spec_delegates_cgroup(creation->config))
        return error_set(creation->error, ENOTSUP,
                         "annotations[\"" SPEC_DELEGATE_CGROUP "\"]: cgroups are disabled");
    creation->cgroup.host = &creation->cgroup_host;
    if (cgroup_check(creation->arena, &creation->cgroup, creation_resources(creation), &error) < 0)
        log_warning("cgroups are disabled: %s", error.text);
    TRY(cgroup_probe(creation->arena, "", &creation->cgroup_host, creation->error));
    show_callers_cgroups(creation);
    return 0;
}

/* Root of a user namespace has the manager of the user whose directory he was given, if any. */
static bool has_users_manager(const struct creation *creation)
{
    const char *dir = getenv("XDG_RUNTIME_DIR");

    return geteuid() != 0 || (creation->host.in_user_namespace && dir != NULL && dir[0] != '\0');
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

static int place_in_cgroups(struct creation *creation)
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
        return error_set(creation->error, ENOTSUP,
                         "annotations[\"" SPEC_DELEGATE_CGROUP
                         "\"]: restore cannot make a delegated cgroup");
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

static int place_in_rdt(struct creation *creation)
{
    const struct spec_linux *config = creation->config->linux;
    struct rdt *rdt = &creation->rdt;

    if (config == NULL || config->intel_rdt == NULL)
        return 0;
    const struct rdt_request request = {config->intel_rdt, creation->request->id};
    TRY(rdt_plan(creation->arena, "", &request, rdt, creation->error));
    creation->host.rdt_class = rdt->class;
    creation->host.makes_rdt = rdt->makes_class || rdt->monitor != NULL;
    return 0;
}

const char *creation_seccomp_receiver(void)
{
    const char *path = getenv("RUN_OCI_SECCOMP_RECEIVER");

    return path != NULL && path[0] != '\0' ? path : NULL;
}

static int build_plan(struct creation *creation)
{
    const struct runtime_create *request = creation->request;
    const char *dir = text_path_join(creation->arena, creation->state.root, creation->state.id);
    const char *notify = getenv("NOTIFY_SOCKET");

    creation->notifies = notify != NULL && notify[0] != '\0';
    struct plan_request plan_request = {
        .host = &creation->host,
        .id = request->id,
        .bundle = creation->bundle,
        .rootfs = creation->rootfs,
        .run = creation->run,
        .no_pivot = request->no_pivot,
        .no_new_keyring = request->no_new_keyring,
        .kept_fds = creation->kept_fds,
        .listen_fds = creation->listen_fds,
        .notify_dir =
            creation->notifies ? text_path_join(creation->arena, dir, STATE_NOTIFY_DIR) : NULL,
        .seccomp_receiver = creation_seccomp_receiver(),
        .image_dir = creation->image_dir,
        .console_socket = request->console_socket,
        .pid_file = request->pid_file,
        .pidfd_socket = request->pidfd_socket,
        .trace = request->trace_file != NULL,
        .fault_step = request->fault_step,
        .fault_errno = request->fault_errno,
    };
    return (creation->image_dir != NULL ? plan_build_restore : plan_build)(
        creation->arena, creation->config, &plan_request, &creation->plan, creation->error);
}

/* The container sees paths below the root of states: they have to be absolute. */
static int find_state(struct creation *creation)
{
    char current[PATH_MAX];

    creation->state = state_of(creation->arena, creation->options, creation->request->id);
    if (creation->state.root[0] == '/')
        return 0;
    if (getcwd(current, sizeof(current)) == NULL)
        return error_errno(creation->error, errno, "find the current directory");
    creation->state.root = text_path_join(creation->arena, current, creation->state.root);
    return 0;
}

int creation_begin(struct creation *creation, struct error *error)
{
    creation->error = error;
    creation->far_socket = creation->launched_fd = creation->console = creation->notify = -1;
    creation->joined = creation->terminal = -1;
    return find_state(creation);
}

/* Where errors are collected there may be no plan at the end. */
static int plan(struct creation *creation)
{
    count_descriptors(creation);
    TRY(creation_probe(creation));
    TRY(error_collect(creation->error, place_in_cgroups(creation)));
    TRY(error_collect(creation->error, place_in_rdt(creation)));
    return error_collect(creation->error, build_plan(creation));
}

static int prepare(struct creation *creation, struct error *error)
{
    TRY(creation_begin(creation, error));
    TRY(state_check_id(creation->request->id, error));
    TRY(state_check_free(&creation->state, error));
    TRY(read_bundle(creation));
    TRY(creation_check_terminal(creation));
    return plan(creation);
}

int creation_prepare(struct creation *creation, struct error *error)
{
    int result = prepare(creation, error);

    if (result < 0)
        bus_close(&creation->bus);
    return result;
}

int creation_examine(struct creation *creation, struct error *error)
{
    TRY(creation_begin(creation, error));
    TRY(read_bundle(creation));
    /* The one broken rule that a plan cannot be made with. */
    if (creation->config->process != NULL && creation->config->process->n_args == 0)
        return 0;
    return plan(creation);
}
