/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/plan/build.h"
#include "berth/spec/load.h"
#include "berth/spec/mount-options.h"
#include "berth/sys/launch.h"
#include "berth/sys/probe.h"
#include "caller-ids.h"
#include "creation.h"
#include "mounts.h"
#include "state/look.h"

/* Resolves all symbolic links in `path`, a directory. Returns 0 or a negative errno. */
static int resolve_dir(struct arena *arena, const char *path, const char **ret_path)
{
    char resolved[PATH_MAX];
    struct stat info;

    if (realpath(path, resolved) == NULL || stat(resolved, &info) < 0)
        return -errno;
    *ret_path = arena_string(arena, resolved);
    return S_ISDIR(info.st_mode) ? 0 : -ENOTDIR;
}

static int resolve_bundle(struct creation *creation)
{
    const char *path = creation->create->bundle != NULL ? creation->create->bundle : ".";
    int result = resolve_dir(creation->arena, path, &creation->bundle);

    if (result == 0)
        return 0;
    error_errno(creation->error, -result, "bundle %s", path);
    return error_set_file(creation->error, path);
}

static int resolve_rootfs(struct creation *creation)
{
    const char *path =
        text_path_join(creation->arena, creation->bundle, creation->config->root->path);
    int result = resolve_dir(creation->arena, path, &creation->rootfs);

    if (result == 0)
        return 0;
    error_errno_at(creation->error, "root.path", -result, "the root file system %s", path);
    return error_set_file(creation->error, path);
}

static int read_bundle(struct creation *creation)
{
    const struct runtime_create *request = creation->create;
    const char *name = request->config_file != NULL ? request->config_file : "config.json";
    char *bytes;

    TRY(resolve_bundle(creation));
    const char *path = text_path_join(creation->arena, creation->bundle, name);
    int result = request->config_file != NULL
                     ? file_read_named(creation->arena, path, &bytes, &creation->config_size)
                     : file_read(creation->arena, AT_FDCWD, path, &bytes, &creation->config_size);
    if (result < 0) {
        error_errno(creation->error, -result, "read %s", path);
        error_cause(creation->error, "%s", file_read_error(-result));
        return error_set_file(creation->error, path);
    }
    creation->config_bytes = bytes;
    TRY(error_collect(creation->error,
                      spec_load_config(creation->arena, bytes, creation->config_size,
                                       &creation->config, creation->error)));
    if (creation->config == NULL)
        return -EINVAL;
    return error_collect(creation->error, resolve_rootfs(creation));
}

int creation_check_terminal(struct creation *creation)
{
    const struct runtime_launch *request = creation->request;
    bool detaches = creation->kind->awaits_start || request->detach;
    bool terminal = creation->config->process != NULL && creation->config->process->terminal;

    if (!creation->kind->awaits_start && creation->config->process == NULL)
        return error_at(creation->error, "process", EINVAL, "there is none to run");
    if (detaches && terminal && request->console_socket == NULL)
        return error_at(creation->error, "process.terminal", EINVAL,
                        "cannot allocate tty if berth will detach without setting console socket "
                        "(--console-socket)");
    if ((detaches && terminal) || request->console_socket == NULL)
        return 0;
    error_set(creation->error, EINVAL,
              "--console-socket: cannot use console socket if berth will not detach or allocate "
              "tty");
    return error_hint(creation->error, "%s",
                      terminal ? "run without --detach" : "process.terminal is not true");
}

/* As in sd_listen_fds(3), LISTEN_FDS is for the process that LISTEN_PID names, and without
 * LISTEN_PID for none. */
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

