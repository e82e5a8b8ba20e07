/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/base/array.h"
#include "berth/base/clock.h"
#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/cgroup/freeze.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/read.h"
#include "berth/sys/probe.h"
#include "berth/sys/process.h"
#include "record.h"

#define DEFAULT_ROOT "/run/berth"
#define RECORD "state.json"
#define PROCESS "process"
#define PROCESS_CREATING "process.creating"
#define LOCK_TIMEOUT_MS 10000
#define LOCK_NAP_NS 2000000

const char *runtime_default_root(struct arena *arena)
{
    const char *own = text_environment("XDG_RUNTIME_DIR");

    if (own != NULL && (geteuid() != 0 || sys_in_user_namespace() > 0))
        return text_path_join(arena, own, "berth");
    return DEFAULT_ROOT;
}

const char *state_root(struct arena *arena, const struct runtime_options *options)
{
    return options->root != NULL ? options->root : runtime_default_root(arena);
}

int state_root_error(const char *root, struct error *error)
{
    if (error->number == EACCES && geteuid() != 0 && text_equal(root, DEFAULT_ROOT))
        return error_hint(error, "it is root's: set XDG_RUNTIME_DIR, or give --root");
    return -error->number;
}

struct state state_of(struct arena *arena, const struct runtime_options *options, const char *id)
{
    return (struct state){.arena = arena, .root = state_root(arena, options), .id = id, .dir = -1};
}

bool state_id_is_valid(const char *id)
{
    static const char alphabet[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
    size_t length = strlen(id);

    return length > 0 && length <= NAME_MAX && strspn(id, alphabet) == length &&
           !text_equal(id, ".") && !text_equal(id, "..");
}

static const char *path_of(const struct state *state)
{
    return text_path_join(state->arena, state->root, state->id);
}

static int open_dir(struct state *state)
{
    state->dir = open(path_of(state), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return state->dir < 0 ? -errno : 0;
}

/* Returns 0, also if this process already holds the lock, -EWOULDBLOCK if another command holds it,
 * or another negative errno. */
static int try_lock(struct state *state)
{
    if (!state->locked && flock(state->dir, LOCK_EX | LOCK_NB) < 0)
        return -errno;
    state->locked = true;
    return 0;
}

/* Waits up to LOCK_TIMEOUT_MS: the holder may be stopped, or run a hook that does not end. */
static int lock(struct state *state)
{
    const int64_t end_ms = clock_now_ms() + LOCK_TIMEOUT_MS;
    int result;

    while ((result = try_lock(state)) < 0) {
        if (result != -EINTR && result != -EWOULDBLOCK)
            return result;
        if (clock_now_ms() >= end_ms)
            return -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_NAP_NS}, NULL);
    }
    return 0;
}

int state_relock(struct state *state)
{
    struct stat info;

    TRY(lock(state));
    if (fstat(state->dir, &info) < 0)
        return -errno;
    return info.st_nlink == 0 ? -ENOENT : 0;
}

int state_check_id(const char *id, struct error *error)
{
    if (state_id_is_valid(id))
        return 0;
    return error_set(error, EINVAL,
                     "invalid container ID format: invalid character in the container ID \"%s\", "
                     "or it is too long: letters, "
                     "digits and \"_+-.\" are allowed, "
                     "\".\" and \"..\" are not, and at most %d bytes",
                     id, NAME_MAX);
}

/* Explains a directory without a record: another berth is creating or deleting the container, or
 * was killed while it did. */
static int hint_at_half(const struct state *state, struct error *error)
{
    if (access(path_of(state), F_OK) < 0 ||
        access(text_path_join(state->arena, path_of(state), RECORD), F_OK) == 0)
        return -error->number;
    return error_hint(error,
                      "create or delete is at work, or was interrupted: berth delete --force %s "
                      "removes what it left",
                      state->id);
}

static int already_exists(const struct state *state, struct error *error)
{
    error_set(error, EEXIST, "container \"%s\" already exists", state->id);
    return hint_at_half(state, error);
}

int state_check_free(const struct state *state, struct error *error)
{
    if (access(path_of(state), F_OK) == 0)
        return already_exists(state, error);
    if (errno == ENOENT)
        return 0;
    error_errno(error, errno, "look at the directory %s", path_of(state));
    return state_root_error(state->root, error);
}

/* Creates the root directory too, for the first container. */
static int make_path(const struct state *state)
{
    if (mkdir(path_of(state), 0700) == 0)
        return 0;
    if (errno != ENOENT)
        return -errno;
    TRY(file_make_dirs(state->root, 0700));
    return mkdir(path_of(state), 0700) < 0 ? -errno : 0;
}

/* Returns -ESTALE if a `delete` has removed the directory, taking it for what a killed creator
 * left. */
