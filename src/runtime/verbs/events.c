/* SPDX-License-Identifier: Apache-2.0 */
/* events. */
#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/json.h"
#include "berth/base/log.h"
#include "berth/cgroup/oom.h"
#include "berth/cgroup/place.h"
#include "berth/cgroup/probe.h"
#include "berth/cgroup/stats.h"
#include "berth/runtime/runtime.h"
#include "berth/sys/process.h"
#include "state/state.h"

#define NS_IN_S 1000000000

enum { OUTPUT, PROCESS, OOM, TIMER, FDS };

struct watch {
    const char *id;
    int output;
    int process; /* a pidfd */
    struct cgroup_host host;
    struct cgroup cgroup;
};

/* Returns -EPIPE without an error if the reader has gone away: that is how callers usually end
 * events. */
static int put_line(const struct watch *watch, struct json *json, struct error *error)
{
    text_add(&json->text, "\n");
    int result = fd_write_all(watch->output, json->text.bytes, json->text.size);

    if (result == -EPIPE || result == 0)
        return result;
    return error_errno(error, -result, "write the events");
}

static void open_line(const struct watch *watch, const char *type, struct arena *arena,
                      struct json *ret_json)
{
    json_start(ret_json, arena, false);
    json_object_open(ret_json);
    json_member(ret_json, "type", type);
    json_member(ret_json, "id", watch->id);
}

static int put_stats(const struct watch *watch, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct json json;

    open_line(watch, "stats", &arena, &json);
    json_key(&json, "data");
    TRY(cgroup_stats(&watch->cgroup, &json, error));
    json_object_close(&json);
    return put_line(watch, &json, error);
}

static int put_ooms(const struct watch *watch, uint64_t count, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct json json;

    while (count-- > 0) {
        open_line(watch, "oom", &arena, &json);
        json_object_close(&json);
        TRY(put_line(watch, &json, error));
    }
    return 0;
}

static bool has_ended(const struct watch *watch)
{
    return sys_pidfd_wait(watch->process, 0) == 0;
}

/* The container may be deleted between the end of its process and the notification of it. */
static int put_stats_now(const struct watch *watch, struct error *error)
{
    int result = put_stats(watch, error);

    if (result == -ENODEV && has_ended(watch)) {
        *error = (struct error){0};
        return 0;
    }
    return result;
}

static int open_timer(int64_t interval_ns, struct error *error)
{
    const struct timespec interval = {interval_ns / NS_IN_S, interval_ns % NS_IN_S};
    const struct itimerspec times = {interval, interval};

    AUTO_FD fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0 || timerfd_settime(fd, 0, &times, NULL) < 0)
        return error_errno(error, errno, "set a timer");
    return fd_take(&fd);
}

/* Runs until the container's process has ended. OOM kills that ended it are reported first. */
static int loop(const struct watch *watch, struct cgroup_oom *oom, int timer, struct error *error)
{
    struct pollfd fds[FDS] = {
        [OUTPUT] = {.fd = watch->output},
        [PROCESS] = {.fd = sys_pidfd_pollable(watch->process), .events = POLLIN},
        [OOM] = {.fd = oom->fd, .events = POLLIN},
        [TIMER] = {.fd = timer, .events = POLLIN},
    };

    const int wait_ms = sys_pidfd_poll_ms(watch->process);

    for (;;) {
        uint64_t ticks;

        if (poll(fds, FDS, wait_ms) < 0) {
            if (errno != EINTR)
                return error_errno(error, errno, "wait for events");
            continue;
        }
        if (fds[OUTPUT].revents != 0)
            return -EPIPE;
        bool is_over = sys_pidfd_wait(watch->process, 0) == 0;
        if (fds[OOM].revents != 0 || is_over)
            TRY(put_ooms(watch, cgroup_oom_take(oom), error));
        if (is_over)
            return 0;
        if (read(timer, &ticks, sizeof(ticks)) == sizeof(ticks))
            TRY(put_stats_now(watch, error));
    }
}

static int follow(const struct watch *watch, int64_t interval_ns, struct error *error)
{
    AUTO_CGROUP_OOM oom = {.fd = -1};

    TRY(cgroup_oom_open(&watch->cgroup, &oom, error));
    if (oom.fd < 0)
        log_warning("OOM kills are not reported: the container's cgroups have no memory "
                    "controller");
    /* The command ends with the container: a warning is of use now. */
    log_release_warnings();
    AUTO_FD timer = open_timer(interval_ns, error);
    if (timer < 0)
        return timer;
    return loop(watch, &oom, timer, error);
}

int runtime_events(const struct runtime_options *options, const struct runtime_events *request,
                   struct error *error)
{
    AUTO_ARENA arena = {0};
    AUTO_STATE state = state_of(&arena, options, request->id);
    struct watch watch = {.id = request->id, .output = request->output};

    TRY(state_open(&state, error));
    if (!state.has_record)
        return state_does_not_exist(&state, error);
    AUTO_FD process = state_open_living(&state, error);
    if (process < 0)
        return process;
    watch.process = process;
    TRY(state_find_cgroup(&state, &watch.host, &watch.cgroup, error));
    int result =
        request->once ? put_stats(&watch, error) : follow(&watch, request->interval_ns, error);
    return result == -EPIPE && error->number == 0 ? 0 : result;
}
