/* SPDX-License-Identifier: Apache-2.0 */
/* The host's steps, except LAUNCH. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/cgroup/setting.h"
#include "berth/seccomp/seccomp.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/sys/memfd.h"
#include "berth/sys/mount.h"
#include "berth/sys/process.h"
#include "berth/sys/socket.h"
#include "console.h"
#include "device.h"
#include "filter.h"
#include "hook.h"
#include "idmap.h"
#include "listener.h"
#include "mounts.h"
#include "netdevices.h"
#include "notify.h"
#include "pod.h"
#include "state/pins.h"
#include "subid.h"
#include "transaction.h"

#define DELIVERY_TIMEOUT_MS 10000 /* for a peer that listens but does not accept */

/* Next to the containers' directories, with a name that no container can have. */
#define SECCOMP_CACHE "@seccomp"

/* Returns the current time in RFC 3339 format: UTC with nanoseconds. */
static const char *time_of_now(struct arena *arena)
{
    struct timespec now;
    char seconds[CLOCK_UTC_SIZE];

    clock_gettime(CLOCK_REALTIME, &now);
    clock_print_utc(now.tv_sec, seconds);
    return arena_printf(arena, "%s.%09ldZ", seconds, now.tv_nsec);
}

static void fill_record(struct transaction *transaction)
{
    const struct spec_config *config = transaction->config;
    const struct spec_hooks *hooks = config->hooks;
    const struct text_list pins =
        spec_is_pod(config) ? pins_of(&transaction->state, config) : (struct text_list){0};

    transaction->state.has_record = true;
    transaction->state.record = (struct spec_record){
        .id = transaction->request->id,
        .oci_version = config->oci_version,
        .bundle = transaction->bundle,
        .rootfs = transaction->rootfs,
        .root_device = transaction->root_device,
        .root_inode = transaction->root_inode,
        .created = time_of_now(transaction->arena),
        .annotations = config->annotations,
        .n_annotations = config->n_annotations,
        .poststart = hooks != NULL && hooks->n_poststart > 0,
        .poststop = hooks != NULL && hooks->n_poststop > 0,
        .own_pids = spec_makes_namespace(config, SPEC_NAMESPACE_TYPE_PID),
        .pins = (const char *const *) pins.item,
        .n_pins = pins.count,
        .shares_keyring = transaction->create->no_new_keyring,
        .records_seccomp = transaction->request->record_seccomp != NULL,
        .systemd_unit =
            transaction->cgroup.systemd != NULL ? transaction->cgroup.systemd->unit : NULL,
        .systemd_user = transaction->bus.options.user,
        .cgroups = transaction->cgroup.record.paths,
        .n_cgroups = transaction->cgroup.record.n_paths,
        .made_cgroups = transaction->cgroup.record.made,
        .n_made_cgroups = transaction->cgroup.record.n_made,
        .rdt_class = transaction->rdt.class,
        .rdt_groups = transaction->rdt.owned,
        .n_rdt_groups = transaction->rdt.n_owned,
    };
}

/* Writes a file of the state directory. A partly written one does no harm before the first record
 * exists. */
