/* SPDX-License-Identifier: Apache-2.0 */
#include "container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/base/log.h"
#include "state.h"

struct runtime_container container_of_state(const struct state *state, enum spec_status status)
{
    const struct spec_record *record = &state->record;

    return (struct runtime_container){
        .id = record->id,
        .oci_version = record->oci_version,
        .pid = status == SPEC_STATUS_STOPPED ? 0 : state->pid,
        .status = spec_status_words[status],
        .bundle = record->bundle,
        .rootfs = record->rootfs,
        .created = record->created,
        .annotations = record->annotations,
        .n_annotations = record->n_annotations,
    };
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
    json_object_close(json);
}

/* Finds the user's name in /etc/passwd. getpwuid(3) would need the C library's NSS modules. */
static const char *name_of_user(struct arena *arena, const char *passwd, uid_t uid)
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

static const char *read_passwd(struct arena *arena)
{
    char *passwd = "";

    return file_read(arena, AT_FDCWD, "/etc/passwd", &passwd, NULL) < 0 ? "" : passwd;
}

static int look_at(struct state *state, const char *passwd, struct runtime_container *ret_container,
                   struct error *error)
{
    enum spec_status status = state_status(state);
    struct stat info;

    if (status == SPEC_STATUS_NONE)
        return state_not_running(state, status, error);
    *ret_container = container_of_state(state, status);
    ret_container->systemd_scope = state->record.systemd_unit;
    if (fstat(state->dir, &info) < 0)
        return error_errno(error, errno, "find the owner of container \"%s\"", state->id);
    ret_container->owner = name_of_user(state->arena, passwd, info.st_uid);
    return 0;
}

int runtime_find(const struct runtime_options *options, struct arena *arena, const char *id,
                 struct runtime_container *ret_container, struct error *error)
{
    AUTO_STATE state = state_of(arena, options, id);

    TRY(state_open(&state, error));
    if (!state.has_record)
        return state_does_not_exist(&state, error);
    return look_at(&state, read_passwd(arena), ret_container, error);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static int list_ids(struct text_list *ids, const struct runtime_options *options,
                    struct error *error)
{
    const char *root = state_root(ids->arena, options);
    DIR *dir = opendir(root);
    struct dirent *entry;

    if (dir == NULL && errno == ENOENT)
        return 0;
    if (dir == NULL) {
        error_errno(error, errno, "open the directory %s", root);
        return state_root_error(root, error);
    }
    while (errno = 0, (entry = readdir(dir)) != NULL) {
        if (state_id_is_valid(entry->d_name))
            text_list_add(ids, arena_string(ids->arena, entry->d_name));
    }
    int number = errno;
    closedir(dir);
    if (number != 0)
        return error_errno(error, number, "read the directory %s", root);
    if (ids->count > 1)
        qsort(ids->item, ids->count, sizeof(char *), compare_names);
    return 0;
}

int runtime_list(const struct runtime_options *options, struct arena *arena,
                 struct runtime_container **ret_containers, size_t *ret_count, struct error *error)
{
    struct text_list ids = {.arena = arena};

    TRY(list_ids(&ids, options, error));
    struct runtime_container *containers =
        ARENA_ARRAY(arena, ids.count + 1, struct runtime_container);
    const char *passwd = ids.count > 0 ? read_passwd(arena) : "";
    size_t count = 0;
    for (size_t i = 0; i < ids.count; i++) {
        AUTO_STATE state = state_of(arena, options, ids.item[i]);
        struct error cause = {0};

        if (state_open(&state, &cause) < 0) {
            if (cause.number != ENOENT && cause.number != ENOTDIR)
                log_ignored(&cause);
        } else if (state.has_record) {
            TRY(look_at(&state, passwd, &containers[count++], error));
        }
    }
    *ret_containers = containers;
    *ret_count = count;
    return 0;
}
