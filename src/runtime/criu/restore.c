/* SPDX-License-Identifier: Apache-2.0 */
/* restore: a transaction in which criu makes the process (plan_build_restore). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/sys/link.h"
#include "berth/sys/netlink.h"
#include "berth/sys/probe.h"
#include "berth/sys/process.h"
#include "container.h"
#include "launch/foreground.h"
#include "launch/transaction.h"
#include "state/host-facts.h"

#define LOG "restore.log"
#define ROOT_DIR "criu-root" /* in the state directory; mounted only in criu's mount namespace */

struct restoring {
    const struct runtime_restore *request;
    struct transaction transaction;
    struct criu criu;
    struct criu_container container;
    int dirs[2]; /* of the image and of the log */
    bool lent;   /* lend_image has changed the image's directory; `image` is its former status */
    struct stat image;
    struct text options;
};

/* --- the request ------------------------------------------------------------------------------ */

/* Passes the container's cgroups as criu's own process, which is in them already, sees them. */
static int put_cgroup_roots(struct restoring *restoring)
{
    const char *path = arena_printf(restoring->criu.arena, "/proc/%d/cgroup", restoring->criu.pid);
    char *bytes;

    TRY_ERRNO(file_read(restoring->criu.arena, AT_FDCWD, path, &bytes, NULL), restoring->criu.error,
              "read %s", path);
    for (char *text; (text = strsep(&bytes, "\n")) != NULL;) {
        struct cgroup_line line;

        if (!cgroup_line_parse(text, &line))
            continue;
        for (const char *name; (name = strsep(&line.controllers, ",")) != NULL;)
            criu_put_pair(&restoring->options, CRIU_CG_ROOT, name, line.path);
    }
    return 0;
}

static int join_cgroups(struct restoring *restoring)
{
    const struct cgroup *cgroup = &restoring->transaction.cgroup;
    const char *pid = arena_printf(restoring->criu.arena, "%d", restoring->criu.pid);

    for (size_t i = 0; i < cgroup->n_places; i++) {
        TRY_ERRNO(file_put(AT_FDCWD, cgroup->places[i].join, pid), restoring->criu.error,
                  "write %s to %s", pid, cgroup->places[i].join);
    }
    return cgroup->n_places == 0 ? 0 : put_cgroup_roots(restoring);
}

static void put_own_options(struct restoring *restoring)
{
    const struct runtime_restore *request = restoring->request;
    struct text *options = &restoring->options;

    criu_put_number(options, CRIU_IMAGES_DIR_FD, restoring->dirs[0]);
    criu_put_number(options, CRIU_WORK_DIR_FD, restoring->dirs[1]);
    criu_put_string(options, CRIU_LOG_FILE, LOG);
    criu_put_number(options, CRIU_RST_SIBLING, true);
    criu_put_number(options, CRIU_EVASIVE_DEVICES, true);
    criu_put_number(options, CRIU_TCP_CLOSE, request->tcp_close);
    if (restoring->criu.root != NULL)
        criu_put_string(options, CRIU_ROOT, restoring->criu.at);
    if (request->lsm_profile != NULL)
        criu_put_string(options, CRIU_LSM_PROFILE, request->lsm_profile);
    if (request->lsm_mount_context != NULL)
        criu_put_string(options, CRIU_LSM_MOUNT_CONTEXT, request->lsm_mount_context);
}

static int put_sources(struct restoring *restoring)
{
    struct transaction *transaction = &restoring->transaction;
    const char *dir =
        text_path_join(transaction->arena, transaction->state.root, transaction->state.id);
    const struct criu_sources sources = {
        .cgroup = &transaction->cgroup,
        .cgroup_host = &transaction->cgroup_host,
        .notify_dir = text_path_join(transaction->arena, dir, STATE_NOTIFY_DIR),
    };

    /* The container may have had it mounted before its checkpoint. */
    mkdirat(transaction->state.dir, STATE_NOTIFY_DIR, 0755);
    return criu_put_sources(&restoring->container, &sources, &restoring->options,
                            transaction->error);
}

/* --- the steps -------------------------------------------------------------------------------- */

static struct restoring *restoring_of(struct executor *executor)
{
    struct transaction *transaction = executor->context;

    return transaction->own;
}

