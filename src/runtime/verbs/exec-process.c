/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/finding.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/spec/capabilities.h"
#include "berth/spec/check.h"
#include "berth/spec/read.h"
#include "exec.h"

/* Returns `list` with the strings of `more` appended. Both are NULL if empty. */
static const char *const *join_lists(struct arena *arena, const char *const *list, size_t count,
                                     const char *const *more, size_t *ret_count)
{
    struct text_list joined = {.arena = arena};

    for (size_t i = 0; i < count; i++)
        text_list_add(&joined, list[i]);
    for (size_t i = 0; more != NULL && more[i] != NULL; i++)
        text_list_add(&joined, more[i]);
    *ret_count = joined.count;
    text_list_add(&joined, NULL);
    return (const char *const *) joined.item;
}

static size_t count_of(const char *const *list)
{
    size_t count = 0;

    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

/* Strict: a misread number could become 0, which is root (CVE-2026-30892). */
static int read_id(const char *option, const char *text, uint32_t *ret_id, struct error *error)
{
    uint64_t id;

    if (text_to_u64(text, &id) == 0 && id < UINT32_MAX) {
        *ret_id = (uint32_t) id;
        return 0;
    }
    error_set(error, EINVAL, "%s: not a number from 0 to %u: \"%s\"", option, UINT32_MAX - 1, text);
    return isalpha((unsigned char) text[0]) == 0
               ? -EINVAL
               : error_hint(error, "berth looks up no names: use the number in /etc/passwd or "
                                   "/etc/group of the container");
}

static int change_user(struct arena *arena, const struct runtime_exec *request,
                       struct spec_user *user, struct error *error)
{
    size_t more = count_of(request->additional_gids);
    uint32_t *gids = ARENA_ARRAY(arena, user->n_additional_gids + more + 1, uint32_t);

    if (request->user != NULL) {
        size_t length = strcspn(request->user, ":");

        TRY(read_id("--user", arena_copy(arena, request->user, length), &user->uid, error));
        user->has_uid = true;
        if (request->user[length] == ':') {
            TRY(read_id("--user", request->user + length + 1, &user->gid, error));
            user->has_gid = true;
        }
    }
    if (user->n_additional_gids > 0)
        memcpy(gids, user->additional_gids, user->n_additional_gids * sizeof(*gids));
    for (size_t i = 0; i < more; i++)
        TRY(read_id("--additional-gids", request->additional_gids[i],
                    &gids[user->n_additional_gids + i], error));
    user->additional_gids = gids;
    user->n_additional_gids += more;
    return 0;
}

static void warn_of_capability(struct arena *arena, const char *name)
{
    const char *meant = spec_capability_suggest(arena, name);

    log_warning_of(&(struct finding){
        .severity = FINDING_WARNING,
        .act = "--cap",
        .cause = arena_printf(arena, "unknown capability \"%s\": ignored", name),
        .hint = meant == NULL ? NULL : arena_printf(arena, "did you mean %s?", meant),
    });
}

/* Does not add to the inheritable set: a program without these capabilities would pass them on
 * (CVE-2022-29162). */
static const struct spec_capabilities *
add_capabilities(struct arena *arena, const struct spec_capabilities *own, const char *const *more)
{
    struct spec_capabilities *capabilities = ARENA_NEW(arena, struct spec_capabilities);
    struct spec_capability_sets *sets = ARENA_NEW(arena, struct spec_capability_sets);
    uint64_t added = 0;

    for (size_t i = 0; more[i] != NULL; i++) {
        uint64_t capability = spec_capability(more[i]);

        if (capability == 0)
            warn_of_capability(arena, more[i]);
        added |= capability;
    }
    if (own != NULL)
        *sets = *own->parsed;
    sets->bounding |= added;
    sets->effective |= added;
    sets->permitted |= added;
    /* As runc: add to the ambient set if the container has any inheritable capability. */
    if (sets->inheritable != 0)
        sets->ambient |= added;
    capabilities->parsed = sets;
    return capabilities;
}

static int change(struct arena *arena, const struct runtime_exec *request,
                  struct spec_process *process, struct error *error)
{
    struct spec_user *user = ARENA_NEW(arena, struct spec_user);

    /* As at create: a process without a user runs as root. */
    *user = process->user != NULL ? *process->user
                                  : (struct spec_user){.has_uid = true, .has_gid = true};
    TRY(change_user(arena, request, user, error));
    process->user = user;
    if (count_of(request->args) > 0) {
        process->args = request->args;
        process->n_args = count_of(request->args);
    }
    if (request->cwd != NULL)
        process->cwd = request->cwd;
    process->env = join_lists(arena, process->env, process->n_env, request->env, &process->n_env);
    process->terminal |= request->terminal;
    if (count_of(request->capabilities) > 0)
        process->capabilities =
            add_capabilities(arena, process->capabilities, request->capabilities);
    process->no_new_privileges |= request->no_new_privileges;
    if (request->selinux_label != NULL)
        process->selinux_label = request->selinux_label;
    if (request->apparmor_profile != NULL)
        process->apparmor_profile = request->apparmor_profile;
    return 0;
}

/* As with runc and crun, the container's restrictions apply where the caller's process sets
 * none. */
static void fill_in(struct spec_process *process, const struct spec_process *own)
{
    if (process->capabilities == NULL)
        process->capabilities = own->capabilities;
    if (process->apparmor_profile == NULL)
        process->apparmor_profile = own->apparmor_profile;
    if (process->selinux_label == NULL)
        process->selinux_label = own->selinux_label;
    if (process->n_rlimits == 0) {
        process->rlimits = own->rlimits;
        process->n_rlimits = own->n_rlimits;
    }
}

int exec_make_process(struct arena *arena, const struct spec_process *own,
                      const struct runtime_exec *request, const struct spec_process **ret_process,
                      struct error *error)
{
    struct spec_process *process = ARENA_NEW(arena, struct spec_process);
    const struct spec_process *base = own;

    if (request->process == NULL && count_of(request->args) == 0)
        return error_set(error, EINVAL, "exec needs a program, or --process");
    if (request->process == NULL && own == NULL)
        return error_at(error, "process", EINVAL,
                        "the container's configuration has none: use --process");
    if (request->process != NULL)
        TRY(spec_read_process(arena, request->process_name,
                              &(struct spec_text){request->process, request->process_size}, &base,
                              error));
    *process = *base;
    if (request->process == NULL) {
        process->terminal = false;
        process->console_size = NULL;
    } else if (own != NULL) {
        fill_in(process, own);
    }
    TRY(change(arena, request, process, error));
    error->ignores_warnings = request->process == NULL; /* create has warned already */
    TRY(spec_check_process(process, error));
    *ret_process = process;
    return 0;
}
