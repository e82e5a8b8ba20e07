/* SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/base/log.h"
#include "berth/cgroup/losses.h"
#include "berth/sys/process.h"
#include "exit.h"
#include "pins.h"
#include "state.h"

struct runtime_container container_of_state(const struct state *state, enum spec_status status)
{
    const struct spec_record *record = &state->record;
    bool is_unknown = status == SPEC_STATUS_NONE;

    return (struct runtime_container){
        .id = record->id,
        .oci_version = record->oci_version,
        .pid = is_unknown || status == SPEC_STATUS_STOPPED ? 0 : state->pid,
        .status = is_unknown ? "unknown" : spec_status_names[status],
        .bundle = record->bundle,
        .rootfs = record->rootfs,
        .created = record->created,
        .annotations = record->annotations,
        .n_annotations = record->n_annotations,
        .pins = record->pins,
        .n_pins = status == SPEC_STATUS_STOPPED ? 0 : record->n_pins,
    };
}

static void write_exit(const struct runtime_exit *exit, struct json *json)
{
    json_key(json, "exit");
    json_object_open(json);
    if (exit->is_known) {
        json_key(json, "status");
        json_i64(json, exit->status);
    }
    if (exit->signal != 0) {
        json_key(json, "signal");
        json_i64(json, exit->signal);
    }
    if (exit->at != NULL)
        json_member(json, "time", exit->at);
    if (exit->counts_oom_kills) {
        json_key(json, "oomKills");
        json_u64(json, exit->oom_kills);
    }
    json_object_close(json);
}

/* In the form of linux.namespaces, to be copied there. */
static void write_pins(const struct runtime_container *container, struct json *json)
{
    json_key(json, "namespaces");
    json_array_open(json);
    for (size_t i = 0; i < container->n_pins; i++) {
        json_object_open(json);
        json_member(json, "type", spec_namespace_type_names[pins_type(container->pins[i])]);
        json_member(json, "path", container->pins[i]);
        json_object_close(json);
    }
    json_array_close(json);
}

void runtime_container_json(const struct runtime_container *container, struct json *json)
{
    json_object_open(json);
    json_member(json, "ociVersion", container->oci_version);
    json_member(json, "id", container->id);
    json_key(json, "pid");
    json_i64(json, container->pid);
    json_member(json, "status", container->status);
    json_member(json, "bundle", container->bundle);
    json_member(json, "rootfs", container->rootfs);
    if (container->created != NULL)
        json_member(json, "created", container->created);
    if (container->systemd_scope != NULL)
        json_member(json, "systemd-scope", container->systemd_scope);
    json_key(json, "annotations");
    json_object_open(json);
    for (size_t i = 0; i < container->n_annotations; i++)
        json_member(json, container->annotations[i].key, container->annotations[i].value);
    json_object_close(json);
    if (container->owner != NULL)
        json_member(json, "owner", container->owner);
    if (container->n_pins > 0)
        write_pins(container, json);
    if (container->exit != NULL)
        write_exit(container->exit, json);
    json_object_close(json);
}

struct owners {
    const char *passwd; /* contents of /etc/passwd */
    uid_t uid;          /* the last one that was looked up; its name is NULL before the first */
    const char *name;
};

/* Finds the user's name in /etc/passwd. getpwuid(3) would need the C library's NSS modules. */
static const char *find_name(struct arena *arena, const char *passwd, uid_t uid)
{
    const char *number = arena_printf(arena, "%u", uid);
    size_t length = strlen(number);

    for (const char *line = passwd; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *password = strchr(line, ':');
        const char *id = password == NULL ? NULL : strchr(password + 1, ':');

        if (id != NULL && strncmp(id + 1, number, length) == 0 && id[1 + length] == ':')
            return arena_copy(arena, line, (size_t) (password - line));
    }
    return arena_printf(arena, "#%u", uid);
}

static const char *name_of_user(struct arena *arena, struct owners *owners, uid_t uid)
{
    if (owners->name == NULL || owners->uid != uid)
        owners->name = find_name(arena, owners->passwd, uid);
    owners->uid = uid;
    return owners->name;
}

static const char *read_passwd(struct arena *arena)
{
    char *passwd = "";

    return file_read(arena, AT_FDCWD, "/etc/passwd", &passwd, NULL) < 0 ? "" : passwd;
}

static int look_at(const struct state *state, enum spec_status status, struct owners *owners,
                   struct runtime_container *ret_container, struct error *error)
{
    struct stat info;

