/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/plan/build.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/spec/landlock.h"
#include "berth/spec/load.h"
#include "berth/spec/mount-options.h"
#include "berth/sys/launch.h"
#include "berth/sys/probe.h"
#include "caller-ids.h"
#include "mounts.h"
#include "pod.h"
#include "state/host-facts.h"
#include "transaction.h"

/* Resolves all symbolic links in `path`, a directory. Returns 0 or a negative errno. */
static int resolve_dir(struct arena *arena, const char *path, const char **ret_path,
                       struct stat *ret_info)
{
    char resolved[PATH_MAX];

    if (realpath(path, resolved) == NULL || stat(resolved, ret_info) < 0)
        return -errno;
    *ret_path = arena_string(arena, resolved);
    return S_ISDIR(ret_info->st_mode) ? 0 : -ENOTDIR;
}

static int resolve_bundle(struct transaction *transaction)
{
    const char *path = transaction->create->bundle != NULL ? transaction->create->bundle : ".";
    struct stat info;
    int result = resolve_dir(transaction->arena, path, &transaction->bundle, &info);

    if (result == 0)
        return 0;
    error_errno(transaction->error, -result, "bundle %s", path);
    return error_set_file(transaction->error, path);
}

static int resolve_rootfs(struct transaction *transaction)
{
    const char *path =
        text_path_join(transaction->arena, transaction->bundle, transaction->config->root->path);
    struct stat info = {0};
    int result = resolve_dir(transaction->arena, path, &transaction->rootfs, &info);

    if (result == 0) {
        transaction->root_device = (uint64_t) major(info.st_dev) << 32 | minor(info.st_dev);
        transaction->root_inode = info.st_ino;
        return 0;
    }
    error_errno_at(transaction->error, "root.path", -result, "the root file system %s", path);
    return error_set_file(transaction->error, path);
}

static int read_bundle(struct transaction *transaction)
{
    const struct runtime_create *request = transaction->create;
    const char *name = request->config_file != NULL ? request->config_file : "config.json";
    char *bytes;

    TRY(resolve_bundle(transaction));
    const char *path = text_path_join(transaction->arena, transaction->bundle, name);
    int result =
        request->config_file != NULL
            ? file_read_named(transaction->arena, path, &bytes, &transaction->config_size)
            : file_read(transaction->arena, AT_FDCWD, path, &bytes, &transaction->config_size);
    if (result < 0) {
        error_errno(transaction->error, -result, "read %s", path);
        error_cause(transaction->error, "%s", file_read_error(-result));
        if (result == -ENOENT && request->config_file == NULL)
            error_hint(transaction->error,
                       "--bundle names the bundle; berth spec writes a config.json");
        return error_set_file(transaction->error, path);
    }
    transaction->config_bytes = bytes;
    TRY(error_collect(transaction->error,
                      spec_load_config(transaction->arena, bytes, transaction->config_size,
                                       &transaction->config, transaction->error)));
    if (transaction->config == NULL)
        return -EINVAL;
    return error_collect(transaction->error, resolve_rootfs(transaction));
}

