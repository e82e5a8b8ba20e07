/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/array.h"
#include "berth/base/error.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/bus/bus.h"
#include "berth/cgroup/place.h"
#include "berth/spec/annotations.h"
#include "hierarchy/files.h"
#include "systemd/systemd.h"

/* How often to create a parent again that disappears with another container. */
#define MAX_RETRIES 8
#define NAP_FIRST_NS 1000000
#define NAP_LAST_NS 1000000000

/* Creates `path` and its missing parents, and notes them. Returns -EEXIST if it existed. */
static int make_dirs(struct text_list *made, const char *path)
{
    for (int i = 0; i < MAX_RETRIES; i++) {
        if (mkdir(path, 0755) == 0) {
            text_list_add(made, path);
            return 0;
        }
        const char *end = strrchr(path, '/');
        if (errno != ENOENT || end == path)
            return -errno;
        int result = make_dirs(made, arena_printf(made->arena, "%.*s", (int) (end - path), path));
        if (result < 0 && result != -EEXIST)
            return result;
    }
    return -ENOENT;
}

static int make_place(struct text_list *made, const struct cgroup_place *place, struct error *error)
{
    int result = make_dirs(made, place->path);
    struct stat info;

    if (result == -EEXIST && stat(place->path, &info) == 0 && !S_ISDIR(info.st_mode))
        return error_errno_at(error, "linux.cgroupsPath", ENOTDIR,
                              "make the cgroup %s: the cgroup above has a file of that name",
                              place->path);
    if (result == -EEXIST && (place->exists || place->is_systemds))
        return 0;
    if (result < 0)
        error_errno_at(error, "linux.cgroupsPath", -result, "make the cgroup %s", place->path);
    if (result == -EEXIST)
        error_hint(error, "another container has made it meanwhile");
    if (result == -EROFS)
        error_hint(error,
                   "the cgroup file system is mounted read-only, as in a container: mount it "
                   "to be written to, or use --cgroup-manager=disabled");
    if (result == -EACCES || result == -EPERM)
        error_hint(error, "have a cgroup delegated, for example by systemd-run --user --scope -p "
                          "Delegate=yes, or use --cgroup-manager=disabled");
    return result;
}

/* A new v1 cpuset has no CPUs and memory nodes, and no process can run in it: copies those of
 * the parent, which may have none yet either. `is_new`: it has none. Sets *ret_text to the list
 * that it has then. */
static int fill_cpuset(struct arena *arena, const char *path, const char *file, bool is_new,
                       char **ret_text)
{
    char *end = NULL;

    if (!is_new) {
        TRY(cgroup_read(arena, path, file, ret_text));
        if ((*ret_text)[0] != '\0')
            return 0;
    }
    char *parent = arena_string(arena, path);
    end = strrchr(parent, '/');
    if (end == NULL || end == parent)
        return -EINVAL;
    *end = '\0';
    TRY(fill_cpuset(arena, parent, file, false, ret_text));
    return cgroup_put(path, file, *ret_text);
}

static int prepare_cpuset(struct arena *arena, const struct cgroup_place *place,
                          struct error *error)
{
    static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};

    for (size_t i = 0; i < COUNT(files); i++) {
        char *text;
        int result =
            fill_cpuset(arena, place->path, files[i], !place->exists && !place->is_systemds, &text);

        if (result < 0)
            return error_errno_at(error, "linux.cgroupsPath", -result,
                                  "take %s/%s over from its parent", place->path, files[i]);
    }
    return 0;
}

/* Enables controllers one by one if they cannot be enabled together. */
static int enable_each(struct arena *arena, const char *path, char *words)
{
    int result = 0;

    for (char *word; (word = strsep(&words, " ")) != NULL;) {
        int one = cgroup_put(path, "cgroup.subtree_control", arena_string(arena, word));

        if (one < 0)
            result = one;
    }
    return result;
}