static int write_state_file(struct transaction *transaction, const char *name, const void *bytes,
                            size_t size)
{
    AUTO_FD fd =
        openat(transaction->state.dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    TRY_ERRNO(fd < 0 ? -errno : fd_write_all(fd, bytes, size), transaction->error, "write %s/%s/%s",
              transaction->state.root, transaction->state.id, name);
    return 0;
}

static int save_state(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    TRY(state_make(&transaction->state, transaction->error));
    transaction->made_state = true;
    fill_record(transaction);
    if (step->save_state.shares_mounts) {
        struct spec_record *record = &transaction->state.record;
        size_t count;

        TRY(mounts_count_on_host(transaction->arena, transaction->rootfs, &count,
                                 transaction->error));
        record->shares_mounts = true;
        record->mounts_before = count;
    }
    TRY(write_state_file(transaction, STATE_CONFIG, transaction->config_bytes,
                         transaction->config_size));
    if (step->save_state.keeps_plan)
        TRY(write_state_file(transaction, STATE_PLAN, executor->plan, executor->plan->size));
    if (transaction->notifies)
        TRY(notify_open(transaction->state.dir, &transaction->notify, transaction->error));
    return state_save(&transaction->state, transaction->error);
}

static int make_cgroup(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    (void) step;
    TRY(cgroup_make(transaction->arena, &transaction->cgroup, transaction->launched,
                    transaction->error));
    transaction->made_cgroups = true;
    return 0;
}

static int limit_cgroup(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    (void) step;
    return cgroup_set_with_undo(transaction->arena, &transaction->cgroup,
                                transaction_resources(transaction), &transaction->former_limits,
                                transaction->error);
}

static int own_cgroup(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    return cgroup_chown(transaction->arena, plan_text(executor->plan, step->own_cgroup.cgroup),
                        step->own_cgroup.uid, transaction->error);
}

static int make_rdt(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    (void) step;
    TRY(rdt_make(transaction->arena, &transaction->rdt, transaction->error));
    return rdt_set(transaction->arena, &transaction->rdt, transaction->error);
}

static int join_rdt(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    (void) step;
    return rdt_join(transaction->arena, &transaction->rdt, transaction->init, transaction->error);
}

/* clone(2) returns a pidfd only since Linux 5.2. */
int transaction_open_init(struct executor *executor)
{
    return executor->init_pidfd >= 0 ? fd_take(&executor->init_pidfd)
                                     : sys_pidfd_open(executor->init_pid);
}

/* CLONE_INIT has made INIT a child of this process, and the first stage is done. */
static int adopt_init(struct transaction *transaction, struct executor *executor)
{
    transaction->launched_fd = fd_take(&executor->pidfd);
    transaction->init = executor->init_pid;
    executor->pidfd = transaction_open_init(executor);
    if (executor->pidfd < 0)
        return executor->pidfd;
    TRY(sys_pidfd_reap(transaction->launched_fd, NULL));
    fd_close(&transaction->launched_fd);
    return 0;
}

int transaction_save_init(struct transaction *transaction)
{
    transaction->state.pid = transaction->init;
    int result = sys_process_start_time(transaction->init, &transaction->state.start_time);
    if (result < 0 && result != -ESRCH) /* the process has failed, and has reported why */
        return result;
    return state_save_process(&transaction->state);
}

static int record_init(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    if (executor->init_pid != 0)
        TRY(adopt_init(transaction, executor));
    else
        transaction->init = transaction->launched;
    return step->record_init.saves ? transaction_save_init(transaction) : 0;
}

/* The kernel or newuidmap(1) has refused a mapping: find out which one. */
static void explain_refused_ids(struct transaction *transaction)
{
    struct error why = {0};

    if (subid_check(transaction->arena, transaction->config->linux, transaction->host.privileged,
                    &why) == 0)
        return;
    const struct finding finding = error_finding(&why);
    error_add(transaction->error, &finding);
}

static int map_ids(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    int result = idmap_write(executor, transaction->config->linux, transaction->launched,
                             transaction->host.privileged);

    (void) step;
    if (result < 0 && result != -EINTR && result != -ECANCELED)
        explain_refused_ids(transaction);
    return result;
}

static int set_oom_score(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    char path[64];
    char score[32];

    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", transaction->init);
    snprintf(score, sizeof(score), "%d", step->set_oom_score.score);
    return file_put(AT_FDCWD, path, score);
}

static int set_scheduler(struct executor *executor, const struct plan_step *step)
{
    const struct transaction *transaction = executor->context;
    const struct sys_schedule schedule = {
        .size = sizeof(schedule),
        .policy = (uint32_t) step->set_scheduler.policy,
        .flags = step->set_scheduler.flags,
        .nice = step->set_scheduler.nice,
        .priority = (uint32_t) step->set_scheduler.priority,
        .runtime_ns = step->set_scheduler.runtime_ns,
        .deadline_ns = step->set_scheduler.deadline_ns,
        .period_ns = step->set_scheduler.period_ns,
    };
    return sys_set_schedule(transaction->init, &schedule);
}

static int set_io_priority(struct executor *executor, const struct plan_step *step)
{
    const struct transaction *transaction = executor->context;

    return sys_set_io_priority(transaction->init, step->set_io_priority.priority);
}

static int compile_seccomp(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    const char *dir = runtime_default_root(transaction->arena);
    const char *cache = file_make_dirs(dir, 0700) < 0
                            ? NULL
                            : text_path_join(transaction->arena, dir, SECCOMP_CACHE);
    struct seccomp_code program;
    int fd = -1;

    TRY(filter_check_flags(transaction->config, transaction->error));
    TRY(filter_make(transaction->config, cache, &fd, transaction->error));
    executor_fill(executor, step, fd);
    TRY(seccomp_read_code(transaction->arena, fd, &program));
    transaction->bars_exit = filter_bars_exit(&program);
    executor->answer = !seccomp_allows(&program, SYS_read);
    return filter_check_program(transaction->config, &program, transaction->error);
}

/* runtime.md, "State": hooks in the container's namespaces see the PID inside the container. */
static int write_hook_state(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    struct state inner = transaction->state;

    inner.pid = sys_process_inner_pid(transaction->init);
    if (inner.pid < 0)
        return inner.pid;
    return executor_fill(executor, step, hook_open_state(&inner, SPEC_STATUS_CREATED));
}

static int open_hook_output(struct executor *executor, const struct plan_step *step)
{
    return executor_fill(executor, step, sys_memfd_empty("hook-output"));
}

static int open_hook_file(struct executor *executor, const struct plan_step *step)
{
    return executor_fill(executor, step,
                         hook_open_file(plan_text(executor->plan, step->open_hook_file.file)));
}

static int open_tree_step(struct executor *executor, const struct plan_step *step)
{
    const char *path = plan_text(executor->plan, step->open_tree.path);
    AUTO_FD tree = sys_open_tree(path, step->open_tree.recursive, !step->open_tree.nofollow);

    if (tree >= 0 && step->open_tree.slave)
        TRY(sys_mount_enslave(tree));
    return executor_fill(executor, step, fd_take(&tree));
}

static int make_mount(struct executor *executor, const struct plan_step *step)
{
    const struct sys_file_system file_system = {
        .type = plan_text(executor->plan, step->make_mount.type),
        .source = plan_optional_text(executor->plan, step->make_mount.source),
        .options = plan_optional_text(executor->plan, step->make_mount.options),
        .attributes = step->make_mount.attributes,
        .superblock = step->make_mount.superblock,
    };

    return executor_fill(executor, step, sys_make_file_system(&file_system));
}

/* A descriptor, with a name, that berth sends to a socket of the caller. */
struct delivery {
    const char *what; /* for messages: "the terminal to the console socket" */
    const char *path;
    const char *name;
    int fd;
};

static int deliver(struct transaction *transaction, const struct delivery *delivery)
{
    AUTO_FD socket = sys_socket_connect_within(delivery->path, SOCK_STREAM, DELIVERY_TIMEOUT_MS);
    int result =
        socket < 0 ? socket
                   : sys_socket_send(socket, delivery->name, strlen(delivery->name), delivery->fd);

    if (result == -EAGAIN)
        result = -ETIMEDOUT;
    return result < 0 ? error_errno(transaction->error, -result, "send %s %s", delivery->what,
                                    delivery->path)
                      : 0;
}

static int hand_console(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    const char *socket = plan_optional_text(executor->plan, step->hand_console.socket);
    AUTO_FD console = fd_take(&executor->slot[PLAN_SLOT_CONSOLE]);

    if (console < 0)
        return -EBADF;
    if (socket != NULL)
        return deliver(transaction, &(struct delivery){"the terminal to the console socket", socket,
                                                       "/dev/ptmx", console});
    console_prepare(console, step->hand_console.is_sized);
    transaction->console = fd_take(&console);
    return 0;
}

static const char *const *unpack_list(struct executor *executor, struct plan_list packed)
{
    struct text_list list = {.arena = executor->arena};
    const char *item = plan_text(executor->plan, packed.first);

    for (uint32_t i = 0; i < packed.count; i++) {
        text_list_add(&list, item);
        item += strlen(item) + 1;
    }
    return (const char *const *) list.item;
}

static int run_hook(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;
    static const char *const nothing[] = {NULL};
    const char *const *own = unpack_list(executor, step->run_hook.env);
    struct hook_call call = {
        .path = plan_text(executor->plan, step->run_hook.program),
        .argv = unpack_list(executor, step->run_hook.argv),
        .envp = step->run_hook.inherits_env ? NULL
                : own != NULL               ? own
                                            : nothing,
        .added_env = step->run_hook.inherits_env ? own : NULL,
        .timeout_s = step->run_hook.timeout_s,
        .unless = &(struct sys_unless){executor->pidfd, executor->signals},
    };
    struct hook_result result =
        hook_run(&transaction->state, &call, SPEC_STATUS_CREATED, transaction->error);

    fd_close(&executor->hook_output);
    executor->hook_output = result.output;
    executor->hook_value = result.wait_status;
    return result.number == EINTR ? executor_read_signal(executor) : -result.number;
}

static int hand_listener(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    const struct listener_process process = {
        &transaction->state,
        step->hand_listener.is_exec ? SPEC_STATUS_RUNNING : SPEC_STATUS_CREATED, transaction->init};

    return listener_hand(executor, step, &process);
}

static int write_pid_file(struct transaction *transaction, const char *path)
{
    const char *pid = arena_printf(transaction->arena, "%d", transaction->init);

    if (path == NULL)
        return 0;
    TRY_ERRNO(file_write_named(path, pid, strlen(pid), 0644), transaction->error,
              "write the pid file %s", path);
    transaction->pid_file = path;
    return 0;
}

static int send_pidfd(struct transaction *transaction, const char *path, int pidfd)
{
    return path == NULL ? 0
                        : deliver(transaction, &(struct delivery){"the pidfd to the socket", path,
                                                                  "pidfd", pidfd});
}

static int commit(struct executor *executor, const struct plan_step *step)
{
    struct transaction *transaction = executor->context;

    TRY(send_pidfd(transaction, plan_optional_text(executor->plan, step->commit.pidfd_socket),
                   executor->pidfd));
    TRY(write_pid_file(transaction, plan_optional_text(executor->plan, step->commit.pid_file)));
    return step->commit.saves ? state_commit(&transaction->state) : 0;
}

executor_handler *const *transaction_handlers(const struct transaction *transaction)
{
    static executor_handler *const handlers[PLAN_OPS] = {
        [PLAN_SAVE_STATE] = save_state,
        [PLAN_MAKE_CGROUP] = make_cgroup,
        [PLAN_LIMIT_CGROUP] = limit_cgroup,
        [PLAN_OWN_CGROUP] = own_cgroup,
        [PLAN_ENTER_DELEGATED] = transaction_enter_delegated,
        [PLAN_MAKE_RDT] = make_rdt,
        [PLAN_JOIN_RDT] = join_rdt,
        [PLAN_LAUNCH] = transaction_launch,
        [PLAN_RECORD_INIT] = record_init,
        [PLAN_MAP_IDS] = map_ids,
        [PLAN_SET_OOM_SCORE] = set_oom_score,
        [PLAN_SET_SCHEDULER] = set_scheduler,
        [PLAN_SET_IO_PRIORITY] = set_io_priority,
        [PLAN_COMPILE_SECCOMP] = compile_seccomp,
        [PLAN_WRITE_HOOK_STATE] = write_hook_state,
        [PLAN_OPEN_HOOK_OUTPUT] = open_hook_output,
        [PLAN_OPEN_HOOK_FILE] = open_hook_file,
        [PLAN_MOVE_NET_DEVICE] = netdevices_move,
        [PLAN_HAND_CONSOLE] = hand_console,
        [PLAN_PIN_NAMESPACE] = pod_pin_namespace,
        [PLAN_AWAIT_END] = pod_await_end,
        [PLAN_COMMIT] = commit,
        [PLAN_CONNECT_AGENT] = listener_connect,
        [PLAN_HAND_LISTENER] = hand_listener,
        [PLAN_START_RECORDER] = recorder_start,
        [PLAN_HAND_RECORDER] = recorder_hand,
        [PLAN_OPEN_TREE] = open_tree_step,
        [PLAN_MAKE_MOUNT] = make_mount,
        [PLAN_MAKE_ID_MAP] = idmap_make,
        [PLAN_MAP_MOUNT] = idmap_map_mount,
        [PLAN_MAKE_DEVICE] = device_make,
        [PLAN_RUN_HOOK] = run_hook,
    };
    const struct transaction_kind *kind = transaction->kind;

    if (kind->n_steps == 0)
        return handlers;
    executor_handler **all = ARENA_ARRAY(transaction->arena, PLAN_OPS, executor_handler *);
    memcpy(all, handlers, sizeof(handlers));
    for (size_t i = 0; i < kind->n_steps; i++)
        all[kind->steps[i].op] = kind->steps[i].handler;
    return all;
}