/* criu mounts below its working directory, which therefore has to be in its own mount namespace. */
static int reopen_dir(struct restoring *restoring, int *dir)
{
    struct arena *arena = restoring->criu.arena;
    char path[PATH_MAX];
    ssize_t size = readlink(arena_printf(arena, "/proc/self/fd/%d", *dir), path, sizeof(path));

    if (size < 0)
        return -errno;
    int fd = open(arena_printf(arena, "/proc/%d/root%s", restoring->criu.pid,
                               arena_copy(arena, path, (size_t) size)),
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    fd_close(dir);
    *dir = fd;
    return 0;
}

/* criu reads the image first as root of the host without capabilities, then as root of the user
 * namespace that it creates: berth gives a directory of mode 0700 to the group of the latter. */
static int lend_image(struct restoring *restoring)
{
    const struct spec_linux *config = restoring->transaction.config->linux;
    int dir = restoring->dirs[0];
    uint32_t root = 0;

    if (fstat(dir, &restoring->image) < 0)
        return -errno;
    if (config == NULL || (restoring->image.st_mode & S_IXOTH) != 0 ||
        !spec_host_id(config->gid_mappings, config->n_gid_mappings, 0, &root) || root == 0)
        return 0;
    restoring->lent = true;
    if (fchown(dir, (uid_t) -1, root) < 0 ||
        fchmod(dir, (restoring->image.st_mode & 07777) | S_IXGRP) < 0)
        return -errno;
    return 0;
}

static void close_dirs(struct restoring *restoring)
{
    const struct stat *image = &restoring->image;

    if (restoring->lent && (fchmod(restoring->dirs[0], image->st_mode & 07777) < 0 ||
                            fchown(restoring->dirs[0], (uid_t) -1, image->st_gid) < 0))
        log_warning("give the directory of the image back to group %u: %s", image->st_gid,
                    text_of_errno(errno));
    restoring->lent = false;
    fd_close(&restoring->dirs[0]);
    fd_close(&restoring->dirs[1]);
}

/* criu requires that the root file system is a mount. A container that shares the host's mounts
 * uses the host's. */
static void give_root(struct restoring *restoring)
{
    struct transaction *transaction = &restoring->transaction;
    const char *dir =
        text_path_join(transaction->arena, transaction->state.root, transaction->state.id);

    if (transaction->state.record.shares_mounts)
        return;
    mkdirat(transaction->state.dir, ROOT_DIR, 0700);
    restoring->criu.root = transaction->rootfs;
    restoring->criu.at = text_path_join(transaction->arena, dir, ROOT_DIR);
}

static int start_criu(struct executor *executor, const struct plan_step *step)
{
    struct restoring *restoring = restoring_of(executor);
    struct transaction *transaction = &restoring->transaction;

    (void) step;
    restoring->container = (struct criu_container){
        .arena = transaction->arena,
        .config = transaction->config,
        .bundle = transaction->bundle,
        .rootfs = transaction->rootfs,
    };
    give_root(restoring);
    TRY(criu_make_mount_points(&restoring->container, transaction->error));
    TRY(criu_inherit_descriptors(&restoring->criu, restoring->dirs[0], &restoring->options));
    TRY(criu_enter_namespaces(&restoring->criu, &restoring->container, &restoring->options));
    TRY(criu_put_yard(&restoring->criu, &restoring->options));
    TRY(criu_start(&restoring->criu));
    transaction->launched = restoring->criu.pid;
    for (int i = 0; i < 2; i++) {
        TRY_ERRNO(reopen_dir(restoring, &restoring->dirs[i]), restoring->criu.error,
                  "open the directory of the image, or of the log, for criu");
    }
    TRY_ERRNO(lend_image(restoring), transaction->error,
              "give the directory of the image to the container's root");
    return 0;
}

/* criu leaves all devices down in a network namespace that it creates empty. */
static int set_loopback_up(const struct restoring *restoring, pid_t pid)
{
    const char *path = arena_printf(restoring->criu.arena, "/proc/%d/ns/net", pid);
    AUTO_FD network = open(path, O_RDONLY | O_CLOEXEC);
    struct sys_link loopback;

    if (network < 0)
        return -errno;
    AUTO_FD socket = sys_netlink_open(network);
    if (socket < 0)
        return socket;
    TRY(sys_link_find(socket, "lo", &loopback));
    return sys_link_set_up(socket, loopback.index);
}

static int restore_namespaces(struct executor *executor, const struct plan_step *step)
{
    struct restoring *restoring = restoring_of(executor);
    struct transaction *transaction = &restoring->transaction;
    struct criu_answer answer;

    (void) step;
    put_own_options(restoring);
    TRY(join_cgroups(restoring));
    TRY(criu_put_common(&restoring->request->criu, transaction->config, &restoring->options,
                        transaction->error));
    TRY(put_sources(restoring));
    TRY(criu_ask(&restoring->criu, CRIU_RESTORE, &restoring->options));
    TRY(criu_until(&restoring->criu, "setup-namespaces", &answer, NULL));
    transaction->init = answer.pid;
    transaction->executor.pidfd = sys_pidfd_open(answer.pid);
    if (transaction->executor.pidfd < 0)
        return transaction->executor.pidfd;
    if (sys_pidfd_pollable(transaction->executor.pidfd) < 0)
        return error_set(transaction->error, ENOSYS, "restore needs pidfd_open(2): %s",
                         sys_refusal());
    TRY(transaction_save_init(transaction));
    TRY_ERRNO(criu_empties_network(&restoring->request->criu, transaction->config)
                  ? set_loopback_up(restoring, answer.pid)
                  : 0,
              transaction->error, "set the loopback device of the container up");
    return 0;
}

static int restore_processes(struct executor *executor, const struct plan_step *step)
{
    struct restoring *restoring = restoring_of(executor);
    struct criu_answer answer;

    (void) step;
    TRY(criu_go_on(&restoring->criu));
    return criu_until(&restoring->criu, "post-restore", &answer,
                      &executor->slot[PLAN_SLOT_CONSOLE]);
}

static int resume_processes(struct executor *executor, const struct plan_step *step)
{
    struct restoring *restoring = restoring_of(executor);
    struct criu_answer answer;

    (void) step;
    TRY(criu_go_on(&restoring->criu));
    TRY(criu_until(&restoring->criu, NULL, &answer, NULL));
    criu_end(&restoring->criu);
    /* These descriptors hold criu's mount namespace. */
    close_dirs(restoring);
    unlinkat(restoring->transaction.state.dir, ROOT_DIR, AT_REMOVEDIR);
    return 0;
}

static void end_criu(struct transaction *transaction)
{
    struct restoring *restoring = transaction->own;

    criu_end(&restoring->criu);
}

static const struct transaction_step steps[] = {
    {PLAN_START_CRIU, start_criu},
    {PLAN_RESTORE_NAMESPACES, restore_namespaces},
    {PLAN_RESTORE_PROCESSES, restore_processes},
    {PLAN_RESUME_PROCESSES, resume_processes},
};
static const struct transaction_kind kind = {
    .name = "restore",
    .build = plan_build_restore,
    .steps = steps,
    .n_steps = COUNT(steps),
    .end = end_criu,
};

/* --- the command ------------------------------------------------------------------------------ */

static int check_criu(struct restoring *restoring)
{
    struct criu_needs needs[CRIU_NEEDS_MAX];
    size_t count = criu_needs_of(&restoring->request->criu, needs);

    if (restoring->request->lsm_mount_context != NULL)
        needs[count++] = (struct criu_needs){.version = 31600, .option = "--lsm-mount-context"};
    return criu_check(&restoring->criu, needs, count);
}

/* criu does not exit if the profile does not exist. */
static int check_profile(struct restoring *restoring)
{
    const char *profile = restoring->request->lsm_profile;
    const char *name = profile == NULL ? NULL : strchr(profile, ':');
    struct criu *criu = &restoring->criu;

    if (profile == NULL)
        return 0;
    const char *module =
        arena_copy(criu->arena, profile, name == NULL ? 0 : (size_t) (name - profile));
    if (name == NULL || name[1] == '\0' ||
        (!text_equal(module, "apparmor") && !text_equal(module, "selinux")))
        return error_set(criu->error, EINVAL,
                         "--lsm-profile is apparmor:NAME or selinux:LABEL, not \"%s\"", profile);
    if (!host_has_lsm(criu->arena, module))
        return error_set(criu->error, ENOTSUP, "--lsm-profile: %s is not active on this host",
                         module);
    if (text_equal(module, "apparmor") && !host_has_apparmor_profile(criu->arena, name + 1))
        return error_set(criu->error, ENOENT,
                         "--lsm-profile: the profile %s is not loaded: no such file or directory",
                         name + 1);
    return 0;
}

static int prepare(struct restoring *restoring, struct error *error)
{
    struct transaction *transaction = &restoring->transaction;

    TRY(transaction_prepare(transaction, error));
    if (spec_is_pod(transaction->config))
        return error_at(error, SPEC_POD_PATH, ENOTSUP, "a pod has no process to restore");
    if (!transaction->host.privileged)
        return error_set(error, EPERM,
                         "restore: criu needs root's rights: operation not permitted");
    return check_profile(restoring);
}

static int restore(struct restoring *restoring, int *ret_status, struct error *error)
{
    struct transaction *transaction = &restoring->transaction;
    const struct runtime_launch *request = transaction->request;

    TRY(prepare(restoring, error));
    AUTO_FD signals = foreground_block_signals(!request->detach, error);
    if (signals < 0)
        return signals;
    restoring->criu.signals = signals;
    TRY(check_criu(restoring));
    TRY(criu_open_dirs(&restoring->criu, &restoring->request->criu, false, restoring->dirs));
    if (!request->detach && !request->no_subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    TRY(transaction_carry_out(transaction, signals));
    int result = transaction_go_on(transaction, signals, ret_status);
    transaction_close(transaction);
    return result;
}

int runtime_restore(const struct runtime_options *options, const struct runtime_restore *request,
                    int *ret_status, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct restoring restoring = {
        .request = request,
        .transaction = {.arena = &arena,
                        .options = options,
                        .request = &request->create.launch,
                        .create = &request->create,
                        .kind = &kind,
                        .own = &restoring,
                        .image_dir = criu_image_dir(&request->criu)},
        .criu = criu_of(&arena, "restore", LOG, error),
        .dirs = {-1, -1},
        .options = {.arena = &arena},
    };

    int result = restore(&restoring, ret_status, error);
    bus_close(&restoring.transaction.bus);
    close_dirs(&restoring);
    return result;
}