/* Probes only what the config asks for: most configs have no labels. */
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

    if (!mount->parsed->copies_link || mount->source == NULL)
        return NULL;
    ssize_t size = readlink(text_path_join(creation->arena, creation->bundle, mount->source),
                            target, sizeof(target));
    return size > 0 && size < (ssize_t) sizeof(target)
               ? arena_copy(creation->arena, target, (size_t) size)
               : NULL;
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

        /* A trailing slash would demand a directory. */
        if (stat(text_path_clean(creation->arena, config->devices[i].path), &info) == 0)
            nodes[i] =
                (struct plan_node){true, info.st_mode, info.st_uid, info.st_gid, info.st_rdev};
    }
    creation->host.nodes = nodes;
}

int creation_probe(struct creation *creation)
{
    TRY(probe_caller(creation));
    if (creation->create != NULL)
        TRY(caller_ids_check(creation->config, creation->host.privileged, creation->error));
    creation->config =
        caller_ids_complete(creation->arena, creation->config, creation->host.privileged);
    probe_labels(creation);
    if (creation->config->linux != NULL && creation->config->linux->n_sysctl > 0)
        TRY(look_own_namespaces(creation->config->linux, &creation->host.own_namespaces,
                                creation->error));
    if (creation->create != NULL) {
        probe_copied_links(creation);
        probe_nodes(creation);
        creation->host.has_kernel_core = file_access(AT_FDCWD, PLAN_KERNEL_CORE, F_OK) != -ENOENT;
    }
    if (creation->create != NULL && creation->create->no_pivot)
        TRY(mounts_of_kernel(creation->arena, &creation->host.kernel_mounts, creation->error));
    return 0;
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

/* Fills in the request for a new container. */
static void request_container(struct creation *creation, struct plan_request *request)
{
    const char *dir = text_path_join(creation->arena, creation->state.root, creation->state.id);

    creation->notifies = text_environment("NOTIFY_SOCKET") != NULL;
    request->bundle = creation->bundle;
    request->rootfs = creation->rootfs;
    request->no_pivot = creation->create->no_pivot;
    request->no_new_keyring = creation->create->no_new_keyring;
    if (creation->notifies)
        request->notify_dir = text_path_join(creation->arena, dir, STATE_NOTIFY_DIR);
}

/* Fills in the request for an existing container. */
static int request_process(struct creation *creation, struct plan_request *request)
{
    const struct spec_record *record = &creation->state.record;

    request->bundle = record->bundle;
    request->rootfs = record->rootfs;
    request->no_new_keyring = record->shares_keyring;
    return look_namespaces(creation->arena, creation->state.pid, &request->namespaces,
                           creation->error);
}

int creation_build_plan(struct creation *creation)
{
    const struct runtime_launch *launch = creation->request;
    struct plan_request request = {
        .host = &creation->host,
        .id = launch->id,
        .run = !creation->kind->awaits_start,
        .kept_fds = creation->kept_fds,
        .listen_fds = creation->listen_fds,
        .seccomp_receiver = text_environment("RUN_OCI_SECCOMP_RECEIVER"),
        .image_dir = creation->image_dir,
        .console_socket = launch->console_socket,
        .pid_file = launch->pid_file,
        .pidfd_socket = launch->pidfd_socket,
        .trace = launch->trace_file != NULL,
        .fault_step = launch->fault_step,
        .fault_errno = launch->fault_errno,
    };

    if (creation->create != NULL)
        request_container(creation, &request);
    else
        TRY(request_process(creation, &request));
    return creation->kind->build(creation->arena, creation->config, &request, &creation->plan,
                                 creation->error);
}

/* Makes the root of states absolute: the container sees paths below it. */
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

/* While errors are collected, there may be no plan in the end. */
static int plan(struct creation *creation)
{
    count_descriptors(creation);
    TRY(creation_probe(creation));
    TRY(error_collect(creation->error, creation_place(creation)));
    TRY(error_collect(creation->error, place_in_rdt(creation)));
    return error_collect(creation->error, creation_build_plan(creation));
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
    /* The only broken rule that prevents a plan. */
    if (creation->config->process != NULL && creation->config->process->n_args == 0)
        return 0;
    return plan(creation);
}