    *ret_container = container_of_state(state, status);
    ret_container->systemd_scope = state->record.systemd_unit;
    if (fstat(state->dir, &info) < 0)
        return error_errno(error, errno, "find the owner of container \"%s\"", state->id);
    ret_container->owner = name_of_user(state->arena, owners, info.st_uid);
    return 0;
}

static const struct runtime_exit *exit_of(const struct state *state)
{
    struct runtime_exit *exit = ARENA_NEW(state->arena, struct runtime_exit);
    const struct cgroup_record cgroups = state_cgroups(state);
    struct exit_facts facts;

    exit_find(state, &facts);
    exit->is_known = exit_is_known(&facts);
    if (exit->is_known) {
        exit->signal = WIFSIGNALED(facts.status) ? WTERMSIG(facts.status) : 0;
        exit->status = exit->signal != 0 ? 128 + exit->signal : WEXITSTATUS(facts.status);
        exit->at = facts.at;
    }
    exit->counts_oom_kills = cgroup_count_oom_kills(&cgroups, &exit->oom_kills);
    return exit;
}

int runtime_find(const struct runtime_options *options, struct arena *arena, const char *id,
                 struct runtime_container *ret_container, struct error *error)
{
    AUTO_STATE state = state_of(arena, options, id);
    enum spec_status status;

    TRY(state_open_known(&state, &status, error));
    struct owners owners = {.passwd = read_passwd(arena)};
    TRY(look_at(&state, status, &owners, ret_container, error));
    if (status == SPEC_STATUS_STOPPED && !state_is_pod(&state))
        ret_container->exit = exit_of(&state);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static int read_ids(DIR *dir, struct text_list *ids)
{
    struct dirent *entry;

    while (errno = 0, (entry = readdir(dir)) != NULL) {
        if (state_id_is_valid(entry->d_name))
            text_list_add(ids, arena_string(ids->arena, entry->d_name));
    }
    if (errno != 0)
        return -errno;
    if (ids->count > 1)
        qsort(ids->item, ids->count, sizeof(char *), compare_names);
    return 0;
}

struct listing {
    const struct runtime_options *options;
    struct arena *arena;
    bool brief;
    struct state_view view;
    struct owners owners;
    struct runtime_container *containers;
    size_t count;
};

static int list_one(struct listing *listing, const char *id, struct error *error)
{
    struct state_seen seen;

    if (listing->brief && state_see_stopped(&listing->view, id, &seen)) {
        listing->containers[listing->count++] = (struct runtime_container){
            .id = id,
            .status = spec_status_names[SPEC_STATUS_STOPPED],
            .bundle = seen.bundle,
            .created = seen.created,
            .owner = name_of_user(listing->arena, &listing->owners, seen.owner),
        };
        return 0;
    }
    AUTO_STATE state = state_of(listing->arena, listing->options, id);
    struct error cause = {0};

    if (state_open(&state, &cause) < 0) {
        if (cause.number != ENOENT && cause.number != ENOTDIR)
            log_ignored(&cause);
        return 0;
    }
    if (!state.has_record)
        return 0;
    enum spec_status status = state_status(&state);
    if (status == SPEC_STATUS_NONE) {
        state_not_running(&state, status, &cause);
        log_ignored(&cause);
    }
    return look_at(&state, status, &listing->owners, &listing->containers[listing->count++], error);
}

static int list_all(struct listing *listing, const struct text_list *ids, struct error *error)
{
    listing->containers = ARENA_ARRAY(listing->arena, ids->count + 1, struct runtime_container);
    if (ids->count == 0)
        return 0;
    listing->owners.passwd = read_passwd(listing->arena);
    listing->view.own_procs = listing->brief && sys_process_namespace_is_procfs();
    for (size_t i = 0; i < ids->count; i++)
        TRY(list_one(listing, ids->item[i], error));
    return 0;
}

int runtime_list(const struct runtime_options *options, struct arena *arena, bool brief,
                 struct runtime_containers *ret_containers, struct error *error)
{
    const char *root = state_root(arena, options);
    struct text_list ids = {.arena = arena};
    DIR *dir = opendir(root);

    *ret_containers = (struct runtime_containers){0};
    if (dir == NULL && errno == ENOENT)
        return 0;
    if (dir == NULL) {
        error_errno(error, errno, "open the directory %s", root);
        return state_root_error(root, error);
    }
    struct listing listing = {options, arena, brief, .view = {arena, dirfd(dir)}};
    int result = read_ids(dir, &ids);
    if (result < 0)
        error_errno(error, -result, "read the directory %s", root);
    else
        result = list_all(&listing, &ids, error);
    closedir(dir);
    ret_containers->item = listing.containers;
    ret_containers->count = listing.count;
    return result;
}
