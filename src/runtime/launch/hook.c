/* SPDX-License-Identifier: Apache-2.0 */
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "berth/base/error.h"
#include "berth/base/fd.h"
#include "berth/base/json.h"
#include "berth/base/log.h"
#include "berth/base/text.h"
#include "berth/base/trace-context.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/annotations.h"
#include "berth/sys/memfd.h"
#include "berth/sys/process.h"
#include "explain/explain.h"
#include "state/container.h"

int hook_open_state(const struct state *state, enum spec_status status)
{
    struct runtime_container container = container_of_state(state, status);
    struct json json;

    container.created = NULL;
    json_start(&json, state->arena, false);
    runtime_container_json(&container, &json);
    return sys_memfd_sealed("state", json.text.bytes, json.text.size, false);
}

static int timeout_ms_of(uint64_t timeout_s)
{
    if (timeout_s == 0)
        return -1;
    return timeout_s > INT_MAX / 1000 ? INT_MAX : (int) timeout_s * 1000;
}

static const char *annotated(const struct state *state, const char *key)
{
    for (size_t i = 0; i < state->record.n_annotations; i++)
        if (text_equal(state->record.annotations[i].key, key))
            return state->record.annotations[i].value;
    return NULL;
}

/* A FIFO without a reader fails with ENXIO. Otherwise it could block `delete` for ever. */
int hook_open_file(const char *path)
{
    AUTO_FD fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
        return -errno;
    return fd_take(&fd);
}

/* Opens the file of an annotation, or duplicates `otherwise`. */
static int open_output(const struct state *state, const char *annotation, int otherwise,
                       struct error *error)
{
    const char *path = annotated(state, annotation);

    if (path == NULL || path[0] == '\0')
        return fcntl(otherwise, F_DUPFD_CLOEXEC, 0);
    int fd = hook_open_file(text_path_join(state->arena, state->record.bundle, path));
    if (fd < 0)
        return error_errno_at(error, JSON_PATH("annotations[\"%s\"]", annotation), -fd, "open %s",
                              path);
    return fd;
}

/* Returns the bundle, or "/" if it is gone: a container may outlive its bundle, and its poststop
 * hooks have to run anyway. */
static const char *directory_of(const struct state *state)
{
    return access(state->record.bundle, F_OK) < 0 && errno == ENOENT ? "/" : state->record.bundle;
}

/* Returns the runtime's environment with another context of a trace. */
static const char *const *environment_with(struct arena *arena, const char *const *added)
{
    struct text_list list = {.arena = arena};

    if (added == NULL)
        return (const char *const *) environ;
    for (char **entry = environ; *entry != NULL; entry++)
        if (!trace_context_is_variable(*entry))
            text_list_add(&list, *entry);
    for (; *added != NULL; added++)
        text_list_add(&list, *added);
    return (const char *const *) list.item;
}

struct hook_result hook_run(const struct state *state, const struct hook_call *call,
                            enum spec_status status, struct error *error)
{
    const char *const path_alone[] = {call->path, NULL};
    AUTO_FD input = hook_open_state(state, status);
    AUTO_FD output = sys_memfd_empty("hook");

    if (input < 0 || output < 0)
        return (struct hook_result){.number = input < 0 ? -input : -output, .output = -1};
    AUTO_FD out = open_output(state, SPEC_HOOKS_STDOUT, output, error);
    AUTO_FD err = open_output(state, SPEC_HOOKS_STDERR, output, error);
    if (out < 0 || err < 0)
        return (struct hook_result){.number = error->number != 0 ? error->number : EMFILE,
                                    .output = -1};
    struct sys_spawn spawn = {
        .path = call->path,
        .argv = call->argv != NULL ? call->argv : path_alone,
        .envp = call->envp != NULL ? call->envp : environment_with(state->arena, call->added_env),
        .directory = directory_of(state),
        .stdin_fd = input,
        .output_fd = out,
        .error_fd = err,
        .unless = call->unless,
    };
    int result = sys_run_program(&spawn, timeout_ms_of(call->timeout_s));
    int number = result < 0 ? -result : result == 0 ? 0 : EIO;
    return (struct hook_result){
        .number = number, .wait_status = number == EIO ? result : 0, .output = fd_take(&output)};
}

/* Returns the hook's own environment, with the caller's context of a trace unless it has one; NULL:
 * it has none, and inherits that context. */
static const char *const *environment_of(struct arena *arena, const struct spec_hook *hook)
{
    struct text_list list = {.arena = arena};
    struct trace_context context;
    bool has_own = false;

    if (hook->env == NULL || !trace_context_read(&context))
        return hook->env;
    for (size_t i = 0; i < hook->n_env; i++) {
        has_own |= trace_context_is_variable(hook->env[i]);
        text_list_add(&list, hook->env[i]);
    }
    if (!has_own)
        trace_context_add(&context, context.parent, &list);
    return (const char *const *) list.item;
}

static int run_listed(const struct state *state, const struct spec_hook *hook,
                      enum spec_status status, const char *place, struct error *error)
{
    struct hook_call call = {
        .path = hook->path,
        .argv = hook->n_args > 0 ? hook->args : NULL,
        .envp = environment_of(state->arena, hook),
        .timeout_s = hook->has_timeout ? (uint64_t) hook->timeout : 0,
    };
    struct hook_result result = hook_run(state, &call, status, error);

    if (result.number != 0 && error->number == 0)
        explain_hook(
            state->arena,
            &(struct failed_hook){place, arena_printf(state->arena, "run the hook %s", hook->path),
                                  result.number, result.wait_status, result.output},
            error);
    fd_close(&result.output);
    return -result.number;
}

static int read_hooks(const struct state *state, const struct spec_hooks **ret_hooks,
                      struct error *error)
{
    static const struct spec_hooks none;
    const struct spec_config *config;

    TRY(state_read_config(state, &config, error));
    *ret_hooks = config->hooks != NULL ? config->hooks : &none;
    return 0;
}

int hook_run_poststart(const struct state *state, struct error *error)
{
    const struct spec_hooks *hooks = NULL;

    if (!state->record.poststart)
        return 0;
    TRY(read_hooks(state, &hooks, error));
    for (size_t i = 0; i < hooks->n_poststart; i++)
        TRY(run_listed(state, &hooks->poststart[i], SPEC_STATUS_RUNNING,
                       arena_printf(state->arena, "hooks.poststart[%zu]", i), error));
    return 0;
}

void hook_run_poststop(const struct state *state)
{
    const struct spec_hooks *hooks = NULL;
    struct error error = {0};

    if (!state->record.poststop)
        return;
    if (read_hooks(state, &hooks, &error) < 0) {
        log_ignored(&error);
        return;
    }
    for (size_t i = 0; i < hooks->n_poststop; i++) {
        error = (struct error){0};
        if (run_listed(state, &hooks->poststop[i], SPEC_STATUS_STOPPED,
                       arena_printf(state->arena, "hooks.poststop[%zu]", i), &error) < 0)
            log_ignored(&error);
    }
}