/* A cgroup with processes cannot enable the memory controller for its children, and if it
 * enables another one, no process can be moved to the children any more (cgroup-v2.rst,
 * Threads). The root, which has no cgroup.type, may have both. */
static bool cannot_give(struct arena *arena, const char *path)
{
    char *type;
    char *processes;

    return cgroup_read(arena, path, "cgroup.type", &type) == 0 &&
           cgroup_read(arena, path, "cgroup.procs", &processes) == 0 && processes[0] != '\0';
}

/* Enables all controllers of `path` for its children. */
static int enable_controllers(struct arena *arena, const char *path)
{
    struct text words = {.arena = arena};
    char *available;
    char *enabled;

    TRY(cgroup_read(arena, path, "cgroup.controllers", &available));
    if (available[0] == '\0')
        return 0;
    TRY(cgroup_read(arena, path, "cgroup.subtree_control", &enabled));
    for (char *word; (word = strsep(&available, " ")) != NULL;)
        if (word[0] != '\0' && !cgroup_has_word(enabled, word))
            text_addf(&words, "%s+%s", words.size > 0 ? " " : "", word);
    if (words.size > 0 && cannot_give(arena, path))
        return -EBUSY;
    if (words.size == 0 || cgroup_put(path, "cgroup.subtree_control", words.bytes) == 0)
        return 0;
    return enable_each(arena, path, words.bytes);
}

/* Enables controllers from the root down to the parent. A failure matters only if a setting of
 * the controller is asked for. */
static void enable_above(struct arena *arena, struct cgroup_place *place)
{
    char *path = arena_string(arena, place->path);

    for (char *end = path + strlen(place->hierarchy->mount_point); end != NULL;
         end = strchr(end + 1, '/')) {
        *end = '\0';
        int result = enable_controllers(arena, path);
        if (result < 0 && place->enable_error == 0) {
            place->enable_error = -result;
            place->enable_path = arena_string(arena, path);
        }
        *end = '/';
    }
}

static int enter(const char *path, pid_t pid, struct error *error)
{
    char number[32];

    snprintf(number, sizeof(number), "%d", pid);
    TRY_ERRNO(cgroup_put(path, "cgroup.procs", number), error,
              "put the container's process into the cgroup %s", path);
    return 0;
}

static int make_delegated(struct text_list *made, const struct cgroup_place *place,
                          struct error *error)
{
    int result = place->delegated != NULL ? make_dirs(made, place->delegated) : 0;

    if (result < 0 && result != -EEXIST)
        return error_errno_at(error, "annotations[\"" SPEC_DELEGATE_CGROUP "\"]", -result,
                              "make the cgroup %s", place->delegated);
    return 0;
}

static int make_places(struct arena *arena, struct cgroup *cgroup, pid_t pid,
                       struct text_list *made, struct error *error)
{
    bool has_subgroup = cgroup->systemd != NULL && cgroup->systemd->has_subgroup;

    for (size_t i = 0; i < cgroup->n_places; i++) {
        struct cgroup_place *place = &cgroup->places[i];

        TRY(make_place(made, place, error));
        TRY(make_delegated(made, place, error));
        /* systemd has put the process into the unit's cgroup, which could not enable controllers
         * for its children with it. */
        if (place->hierarchy->v2 && has_subgroup)
            TRY(enter(place->path, pid, error));
        if (place->hierarchy->v2)
            enable_above(arena, place);
        else if (cgroup_has_controller(place->hierarchy, "cpuset"))
            TRY(prepare_cpuset(arena, place, error));
    }
    return 0;
}

/* Kills the process, which cannot do without its cgroups and may block the signal that systemd
 * would send. */
static void stop_unit(const struct cgroup_systemd *systemd, pid_t pid)
{
    struct error error = {0};

    kill(pid, SIGKILL);
    if (bus_stop_unit(systemd->bus, systemd->unit, &error) < 0)
        log_ignored(&error);
}

