/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: criu writes the container's processes to an image. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/log.h"
#include "berth/cgroup/place.h"
#include "berth/spec/annotations.h"
#include "berth/spec/check.h"
#include "berth/sys/process.h"
#include "container.h"
#include "launch/destroy.h"
#include "launch/foreground.h"
#include "state/state.h"

#define LOG "dump.log"
#define END_MS 10000

struct checkpoint {
    const struct runtime_checkpoint *request;
    struct state state;
    struct criu criu;
    struct criu_container container;
    int dirs[2]; /* of the image and of the log */
    struct text options;
    struct error *error;
};

static int check_status(struct checkpoint *checkpoint)
{
    struct state *state = &checkpoint->state;
    enum spec_status status;

    if (state_is_pod(state))
        return state_check_living(state, &status, checkpoint->error);
    status = state_status(state);
    switch (status) {
    case SPEC_STATUS_RUNNING:
    case SPEC_STATUS_PAUSED:
        return 0;
    case SPEC_STATUS_CREATED:
        return error_set(checkpoint->error, EINVAL,
                         "cannot checkpoint container \"%s\": it is created, and has not started",
                         state->id);
    default:
        return state_not_running(state, status, checkpoint->error);
    }
}

static int find_container(struct checkpoint *checkpoint)
{
    struct state *state = &checkpoint->state;
    const struct spec_config *config;

    TRY(state_open_locked(state, checkpoint->error));
    TRY(check_status(checkpoint));
    if (geteuid() != 0)
        return error_set(checkpoint->error, EPERM,
                         "checkpoint: criu needs root's rights: operation not permitted");
    TRY(state_read_config(state, &config, checkpoint->error));
    checkpoint->container = (struct criu_container){
        .arena = state->arena,
        .config = config,
        .bundle = state->record.bundle,
        .rootfs = state->record.rootfs,
        .pid = state->pid,
    };
    if (state->record.records_seccomp)
        return error_set(checkpoint->error, ENOTSUP,
                         "checkpoint: --record-seccomp was used in container \"%s\": no recorder "
                         "would answer its system calls after restore",
                         state->id);
    if (spec_delegates_cgroup(config))
        return error_at(checkpoint->error, "annotations[\"" SPEC_DELEGATE_CGROUP "\"]", ENOTSUP,
                        "checkpoint: restore cannot make a delegated cgroup");
    TRY(criu_check_links(&checkpoint->container, checkpoint->error));
    return criu_check_added_mounts(&checkpoint->container, &state->record, checkpoint->error);
}

/* criu has to stop the processes with the freezer: it could not stop processes that are frozen
 * already in any other way. */
static int put_freezer(struct checkpoint *checkpoint)
{
    struct cgroup_host host;
    struct cgroup cgroup;

    if (checkpoint->state.record.n_cgroups == 0)
        return 0;
    TRY(state_find_cgroup(&checkpoint->state, &host, &cgroup, checkpoint->error));
    const struct cgroup_hierarchy *freezer = cgroup_find_hierarchy(&host, "freezer");
    for (size_t i = 0; i < cgroup.n_places; i++)
        if (cgroup.places[i].hierarchy == freezer)
            criu_put_string(&checkpoint->options, CRIU_FREEZE_CGROUP, cgroup.places[i].path);
    return 0;
}

static int check_parent(struct checkpoint *checkpoint)
{
    const char *parent = checkpoint->request->parent_path;
    struct stat info;

    if (parent[0] == '/')
        return error_set(checkpoint->error, EINVAL,
                         "--parent-path must be relative to the directory of the image, not \"%s\"",
                         parent);
    if (fstatat(checkpoint->dirs[0], parent, &info, 0) < 0)
        return error_errno(checkpoint->error, errno,
                           "--parent-path: %s, from the directory of the image", parent);
    return 0;
}

/* Splits "ADDRESS:PORT". An IPv6 address contains colons itself. */
static int put_page_server(struct checkpoint *checkpoint)
{
    const char *server = checkpoint->request->page_server;
    const char *colon = strrchr(server, ':');
    struct text inner = {.arena = checkpoint->state.arena};
    uint64_t port = 0;

    if (colon == NULL || colon == server || text_to_u64(colon + 1, &port) < 0 || port == 0 ||
        port > 65535)
        return error_set(checkpoint->error, EINVAL, "--page-server: not ADDRESS:PORT: \"%s\"",
                         server);
    criu_put_string(&inner, 1, arena_copy(inner.arena, server, (size_t) (colon - server)));
    criu_put_number(&inner, 2, (int64_t) port);
    criu_put_message(&checkpoint->options, CRIU_PAGE_SERVER, &inner);
    return 0;
}

