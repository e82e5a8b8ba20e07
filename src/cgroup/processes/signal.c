/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/cgroup/signal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/sys/process.h"
#include "hierarchy/files.h"
#include "hierarchy/tree.h"

struct signaller {
    struct arena *arena;
    int signal;
    int failed; /* the first negative errno, else 0 */
};

/* A process can exit and its PID be reused before pidfd_open: only signal it if it is still
 * listed. */
static int signal_member(struct signaller *signaller, const char *path, const char *line)
{
    char *now;

    AUTO_FD pidfd = sys_pidfd_open((pid_t) strtol(line, NULL, 10));
    if (pidfd < 0)
        return pidfd == -ESRCH || pidfd == -EINVAL ? 0 : pidfd;
    int result = cgroup_read_processes(signaller->arena, path, &now);
    if (result < 0 || !cgroup_has_word(now, line))
        return result;
    result = sys_pidfd_signal(pidfd, signaller->signal);
    return result == -ESRCH ? 0 : result;
}

static int signal_members(struct signaller *signaller, const char *path)
{
    char *members;

    TRY(cgroup_read_processes(signaller->arena, path, &members));
    for (char *line; (line = strsep(&members, "\n")) != NULL;)
        if (line[0] != '\0')
            TRY(signal_member(signaller, path, line));
    return 0;
}

/* Goes on after a failure: a cgroup that the container has made unreadable must not protect the
 * others. */
static int signal_in(void *context, const char *path)
{
    struct signaller *signaller = context;
    int result = signal_members(signaller, path);

    if (signaller->failed == 0)
        signaller->failed = result;
    return 0;
}

/* Every hierarchy lists all processes: one is enough. */
static int find_living(const struct cgroup_record *record, const char **ret_path,
                       struct error *error)
{
    const char *unmounted = NULL;

    for (size_t i = 0; i < record->n_paths; i++) {
        *ret_path = record->paths[i];
        if (access(record->paths[i], F_OK) == 0)
            return 0;
        if (errno != ENOENT)
            return error_errno(error, errno, "the container's cgroup %s", record->paths[i]);
        int result = cgroup_check_gone(record->paths[i]);
        if (result == -ENODEV)
            unmounted = record->paths[i];
        else if (result < 0)
            return error_errno(error, -result, "the container's cgroup %s", record->paths[i]);
    }
    if (unmounted != NULL)
        return error_set(error, ENODEV, "the container's cgroup %s: its hierarchy is not mounted",
                         unmounted);
    return error_set(error, ENOENT, "the container's cgroup %s is gone", record->paths[0]);
}

int cgroup_signal(const struct cgroup_record *record, int signal, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct signaller signaller = {&arena, signal, 0};
    const char *path;

    if (record->n_paths == 0)
        return 0;
    TRY(find_living(record, &path, error));
    int result = cgroup_walk(&arena, path, signal_in, &signaller);
    if (signaller.failed < 0)
        result = signaller.failed;
    if (result < 0)
        return error_errno(error, -result, "signal the processes of cgroup %s", path);
    return 0;
}

struct lister {
    struct arena *arena;
    pid_t *pids;
    size_t count;
    size_t room;
};

static int list_members(void *context, const char *path)
{
    struct lister *lister = context;
    char *members;

    TRY(cgroup_read_processes(lister->arena, path, &members));
    for (char *line; (line = strsep(&members, "\n")) != NULL;) {
        pid_t pid = (pid_t) strtol(line, NULL, 10);

        if (pid <= 0)
            continue;
        lister->pids = arena_grow(lister->arena, lister->pids, lister->count, &lister->room,
                                  sizeof(*lister->pids));
        lister->pids[lister->count++] = pid;
    }
    return 0;
}

int cgroup_list_processes(struct arena *arena, const struct cgroup_record *record, pid_t **ret_pids,
                          size_t *ret_count, struct error *error)
{
    struct lister lister = {.arena = arena};
    const char *path;

    if (record->n_paths == 0)
        return error_set(error, ENODEV,
                         "the container has no cgroup of its own that tells its processes");
    TRY(find_living(record, &path, error));
    TRY_ERRNO(cgroup_walk(arena, path, list_members, &lister), error,
              "list the processes of cgroup %s", path);
    *ret_pids = lister.pids;
    *ret_count = lister.count;
    return 0;
}