static int make_dir(struct state *state, struct error *error)
{
    int result = make_path(state);

    if (result == -EEXIST)
        return already_exists(state, error);
    if (result < 0) {
        error_errno(error, -result, "make the directory %s", path_of(state));
        return state_root_error(state->root, error);
    }
    result = open_dir(state);
    if (result == 0)
        result = state_relock(state);
    if (result == 0)
        return 0;
    fd_close(&state->dir);
    if (result == -ENOENT)
        return -ESTALE;
    rmdir(path_of(state));
    return error_errno(error, -result, "open the directory %s", path_of(state));
}

int state_make(struct state *state, struct error *error)
{
    int result;

    TRY(state_check_id(state->id, error));
    do {
        result = make_dir(state, error);
    } while (result == -ESTALE);
    return result;
}

int state_does_not_exist(const struct state *state, struct error *error)
{
    error_set(error, ENOENT, "container \"%s\" does not exist", state->id);
    return state_id_is_valid(state->id) ? hint_at_half(state, error) : -ENOENT;
}

/* Returns 0, -ENOENT if there is no link, or another negative errno. */
static int read_link(struct state *state, const char *name)
{
    char text[64];
    ssize_t size = readlinkat(state->dir, name, text, sizeof(text) - 1);

    if (size < 0)
        return -errno;
    text[size] = '\0';
    return sscanf(text, "%d %" SCNu64, &state->pid, &state->start_time) == 2 ? 0 : -EBADMSG;
}

/* The creator may rename the link between the two reads. */
static int read_process(struct state *state)
{
    state->pid = 0;
    int result = read_link(state, PROCESS);
    if (result == -ENOENT && (result = read_link(state, PROCESS_CREATING)) == 0)
        return 0;
    if (result == -ENOENT)
        result = read_link(state, PROCESS);
    state->committed = result == 0;
    if (result < 0)
        state->pid = 0;
    return result == -ENOENT ? 0 : result;
}

/* Reads the process first: an unreadable record must not hide it. */
static int read_record(struct state *state, struct error *error)
{
    const struct spec_record *record;
    char *bytes;
    size_t size;
    int result = read_process(state);

    if (result < 0)
        return error_errno(error, -result, "read %s/%s", path_of(state), PROCESS);
    result = file_read(state->arena, state->dir, RECORD, &bytes, &size);
    if (result == -ENOENT)
        return 0;
    if (result < 0) {
        error_errno(error, -result, "read %s/%s", path_of(state), RECORD);
        return error_cause(error, "%s", file_read_error(-result));
    }
    if (spec_read_record(state->arena, bytes, size, &record, error) < 0)
        return error_set_file(error, text_path_join(state->arena, path_of(state), RECORD));
    state->record = *record;
    state->has_record = true;
    return 0;
}

/* Opens the directory. A container with an invalid ID does not exist. */
static int open_existing(struct state *state, struct error *error)
{
    int result = state_id_is_valid(state->id) ? open_dir(state) : -ENOENT;

    if (result == -ENOENT)
        return state_does_not_exist(state, error);
    if (result < 0) {
        error_errno(error, -result, "open the directory %s", path_of(state));
        return state_root_error(state->root, error);
    }
    return 0;
}

int state_open(struct state *state, struct error *error)
{
    TRY(open_existing(state, error));
    return read_record(state, error);
}

