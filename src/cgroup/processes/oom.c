/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/cgroup/place.h"
#include "hierarchy/files.h"

#define V1_EVENTS "memory.oom_control"
#define V1_REGISTER "cgroup.event_control"
#define V2_EVENTS "memory.events"
#define V2_COUNTER "oom_kill"

/* --- v1 --------------------------------------------------------------------------------------- */

static int open_v1(const char *path, struct cgroup_oom *oom, struct error *error)
{
    AUTO_ARENA arena = {0};
    const char *events = arena_printf(&arena, "%s/%s", path, V1_EVENTS);

    AUTO_FD control = open(events, O_RDONLY | O_CLOEXEC);
    /* The kernel lacks the file, or the cgroup is gone: `events` warns that it reports no OOM
     * kills. */
    if (control < 0 && errno == ENOENT)
        return 0;
    if (control < 0)
        return error_errno(error, errno, "open %s", events);
    AUTO_FD fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return error_errno(error, errno, "open an eventfd");
    const char *text = arena_printf(&arena, "%d %d", fd, control);
    TRY_ERRNO(cgroup_put(path, V1_REGISTER, text), error, "ask for the events of %s by %s", events,
              V1_REGISTER);
    oom->fd = fd_take(&fd);
    return 0;
}

static uint64_t take_v1(const struct cgroup_oom *oom)
{
    AUTO_ARENA arena = {0};
    uint64_t count;

    if (read(oom->fd, &count, sizeof(count)) != sizeof(count))
        return 0;
    /* The kernel also signals the eventfd when the cgroup is removed. */
    bool is_there = access(arena_printf(&arena, "%s/%s", oom->path, V1_EVENTS), F_OK) == 0;
    return is_there ? count : count - 1;
}

/* --- v2 --------------------------------------------------------------------------------------- */

static int read_counter(const char *path, uint64_t *ret_count)
{
    int result = cgroup_read_counter(path, V2_EVENTS, V2_COUNTER, ret_count);

    return result == -ENOENT ? -EBADMSG : result;
}

static int open_v2(const char *path, struct cgroup_oom *oom, struct error *error)
{
    AUTO_ARENA arena = {0};
    const char *events = arena_printf(&arena, "%s/%s", path, V2_EVENTS);

    /* The parent cgroup gives it no memory controller, or the cgroup is gone: likewise. */
    if (access(events, F_OK) < 0 && errno == ENOENT)
        return 0;
    AUTO_FD fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0)
        return error_errno(error, errno, "open an inotify descriptor");
    if (inotify_add_watch(fd, events, IN_MODIFY) < 0)
        return error_errno(error, errno, "watch %s", events);
    TRY_ERRNO(read_counter(path, &oom->seen), error, "read %s", events);
    oom->fd = fd_take(&fd);
    return 0;
}

/* Relies on the counter only: the file changes for other events too, and the notification may
 * come later. */
static uint64_t take_v2(struct cgroup_oom *oom)
{
    char events[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    uint64_t count;
    uint64_t seen = oom->seen;

    while (read(oom->fd, events, sizeof(events)) > 0)
        ;
    if (read_counter(oom->path, &count) < 0 || count <= seen)
        return 0;
    oom->seen = count;
    return count - seen;
}

int cgroup_oom_open(const struct cgroup *cgroup, struct cgroup_oom *ret_oom, struct error *error)
{
    const struct cgroup_place *place = cgroup_place_with(cgroup, "memory");
    struct cgroup_oom oom = {.fd = -1};

    if (place != NULL) {
        oom.path = place->path;
        oom.v2 = place->hierarchy->v2;
        TRY((oom.v2 ? open_v2 : open_v1)(place->path, &oom, error));
    }
    *ret_oom = oom;
    return 0;
}

uint64_t cgroup_oom_take(struct cgroup_oom *oom)
{
    if (oom->fd < 0)
        return 0;
    return oom->v2 ? take_v2(oom) : take_v1(oom);
}

void cgroup_oom_close(struct cgroup_oom *oom)
{
    fd_close(&oom->fd);
}