static bool is_in_unit(struct arena *arena, pid_t pid, const char *unit)
{
    const char *process = arena_printf(arena, "/proc/%d", pid);
    char *text;

    /* cgroup_read takes off the last newline. */
    return cgroup_read(arena, process, "cgroup", &text) == 0 &&
           strstr(arena_printf(arena, "%s\n", text), arena_printf(arena, "/%s\n", unit)) != NULL;
}

/* If the session is lost, the answer whether the unit has started is lost, too. The process shows
 * it: once that has exited, systemd could keep the unit for ever. */
static void stop_unanswered_unit(struct arena *arena, const struct cgroup_systemd *systemd,
                                 pid_t pid)
{
    bool has_started = is_in_unit(arena, pid, systemd->unit);

    for (long nap_ns = NAP_FIRST_NS; !has_started && nap_ns < NAP_LAST_NS; nap_ns *= 2) {
        nanosleep(&(struct timespec){.tv_nsec = nap_ns}, NULL);
        has_started = is_in_unit(arena, pid, systemd->unit);
    }
    if (has_started)
        stop_unit(systemd, pid);
}

static void undo(struct cgroup *cgroup, const struct text_list *made)
{
    for (size_t i = made->count; i > 0; i--)
        if (rmdir(made->item[i - 1]) < 0 && errno != ENOENT)
            log_debug("remove the cgroup %s: %s", made->item[i - 1], text_of_errno(errno));
    cgroup->record = (struct cgroup_record){0};
}

int cgroup_make(struct arena *arena, struct cgroup *cgroup, pid_t pid, struct error *error)
{
    struct text_list made = {.arena = arena};

    if (cgroup->systemd != NULL) {
        const int result = cgroup_start_unit(cgroup->systemd, pid, error);

        if (result < 0 && cgroup->systemd->bus->helper == 0)
            stop_unanswered_unit(arena, cgroup->systemd, pid);
        TRY(result);
    }
    int result = make_places(arena, cgroup, pid, &made, error);
    if (result == 0)
        return 0;
    if (cgroup->systemd != NULL)
        stop_unit(cgroup->systemd, pid);
    undo(cgroup, &made);
    return result;
}

/* Moves the process first: while it is in the container's cgroup, that cannot enable
 * controllers. The delegated cgroup does without those that are refused. */
int cgroup_enter_delegated(struct arena *arena, const struct cgroup *cgroup, pid_t pid,
                           struct error *error)
{
    for (size_t i = 0; i < cgroup->n_places; i++) {
        const struct cgroup_place *place = &cgroup->places[i];

        if (place->delegated == NULL)
            continue;
        TRY(enter(place->delegated, pid, error));
        char *path = arena_string(arena, place->delegated);
        for (char *end = path + strlen(place->path); end != NULL; end = strchr(end + 1, '/')) {
            *end = '\0';
            int result = enable_controllers(arena, path);
            if (result < 0)
                log_debug("enable the controllers below the cgroup %s: %s", path,
                          text_of_errno(-result));
            *end = '/';
        }
    }
    return 0;
}

/* For kernels before 4.15, which do not have the list. */
#define DELEGATED "cgroup.procs\ncgroup.threads\ncgroup.subtree_control"

int cgroup_chown(struct arena *arena, const char *path, uid_t uid, struct error *error)
{
    char *files;
    int result = chown(path, uid, (gid_t) -1) < 0 ? -errno : 0;

    if (cgroup_read(arena, "/sys/kernel/cgroup", "delegate", &files) < 0)
        files = arena_string(arena, DELEGATED);
    for (char *file; result == 0 && (file = strsep(&files, "\n")) != NULL;)
        if (chown(text_path_join(arena, path, file), uid, (gid_t) -1) < 0 && errno != ENOENT)
            result = -errno;
    if (result < 0)
        return error_errno(error, -result, "give the cgroup %s to user %u", path, uid);
    return 0;
}
