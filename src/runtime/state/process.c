/* SPDX-License-Identifier: Apache-2.0 */
/* The link that names the container's process. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/sys/process.h"

#define PROCESS_CREATING "process.creating"

/* Parses "PID START_TIME". Returns what follows, or NULL if that is not what the text says. */
static const char *parse_process(const char *text, pid_t *ret_pid, uint64_t *ret_start_time)
{
    uint64_t pid;

    if (!text_next_u64(&text, &pid) || pid > INT_MAX || !text_next_u64(&text, ret_start_time))
        return NULL;
    *ret_pid = (pid_t) pid;
    return text;
}

/* Returns 0, -ENOENT if there is no link, or another negative errno. */
static int read_link(struct state *state, const char *name)
{
    char text[64]; /* enough for the beginning */
    ssize_t size = readlinkat(state->dir, name, text, sizeof(text) - 1);

    if (size < 0)
        return -errno;
    text[size] = '\0';
    return parse_process(text, &state->pid, &state->start_time) != NULL ? 0 : -EBADMSG;
}

/* The creator may rename the link between the two reads. */
int state_read_process(struct state *state)
{
    state->pid = 0;
    int result = read_link(state, STATE_PROCESS);
    if (result == -ENOENT && (result = read_link(state, PROCESS_CREATING)) == 0)
        return 0;
    if (result == -ENOENT)
        result = read_link(state, STATE_PROCESS);
    state->committed = result == 0;
    if (result < 0)
        state->pid = 0;
    return result == -ENOENT ? 0 : result;
}

int state_save_process(const struct state *state)
{
    const char *process = arena_printf(state->arena, "%d %" PRIu64, state->pid, state->start_time);
    const char *line = arena_printf(state->arena, "%s %s %s", process, state->record.created,
                                    state->record.bundle);

    int result = symlinkat(line, state->dir, PROCESS_CREATING);
    if (result < 0 && errno == ENAMETOOLONG)
        result = symlinkat(process, state->dir, PROCESS_CREATING);
    return result < 0 ? -errno : 0;
}

int state_release_process(struct state *state)
{
    if (unlinkat(state->dir, PROCESS_CREATING, 0) < 0)
        return -errno;
    state->pid = 0;
    state->start_time = 0;
    return state_save_process(state);
}

int state_commit(struct state *state)
{
    if (renameat(state->dir, PROCESS_CREATING, state->dir, STATE_PROCESS) < 0)
        return -errno;
    state->committed = true;
    return 0;
}

int state_check_alive(pid_t pid, uint64_t start_time)
{
    return pid <= 0 ? -ESRCH : sys_process_started_at(pid, start_time);
}

/* Every container has both files until `delete` removes them, the record first. */
static bool has_record(int root, const char *id, uid_t *ret_owner)
{
    char path[NAME_MAX + sizeof("/" STATE_RECORD)];
    struct stat info;

    snprintf(path, sizeof(path), "%s/" STATE_RECORD, id);
    if (fstatat(root, path, &info, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(info.st_mode))
        return false;
    *ret_owner = info.st_uid;
    return info.st_size > 0;
}

/* kill(2) misses zombies and reused PIDs, which state_status finds, but costs only one call for a
 * living process. A pod, with PID 0, needs none. */
static bool is_gone(const struct state_view *view, pid_t pid, uint64_t start_time)
{
    if (pid == 0)
        return false;
    if (view->own_procs)
        return kill(pid, 0) < 0 && errno == ESRCH;
    return state_check_alive(pid, start_time) == -ESRCH;
}

bool state_see_stopped(const struct state_view *view, const char *id, struct state_seen *ret_seen)
{
    char path[NAME_MAX + sizeof("/" STATE_PROCESS)];
    char text[PATH_MAX];
    uint64_t start_time;
    pid_t pid;

    snprintf(path, sizeof(path), "%s/" STATE_PROCESS, id);
    ssize_t size = readlinkat(view->root, path, text, sizeof(text) - 1);
    if (size < 0)
        return false;
    text[size] = '\0';
    const char *created = parse_process(text, &pid, &start_time);
    const char *bundle = created == NULL || *created == '\0' ? NULL : strchr(created + 1, ' ');
    if (bundle == NULL || !is_gone(view, pid, start_time) ||
        !has_record(view->root, id, &ret_seen->owner))
        return false;
    ret_seen->created = arena_copy(view->arena, created + 1, (size_t) (bundle - created - 1));
    ret_seen->bundle = arena_string(view->arena, bundle + 1);
    return true;
}