int transaction_check_terminal(struct transaction *transaction)
{
    const struct runtime_launch *request = transaction->request;
    bool detaches = transaction->kind->awaits_start || request->detach;
    bool terminal = transaction->config->process != NULL && transaction->config->process->terminal;

    if (!transaction->kind->awaits_start && transaction->config->process == NULL)
        return error_at(transaction->error, "process", EINVAL, "there is none to run");
    if (detaches && terminal && request->console_socket == NULL)
        return error_at(transaction->error, "process.terminal", EINVAL,
                        "cannot allocate tty if berth will detach without setting console socket "
                        "(--console-socket)");
    if ((detaches && terminal) || request->console_socket == NULL)
        return 0;
    error_set(transaction->error, EINVAL,
              "--console-socket: cannot use console socket if berth will not detach or allocate "
              "tty");
    return error_hint(transaction->error, "%s",
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

static int explain_caller(int result, struct error *error)
{
    error_errno(error, -result,
                "look at the caller's capabilities and user namespace in /proc/self");
    return result == -ENOENT ? error_hint(error, "mount -t proc proc /proc, as root") : result;
}

static int probe_caller(struct transaction *transaction)
{
    struct plan_host *host = &transaction->host;
    struct sys_caller caller;
    int result = sys_probe_caller(&caller);

    if (result < 0)
        return explain_caller(result, transaction->error);
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
static void probe_labels(struct transaction *transaction)
{
    const struct spec_process *process = transaction->config->process;
    const struct spec_linux *config = transaction->config->linux;

    if (process != NULL && process->apparmor_profile != NULL)
        transaction->host.apparmor_file = sys_apparmor_file();
    if ((process != NULL && process->selinux_label != NULL) ||
        (config != NULL && config->mount_label != NULL))
        transaction->host.has_selinux = sys_has_selinux();
}

int transaction_probe_landlock(struct transaction *transaction)
{
    if (spec_landlock_of(transaction->config) == NULL)
        return 0;
    int abi = sys_probe_landlock();
    if (abi < 0) {
        error_errno_at(transaction->error, SPEC_LANDLOCK_PATH, -abi,
                       "ask the kernel for the version of Landlock's ABI");
        return abi == -EPERM ? error_hint(transaction->error, "%s", sys_refusal()) : abi;
    }
    transaction->host.landlock_abi = (unsigned) abi;
    return 0;
}

static const char *read_copied_link(const struct transaction *transaction,
                                    const struct spec_mount *mount)
{
    char target[PATH_MAX];

    if (!mount->parsed->copies_link || mount->source == NULL)
        return NULL;
    ssize_t size = readlink(text_path_join(transaction->arena, transaction->bundle, mount->source),
                            target, sizeof(target));
    return size > 0 && size < (ssize_t) sizeof(target)
               ? arena_copy(transaction->arena, target, (size_t) size)
               : NULL;
}

static void probe_copied_links(struct transaction *transaction)
{
    const struct spec_config *config = transaction->config;
    const char **links = ARENA_ARRAY(transaction->arena, config->n_mounts + 1, const char *);

    for (size_t i = 0; i < config->n_mounts; i++)
        links[i] = read_copied_link(transaction, &config->mounts[i]);
    transaction->host.copied_links = links;
}

static void probe_nodes(struct transaction *transaction)
{
    const struct spec_linux *config = transaction->config->linux;
    size_t count = config != NULL ? config->n_devices : 0;
    struct plan_node *nodes = ARENA_ARRAY(transaction->arena, count + 1, struct plan_node);

    for (size_t i = 0; i < count; i++) {
        struct stat info;

        /* A trailing slash would demand a directory. */
        if (stat(text_path_clean(transaction->arena, config->devices[i].path), &info) == 0)
            nodes[i] =
                (struct plan_node){true, info.st_mode, info.st_uid, info.st_gid, info.st_rdev};
    }
    transaction->host.nodes = nodes;
}

int transaction_probe(struct transaction *transaction)
{
    TRY(probe_caller(transaction));
    if (transaction->create != NULL)
        TRY(caller_ids_check(transaction->config, transaction->host.privileged,
                             transaction->error));
    transaction->config =
        caller_ids_complete(transaction->arena, transaction->config, transaction->host.privileged);
    probe_labels(transaction);
    if (transaction->config->linux != NULL && transaction->config->linux->n_sysctl > 0)
        TRY(host_find_own_namespaces(transaction->config->linux, &transaction->host.own_namespaces,
                                     transaction->error));
    if (transaction->create != NULL) {
        probe_copied_links(transaction);
        probe_nodes(transaction);
        transaction->host.has_kernel_core =
            file_access(AT_FDCWD, PLAN_KERNEL_CORE, F_OK) != -ENOENT;
    }
    if (transaction->create != NULL && transaction->create->no_pivot)
        TRY(mounts_of_kernel(transaction->arena, &transaction->host.kernel_mounts,
                             transaction->error));
    return 0;
}

static int place_in_rdt(struct transaction *transaction)
{
    const struct spec_linux *config = transaction->config->linux;
    struct rdt *rdt = &transaction->rdt;

    if (config == NULL || config->intel_rdt == NULL)
        return 0;
    const struct rdt_request request = {config->intel_rdt, transaction->request->id};
    TRY(rdt_plan(transaction->arena, "", &request, rdt, transaction->error));
    transaction->host.rdt_class = rdt->class;
    transaction->host.makes_rdt = rdt->makes_class || rdt->monitor != NULL;
    return 0;
}

/* While errors are collected, there may be no plan in the end. */
static int plan(struct transaction *transaction)
{
    transaction->listen_fds = count_listen_fds();
    unsigned preserved = transaction->request->preserve_fds;
    unsigned most = preserved > INT_MAX / 2 ? INT_MAX / 2 : preserved;
    transaction->kept_fds = sys_count_inherited(transaction->listen_fds + most);
    TRY(transaction_probe(transaction));
    TRY(transaction_probe_landlock(transaction));
    TRY(error_collect(transaction->error, transaction_probe_cookie(transaction)));
    TRY(error_collect(transaction->error, transaction_place(transaction)));
    TRY(error_collect(transaction->error, place_in_rdt(transaction)));
    return error_collect(transaction->error, transaction_build_plan(transaction));
}

static int prepare(struct transaction *transaction, struct error *error)
{
    TRY(transaction_begin(transaction, error));
    TRY(state_check_id(transaction->request->id, error));
    TRY(state_check_free(&transaction->state, error));
    TRY(read_bundle(transaction));
    TRY(transaction_check_terminal(transaction));
    if (spec_is_pod(transaction->config))
        TRY(pod_check_options(transaction));
    return plan(transaction);
}

int transaction_prepare(struct transaction *transaction, struct error *error)
{
    int result = prepare(transaction, error);

    if (result < 0)
        bus_close(&transaction->bus);
    return result;
}

int transaction_examine(struct transaction *transaction, struct error *error)
{
    TRY(transaction_begin(transaction, error));
    TRY(read_bundle(transaction));
    /* The only broken rule that prevents a plan. */
    if (transaction->config->process != NULL && transaction->config->process->n_args == 0)
        return 0;
    return plan(transaction);
}