/* Returns whether the descriptor was inherited. All of berth's own are close-on-exec. */
static bool is_callers(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

static int parse_status_fd(struct checkpoint *checkpoint)
{
    const char *words = checkpoint->request->status_fd;
    uint64_t fd;

    if (words == NULL)
        return 0;
    if (text_to_u64(words, &fd) < 0 || fd > INT_MAX || !is_callers((int) fd))
        return error_set(checkpoint->error, EINVAL, "--status-fd: no open descriptor: \"%s\"",
                         words);
    checkpoint->criu.status_fd = (int) fd;
    return 0;
}

static int put_own_options(struct checkpoint *checkpoint)
{
    const struct runtime_checkpoint *request = checkpoint->request;
    struct text *options = &checkpoint->options;

    criu_put_number(options, CRIU_PID, checkpoint->state.pid);
    criu_put_string(options, CRIU_LOG_FILE, LOG);
    criu_put_number(options, CRIU_LEAVE_RUNNING, request->leave_running);
    criu_put_number(options, CRIU_TCP_SKIP_IN_FLIGHT, request->tcp_skip_in_flight);
    criu_put_number(options, CRIU_LINK_REMAP, request->link_remap);
    criu_put_number(options, CRIU_TRACK_MEM, request->pre_dump || request->parent_path != NULL);
    if (request->parent_path != NULL) {
        TRY(check_parent(checkpoint));
        criu_put_string(options, CRIU_PARENT_IMG, request->parent_path);
    }
    if (request->page_server != NULL)
        TRY(put_page_server(checkpoint));
    return parse_status_fd(checkpoint);
}

static int build_request(struct checkpoint *checkpoint)
{
    struct text *options = &checkpoint->options;

    criu_put_number(options, CRIU_IMAGES_DIR_FD, checkpoint->dirs[0]);
    criu_put_number(options, CRIU_WORK_DIR_FD, checkpoint->dirs[1]);
    criu_put_string(options, CRIU_ROOT, checkpoint->container.rootfs);
    TRY(criu_put_common(&checkpoint->request->criu, checkpoint->container.config, options,
                        checkpoint->error));
    TRY(put_own_options(checkpoint));
    TRY(put_freezer(checkpoint));
    TRY(criu_put_namespaces(&checkpoint->container, options, checkpoint->error));
    TRY(criu_put_mounts(&checkpoint->container, options, checkpoint->error));
    return criu_note_descriptors(&checkpoint->container, checkpoint->dirs[0], options,
                                 checkpoint->error);
}

static int check_criu(struct checkpoint *checkpoint)
{
    const struct runtime_checkpoint *request = checkpoint->request;
    struct criu_needs needs[CRIU_NEEDS_MAX];
    size_t count = criu_needs_of(&request->criu, needs);

    if (request->pre_dump || request->parent_path != NULL)
        needs[count++] = (struct criu_needs){
            .option = request->pre_dump ? "--pre-dump" : "--parent-path", .mem_track = true};
    return criu_check(&checkpoint->criu, needs, count);
}

static int dump(struct checkpoint *checkpoint)
{
    enum criu_type type = checkpoint->request->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP;
    struct criu_answer answer;

    TRY(criu_put_yard(&checkpoint->criu, &checkpoint->options));
    TRY(criu_start(&checkpoint->criu));
    TRY(criu_ask(&checkpoint->criu, type, &checkpoint->options));
    return criu_until(&checkpoint->criu, NULL, &answer, NULL);
}

/* Once signals are blocked, a signal lets criu undo what it has begun. */
static int carry_out(struct checkpoint *checkpoint)
{
    TRY(find_container(checkpoint));
    AUTO_FD signals = foreground_block_signals(false, checkpoint->error);
    if (signals < 0)
        return signals;
    checkpoint->criu.signals = signals;
    TRY(check_criu(checkpoint));
    TRY(criu_open_dirs(&checkpoint->criu, &checkpoint->request->criu, true, checkpoint->dirs));
    TRY(build_request(checkpoint));
    int result = dump(checkpoint);
    criu_end(&checkpoint->criu);
    return result;
}

/* criu has killed the processes: delete the container, as runc and crun do. */
static int finish(struct checkpoint *checkpoint)
{
    struct state *state = &checkpoint->state;
    AUTO_FD pidfd = state_open_process(state);

    if (pidfd >= 0)
        sys_pidfd_wait(pidfd, END_MS);
    return destroy_container(state, checkpoint->error);
}

int runtime_checkpoint(const struct runtime_options *options,
                       const struct runtime_checkpoint *request, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct checkpoint checkpoint = {
        .request = request,
        .state = state_of(&arena, options, request->id),
        .criu = criu_of(&arena, "checkpoint", LOG, error),
        .dirs = {-1, -1},
        .options = {.arena = &arena},
        .error = error,
    };
    int result = carry_out(&checkpoint);

    if (result == 0 && !request->leave_running && !request->pre_dump)
        result = finish(&checkpoint);
    fd_close(&checkpoint.dirs[0]);
    fd_close(&checkpoint.dirs[1]);
    state_close(&checkpoint.state);
    return result;
}
