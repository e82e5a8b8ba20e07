/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
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
#include "exit.h"
#include "pins.h"
#include "process.h"
#include "record.h"

#define DEFAULT_ROOT "/run/berth"
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

static bool is_in_alphabet(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || (letter != '\0' && strchr("_+-.", letter) != NULL);
}

/* Returns what is wrong with an ID, or NULL. */
static const char *flaw_of_id(const char *id)
{
    size_t length = 0;

    while (is_in_alphabet(id[length]))
        length++;
    if (id[length] != '\0')
        return "only letters, digits, and _+-. are allowed";
    if (length == 0)
        return "it is empty";
    if (text_equal(id, ".") || text_equal(id, ".."))
        return "it names a directory";
    return length > NAME_MAX ? "it is longer than 255 bytes" : NULL;
}

bool state_id_is_valid(const char *id)
{
    return flaw_of_id(id) == NULL;
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
    const char *flaw = flaw_of_id(id);

    if (flaw == NULL)
        return 0;
    /* Callers look for these words. */
    return error_set(error, EINVAL, "invalid container ID format: \"%.*s%s\": %s", NAME_MAX, id,
                     strlen(id) > NAME_MAX ? "..." : "", flaw);
}

/* Explains a directory without a record: another berth is creating or deleting the container, or
 * was killed while it did. Otherwise the hint is `other`. */
static int hint_at_half(const struct state *state, struct error *error, const char *other)
{
    if (access(path_of(state), F_OK) < 0 ||
        access(text_path_join(state->arena, path_of(state), STATE_RECORD), F_OK) == 0)
        return error_hint(error, "%s", other);
    return error_hint(error,
                      "create or delete is at work, or was interrupted: berth delete --force %s "
                      "removes what it left",
                      state->id);
}

static int already_exists(const struct state *state, struct error *error)
{
    error_set(error, EEXIST, "container \"%s\" already exists", state->id);
    return hint_at_half(state, error, "delete it first, or use another ID");
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
    if (!state_id_is_valid(state->id))
        return -ENOENT;
    return hint_at_half(state, error,
                        arena_printf(state->arena, "no directory %s: see berth --root %s list",
                                     path_of(state), state->root));
}

/* Reads the process first: an unreadable record must not hide it. */
static int read_record(struct state *state, struct error *error)
{
    const struct spec_record *record;
    char *bytes;
    size_t size;

    TRY_ERRNO(state_read_process(state), error, "read %s/%s", path_of(state), STATE_PROCESS);
    int result = file_read(state->arena, state->dir, STATE_RECORD, &bytes, &size);
    if (result == -ENOENT)
        return 0;
    if (result < 0) {
        error_errno(error, -result, "read %s/%s", path_of(state), STATE_RECORD);
        return error_cause(error, "%s", file_read_error(-result));
    }
    if (spec_read_record(state->arena, bytes, size, &record, error) < 0)
        return error_set_file(error, text_path_join(state->arena, path_of(state), STATE_RECORD));
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
        state_read_process(state);
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
        !has_been_committed(state) && faccessat(state->dir, STATE_RECORD, F_OK, 0) == 0)
        return error_set(error, EBUSY, "container \"%s\" is being created", state->id);
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
    TRY_ERRNO(file_replace_private(state->dir, STATE_RECORD, json.text.bytes, json.text.size),
              error, "write %s/%s", path_of(state), STATE_RECORD);
    return 0;
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

/* A pod that is never started stays created. After a reboot, or in a mount namespace that does not
 * have its mounts, it holds nothing. */
static enum spec_status status_of_pod(struct state *state)
{
    int held = pins_check(state);

    if (held < 0 && held != -ESRCH) {
        state->unknown = -held;
        state->unknown_pins = true;
        return SPEC_STATUS_NONE;
    }
    return held < 0 ? SPEC_STATUS_STOPPED : SPEC_STATUS_CREATED;
}

enum spec_status state_status(struct state *state)
{
    if (!state->committed && is_locked_by_others(state))
        return SPEC_STATUS_CREATING;
    if (!has_been_committed(state))
        return SPEC_STATUS_STOPPED;
    if (state_is_pod(state))
        return status_of_pod(state);
    int alive = state_check_alive(state->pid, state->start_time);
    if (alive == -ESRCH)
        return SPEC_STATUS_STOPPED;
    if (alive < 0) {
        state->unknown = -alive;
        state->unknown_process = true;
        return SPEC_STATUS_NONE;
    }
    const struct cgroup_record cgroups = state_cgroups(state);
    int frozen = cgroup_is_frozen(&cgroups);
    if (frozen < 0) {
        state->unknown = -frozen;
        state->unknown_freezer = true;
        return SPEC_STATUS_NONE;
    }
    return frozen > 0 ? SPEC_STATUS_PAUSED : created_or_running(state);
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
    int result = state_check_alive(state->pid, state->start_time);
    return result < 0 ? result : fd_take(&pidfd);
}

int state_has_no_cgroup(const struct state *state, struct error *error)
{
    if (state_is_pod(state))
        return error_set(error, ENODEV,
                         "container \"%s\" has no cgroup of its own: it is a pod without "
                         "linux.cgroupsPath",
                         state->id);
    return error_set(error, ENODEV,
                     "container \"%s\" has no cgroup of its own: it was made with "
                     "--cgroup-manager=disabled, or by a user who may make none",
                     state->id);
}

int state_find_cgroup(const struct state *state, struct cgroup_host *ret_host,
                      struct cgroup *ret_cgroup, struct error *error)
{
    const struct cgroup_record cgroups = state_cgroups(state);

    if (cgroups.n_paths == 0)
        return state_has_no_cgroup(state, error);
    TRY(cgroup_probe(state->arena, "", ret_host, error));
    return cgroup_reopen(state->arena, ret_host, &cgroups, ret_cgroup, error);
}

/* Needs no further descriptor: there may be none left. Returns whether the directory is gone. */
static bool remove_files(const struct state *state)
{
    static const char *const usual[] = {STATE_PLAN, STATE_CONFIG, STATE_RECORD, STATE_PROCESS};
    static const char *const rare[] = {STATE_START_SOCKET, STATE_STARTING_SOCKET, STATE_EXIT};

    for (size_t i = 0; i < COUNT(usual); i++)
        unlinkat(state->dir, usual[i], 0);
    if (rmdir(path_of(state)) == 0)
        return true;
    for (size_t i = 0; i < COUNT(rare); i++)
        unlinkat(state->dir, rare[i], 0);
    return rmdir(path_of(state)) == 0;
}

int state_remove(struct state *state, struct error *error)
{
    if (state->dir >= 0 && remove_files(state))
        return 0;
    if (state->dir >= 0)
        TRY(pins_remove(state, error)); /* of a record that is lost */
    TRY_ERRNO(file_remove_tree(AT_FDCWD, path_of(state)), error, "remove %s", path_of(state));
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
