/* SPDX-License-Identifier: Apache-2.0 */
/* The targets that read text from the command line and from config.json. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/duration.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/base/trace-context.h"
#include "berth/cgroup/place.h"
#include "berth/cli/arguments.h"
#include "berth/runtime/runtime.h"
#include "berth/spec/read.h"
#include "input.h"
#include "systemd/properties.h"
#include "systemd/unit.h"
#include "verbs/exec.h"
#include "verbs/signals.h"

int __wrap_runtime_update(const struct runtime_options *options,
                          const struct runtime_update *request, struct error *error);
int cli_update(const struct cli_arguments *arguments, const struct runtime_options *options,
               struct error *error);

void fuzz_duration(struct arena *arena, const char *bytes, size_t size)
{
    int64_t ns;

    duration_to_ns(arena_copy(arena, bytes, size), &ns);
}

/* The value of an annotation org.systemd.property.NAME: GVariant's text format. */
void fuzz_annotation(struct arena *arena, const char *bytes, size_t size)
{
    const struct spec_pair annotations[] = {
        {"org.systemd.property.TimeoutStopUSec", arena_copy(arena, bytes, size)},
        {"org.systemd.property.TimeoutStopSec", arena_copy(arena, bytes, size)},
    };
    struct cgroup_properties properties = {.arena = arena};
    struct error error = {0};

    for (size_t i = 0; i < 2; i++) {
        error = (struct error){0};
        fuzz_expect(cgroup_add_annotations(&properties, &annotations[i], 1, &error), &error);
    }
}

/* exec --user and --additional-gids: an ID equals its digits, so it is never 0 by mistake
 * (CVE-2026-30892). */
void fuzz_user(struct arena *arena, const char *bytes, size_t size)
{
    static const char *const args[] = {"true", NULL};
    static const struct spec_process own = {.cwd = "/"};
    const char *user = input_part(NULL);
    const char *gids[] = {input_part(NULL), NULL};
    const struct runtime_exec request = {.args = args, .user = user, .additional_gids = gids};
    const struct spec_process *process;
    struct error error = {0};

    (void) bytes;
    (void) size;
    if (user == NULL)
        return;
    int result = exec_make_process(arena, &own, &request, &process, &error);
    fuzz_expect(result, &error);
    if (result < 0)
        return;
    fuzz_require(strspn(user, "0123456789:") == strlen(user));
    if (process->user->uid == 0)
        fuzz_require(user[0] == '0' && user[strspn(user, "0")] != '1');
    fuzz_require(process->user->n_additional_gids == (gids[0] != NULL));
}

/* kill ID SIGNAL */
void fuzz_signal(struct arena *arena, const char *bytes, size_t size)
{
    int result = signal_of_text(arena_copy(arena, bytes, size));

    fuzz_require(result == -EINVAL || (result >= 0 && result <= SIGRTMAX));
}

/* TRACEPARENT and TRACESTATE: what is handed on is valid again. */
void fuzz_trace_context(struct arena *arena, const char *bytes, size_t size)
{
    struct text_list list = {.arena = arena};
    struct trace_context context, again;
    const char *parent = input_part(NULL);

    (void) bytes;
    (void) size;
    if (parent == NULL || !trace_context_parse(parent, input_part(NULL), &context))
        return;
    trace_context_add(&context, context.parent, &list);
    fuzz_require(trace_context_parse(strchr(list.item[0], '=') + 1, context.state, &again) &&
                 text_equal(context.trace_id, again.trace_id) && context.parent == again.parent);
}

/* linux.cgroupsPath with --systemd-cgroup: the resulting path must stay below its parent. */
void fuzz_unit(struct arena *arena, const char *bytes, size_t size)
{
    const struct cgroup_unit_request request = {.cgroups_path = arena_copy(arena, bytes, size),
                                                .id = "c"};
    struct cgroup_unit unit;
    struct error error = {0};
    int result = cgroup_find_unit(arena, &request, &unit, &error);

    fuzz_expect(result, &error);
    if (result == 0)
        fuzz_require(unit.path[0] == '/' && strstr(unit.path, "/../") == NULL &&
                     strchr(unit.name, '/') == NULL);
}

/* exec --cgroup: must be below the container's own cgroup. */
void fuzz_choice(struct arena *arena, const char *bytes, size_t size)
{
    static const char *const controllers[] = {"cpu", "cpuacct", NULL};
    const struct cgroup_hierarchy hierarchy = {.name = "cpu",
                                               .mount_point = "/",
                                               .own = "/",
                                               .controllers = controllers,
                                               .n_controllers = 2};
    struct cgroup_place place = {.hierarchy = &hierarchy, .path = input_directory()};
    struct cgroup cgroup = {.places = &place, .n_places = 1};
    struct error error = {0};
    int result = cgroup_choose(arena, &cgroup, arena_copy(arena, bytes, size), &error);

    fuzz_expect(result, &error);
    fuzz_require(text_path_is_within(place.path, input_directory()));
}

/* The document that `update` makes from its options must be valid resources. */
int __wrap_runtime_update(const struct runtime_options *options,
                          const struct runtime_update *request, struct error *error)
{
    AUTO_ARENA arena = {0};
    const struct spec_resources *resources;

    (void) options;
    if (request->resources == NULL)
        return 0;
    return spec_read_resources(&arena, request->name,
                               &(struct spec_text){request->resources, request->size}, &resources,
                               error);
}

/* The command line, one word per part. */
void fuzz_operands(struct arena *arena, const char *bytes, size_t size)
{
    struct text_list words = {.arena = arena};
    struct cli_arguments arguments;
    struct error error = {0};

    (void) bytes;
    (void) size;
    text_list_add(&words, arena_string(arena, "berth"));
    for (char *word; (word = input_part(NULL)) != NULL;)
        text_list_add(&words, word);
    int result = cli_parse(arena, words.item, &arguments, &error);
    fuzz_expect(result, &error);
    if (result < 0 || arguments.command != CLI_UPDATE || arguments.n_operands == 0 ||
        arguments.resources != NULL)
        return;
    fuzz_expect(cli_update(&arguments, NULL, &error), &error);
}