/* Returns whether another process is creating, starting or deleting the container. */
static bool is_locked_by_others(const struct state *state)
{
    if (state->locked)
        return false;
    if (flock(state->dir, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK;
    flock(state->dir, LOCK_UN);
    return false;
}

/* Reads the process again: the creation may have finished since, and released its lock. */
static bool has_been_committed(struct state *state)
{
    if (!state->committed)
        read_process(state);
    return state->committed;
}

static int lock_and_read(struct state *state, struct error *error)
{
    int result = state_relock(state);

    if (result == -ENOENT)
        return state_does_not_exist(state, error);
    if (result == -ETIMEDOUT)
        return error_set(error, ETIMEDOUT,
                         "container \"%s\" is in use: another command of it has not ended for %d s",
                         state->id, LOCK_TIMEOUT_MS / 1000);
    if (result < 0)
        return error_errno(error, -result, "lock %s", path_of(state));
    return read_record(state, error);
}

int state_open_locked(struct state *state, struct error *error)
{
    TRY(open_existing(state, error));
    /* Without a record, the holder of the lock has just begun to create or is about to finish
     * deleting, so wait for it. Also wait for a command that only tests the lock. */
    if (try_lock(state) == -EWOULDBLOCK && is_locked_by_others(state) &&
        !has_been_committed(state) && faccessat(state->dir, RECORD, F_OK, 0) == 0)
        return error_set(error, EBUSY, "container \"%s\" is creating", state->id);
    return lock_and_read(state, error);
}

int state_open_at_end(struct state *state, struct error *error)
{
    TRY(open_existing(state, error));
    return lock_and_read(state, error);
}

int state_read_config(const struct state *state, const struct spec_config **ret_config,
                      struct error *error)
{
    char *bytes;
    size_t size;
    int result = file_read(state->arena, state->dir, STATE_CONFIG, &bytes, &size);

    if (result < 0) {
        error_errno(error, -result, "read the configuration of container \"%s\"", state->id);
        return error_cause(error, "%s", file_read_error(-result));
    }
    return spec_read_config(state->arena, bytes, size, ret_config, error);
}

int state_save(const struct state *state, struct error *error)
{
    struct json json;

    json_start(&json, state->arena, false);
    record_write(&json, &state->record);
    int result = file_replace_private(state->dir, RECORD, json.text.bytes, json.text.size);
    if (result < 0)
        return error_errno(error, -result, "write %s/%s", path_of(state), RECORD);
    return 0;
}

int state_save_process(const struct state *state)
{
    char text[64];

    snprintf(text, sizeof(text), "%d %" PRIu64, state->pid, state->start_time);
    return symlinkat(text, state->dir, PROCESS_CREATING) < 0 ? -errno : 0;
}

int state_commit(struct state *state)
{
    if (renameat(state->dir, PROCESS_CREATING, state->dir, PROCESS) < 0)
        return -errno;
    state->committed = true;
    return 0;
}

/* Returns 0 if the process lives, -ESRCH if not, or another negative errno if that is unknown. */
static int check_alive(const struct state *state)
{
    uint64_t start_time;

    if (state->pid <= 0)
        return -ESRCH;
    TRY(sys_process_start_time(state->pid, &start_time));
    return start_time == state->start_time ? 0 : -ESRCH;
}

/* Returns 0 if the file exists, -ENOENT if not, or another negative errno if that is unknown. */
static int look_for(const struct state *state, const char *name)
{
    return file_access(state->dir, name, F_OK);
}

/* A killed `start` leaves its name of the socket, but no lock: init continues without it. */
static enum spec_status created_or_running(struct state *state)
{
    int waits = look_for(state, STATE_START_SOCKET);
    int starts = waits == -ENOENT ? look_for(state, STATE_STARTING_SOCKET) : -ENOENT;

    if (waits < 0 && waits != -ENOENT)
        state->unknown = -waits;
    if (starts < 0 && starts != -ENOENT)
        state->unknown = -starts;
    if (state->unknown != 0)
        return SPEC_STATUS_NONE;
    return waits == 0 || (starts == 0 && is_locked_by_others(state)) ? SPEC_STATUS_CREATED
                                                                     : SPEC_STATUS_RUNNING;
}

enum spec_status state_status(struct state *state)
{
    if (!state->committed && is_locked_by_others(state))
        return SPEC_STATUS_CREATING;
    if (!has_been_committed(state))
        return SPEC_STATUS_STOPPED;
    int alive = check_alive(state);
    if (alive == -ESRCH)
        return SPEC_STATUS_STOPPED;
    if (alive < 0) {
        state->unknown = -alive;
        state->unknown_process = true;
        return SPEC_STATUS_NONE;
    }
    const struct cgroup_record cgroups = state_cgroups(state);
    if (cgroup_is_frozen(&cgroups))
        return SPEC_STATUS_PAUSED;
    return created_or_running(state);
}

struct cgroup_record state_cgroups(const struct state *state)
{
    return (struct cgroup_record){state->record.cgroups, state->record.n_cgroups,
                                  state->record.made_cgroups, state->record.n_made_cgroups};
}

int state_open_process(const struct state *state)
{
    if (state->pid <= 0)
        return -ESRCH;
    AUTO_FD pidfd = sys_pidfd_open(state->pid);
    if (pidfd < 0)
        return pidfd;
    /* Check after the pidfd is open: from then on the PID cannot be reused. */
    int result = check_alive(state);
    return result < 0 ? result : fd_take(&pidfd);
}

int state_find_cgroup(const struct state *state, struct cgroup_host *ret_host,
                      struct cgroup *ret_cgroup, struct error *error)
{
    const struct cgroup_record cgroups = state_cgroups(state);

    if (cgroups.n_paths == 0)
        return error_set(error, ENODEV,
                         "container \"%s\" has no cgroup of its own: it was made with "
                         "--cgroup-manager=disabled, or by a user who may make none",
                         state->id);
    TRY(cgroup_probe(state->arena, "", ret_host, error));
    return cgroup_reopen(state->arena, ret_host, &cgroups, ret_cgroup, error);
}

int state_remove(struct state *state, struct error *error)
{
    static const char *const names[] = {
        STATE_START_SOCKET, STATE_STARTING_SOCKET, STATE_PLAN, STATE_CONFIG, RECORD, PROCESS};

    /* This needs no further descriptor: there may be none left. The code below removes the rest. */
    for (size_t i = 0; state->dir >= 0 && i < COUNT(names); i++)
        unlinkat(state->dir, names[i], 0);
    if (rmdir(path_of(state)) == 0)
        return 0;
    int result = file_remove_tree(AT_FDCWD, path_of(state));

    if (result < 0)
        return error_errno(error, -result, "remove %s", path_of(state));
    return 0;
}

void state_unlock(struct state *state)
{
    flock(state->dir, LOCK_UN);
    state->locked = false;
}

void state_close(struct state *state)
{
    fd_close(&state->dir);
    state->locked = false;
}
