/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/text.h"
#include "berth/cgroup/remove.h"
#include "berth/sys/process.h"
#include "freezer.h"
#include "hierarchy/files.h"
#include "hierarchy/tree.h"

#define DEADLINE_MS 10000
#define UNTHAWED_MS 10 /* to wait for processes that may be frozen before thawing them again */
#define NAP_MS 1
#define MAX_BATCH 256

struct killer {
    struct arena *arena;
    int pidfds[MAX_BATCH];
    size_t count;
    size_t found; /* processes listed in this round; not all may be visible here */
    bool freezes;
    bool has_frozen; /* a cgroup in this round */
    int unthawed;    /* negative errno if a cgroup could not be thawed in this round, else 0 */
    int failed;      /* negative errno if a list could not be read, else 0 */
};

/* Is `pid` a line of the text? */
static bool lists(const char *processes, pid_t pid)
{
    char line[32];

    snprintf(line, sizeof(line), "%d", pid);
    return cgroup_has_word(processes, line);
}

/* A process can exit and its PID be reused between reading the list and pidfd_open: only kill
 * those that are still listed after that. */
static void kill_members(struct killer *killer, const char *path)
{
    char *before;
    char *after;
    size_t first = killer->count;
    pid_t pids[MAX_BATCH];

    int result = cgroup_read_processes(killer->arena, path, &before);
    if (result < 0) {
        killer->failed = result;
        return;
    }
    for (char *line; (line = strsep(&before, "\n")) != NULL;) {
        pid_t pid = (pid_t) strtol(line, NULL, 10);

        killer->found += line[0] != '\0';
        if (pid <= 0 || pid == getpid() || killer->count == MAX_BATCH)
            continue;
        int pidfd = sys_pidfd_open(pid);
        if (pidfd < 0)
            continue;
        pids[killer->count] = pid;
        killer->pidfds[killer->count++] = pidfd;
    }
    if (killer->count == first)
        return;
    if (cgroup_read(killer->arena, path, "cgroup.procs", &after) < 0)
        after = "";
    for (size_t i = first; i < killer->count; i++) {
        if (lists(after, pids[i]))
            sys_pidfd_signal(killer->pidfds[i], SIGKILL);
        else
            fd_close(&killer->pidfds[i]);
    }
}

static int freeze(void *context, const char *path)
{
    struct killer *killer = context;

    if (cgroup_ask_to_freeze(path, true) == 0)
        killer->has_frozen = true;
    return 0;
}

static int kill_in(void *context, const char *path)
{
    kill_members(context, path);
    return 0;
}

static int thaw(void *context, const char *path)
{
    struct killer *killer = context;
    int result = cgroup_ask_to_freeze(path, false);

    if (result < 0 && result != -ENOENT)
        killer->unthawed = result;
    return 0;
}

/* Returns 0, or a negative errno if not all cgroups could be found. */
static int walk_all(struct killer *killer, const struct cgroup_record *record,
                    int (*visit)(void *, const char *))
{
    int failed = 0;

    for (size_t i = 0; i < record->n_paths; i++) {
        int result = cgroup_walk(killer->arena, record->paths[i], visit, killer);

        if (result < 0)
            failed = result;
    }
    return failed;
}

static void nap(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* Waits for the processes killed in this round. */
static void wait_for_killed(struct killer *killer, int64_t deadline_ms)
{
    bool waited = false;

    for (size_t i = 0; i < killer->count; i++) {
        int64_t left = deadline_ms - clock_now_ms();

        if (killer->pidfds[i] < 0)
            continue;
        sys_pidfd_wait(killer->pidfds[i], left > 0 ? (int) left : 0);
        waited = true;
        fd_close(&killer->pidfds[i]);
    }
    /* Processes of an unrelated PID namespace have no PID here, dying ones no pidfd. */
    if (!waited)
        nap(NAP_MS);
}

/* Freezes from the second round on, so that a fork bomb cannot fork faster than its list is
 * read. */
static bool run_round(struct killer *killer, const struct cgroup_record *record,
                      int64_t deadline_ms)
{
    killer->count = 0;
    killer->found = 0;
    killer->failed = 0;
    killer->unthawed = 0;
    killer->has_frozen = false;
    if (killer->freezes)
        walk_all(killer, record, freeze);
    int result = walk_all(killer, record, kill_in);
    if (result < 0)
        killer->failed = result;
    if (killer->found == 0 && !killer->freezes)
        return false;
    result = walk_all(killer, record, thaw);
    if (result < 0)
        killer->unthawed = result;
    killer->freezes = true;
    if (killer->found > 0)
        wait_for_killed(killer, killer->unthawed < 0 ? clock_now_ms() + UNTHAWED_MS : deadline_ms);
    else if (killer->failed == 0 && killer->has_frozen && killer->unthawed < 0)
        nap(UNTHAWED_MS);
    else
        return false;
    return true;
}

int cgroup_kill(const struct cgroup_record *record, struct error *error)
{
    AUTO_ARENA arena = {0};
    struct killer killer = {.arena = &arena};
    int64_t deadline_ms = clock_now_ms() + DEADLINE_MS;

    /* cgroup.kill only for cgroups that are removed afterwards: after it, kernels such as
     * 6.1.176 and 6.18 kill every process that is cloned into the cgroup (CLONE_INTO_CGROUP). */
    for (size_t i = 0; i < record->n_paths; i++)
        if (text_is_one_of(record->paths[i], record->made, record->n_made))
            cgroup_put(record->paths[i], "cgroup.kill", "1");
    while (run_round(&killer, record, deadline_ms))
        if (clock_now_ms() > deadline_ms)
            return killer.unthawed < 0
                       ? error_errno(error, -killer.unthawed, "thaw the cgroup %s to kill it",
                                     record->paths[0])
                       : error_set(error, EBUSY, "cgroup %s: processes are left after SIGKILL",
                                   record->paths[0]);
    if (killer.failed < 0)
        return error_errno(error, -killer.failed,
                           "cgroup %s: find the processes that are to be killed", record->paths[0]);
    return 0;
}
