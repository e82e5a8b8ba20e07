/* SPDX-License-Identifier: Apache-2.0 */
/* The targets that read documents, plans and messages about a plan. */
#include <string.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/plan/build.h"
#include "berth/plan/check.h"
#include "berth/plan/print.h"
#include "berth/seccomp/recording.h"
#include "berth/spec/check.h"
#include "berth/spec/load.h"
#include "berth/spec/read.h"
#include "criu/criu.h"
#include "input.h"
#include "launch/executor.h"

/* --- JSON ------------------------------------------------------------------------------------- */

/* Plans a configuration on a host that allows everything. Every resulting plan must be valid.
 * Returns NULL if the configuration is rejected. */
static const struct plan_header *plan_config(struct arena *arena, const char *bytes, size_t size,
                                             struct error *error)
{
    static const struct plan_hierarchy unified = {
        "", "/sys/fs/cgroup/c", "", "/sys/fs/cgroup/c/cgroup.procs", true, true};
    static const struct plan_host host = {
        .privileged = true,
        .bounding_capabilities = UINT64_MAX,
        .permitted_capabilities = UINT64_MAX,
        .can_make_devices = true,
        .confines_devices = true,
        .hierarchies = &unified,
        .n_hierarchies = 1,
    };
    const struct plan_request request = {.host = &host,
                                         .id = "c",
                                         .bundle = "/bundle",
                                         .rootfs = "/bundle/rootfs",
                                         .fault_step = PLAN_NONE};
    const struct spec_config *config;
    const struct plan_header *plan;
    int result = spec_load_config(arena, bytes, size, &config, error);

    if (result == 0)
        result = plan_build(arena, config, &request, &plan, error);
    fuzz_expect(result, error);
    if (result < 0)
        return NULL;
    fuzz_require(plan_check(plan, plan->size, error) == 0);
    return plan;
}

void fuzz_config(struct arena *arena, const char *bytes, size_t size)
{
    struct error error = {0};

    plan_config(arena, bytes, size, &error);
}

void fuzz_process(struct arena *arena, const char *bytes, size_t size)
{
    const struct spec_process *process;
    struct error error = {0};
    int result = spec_read_process(arena, "process.json", &(struct spec_text){bytes, size},
                                   &process, &error);

    fuzz_expect(result < 0 ? result : spec_check_process(process, &error), &error);
}

void fuzz_resources(struct arena *arena, const char *bytes, size_t size)
{
    const struct spec_resources *resources;
    struct error error = {0};
    int result = spec_read_resources(arena, "resources.json", &(struct spec_text){bytes, size},
                                     &resources, &error);

    fuzz_expect(result < 0 ? result : spec_check_resources(resources, &error), &error);
}

/* --record-seccomp: what extends a recording keeps all of it. */
void fuzz_recording(struct arena *arena, const char *bytes, size_t size)
{
    struct seccomp_recording recording = seccomp_recording_of(arena);
    struct seccomp_recording again = seccomp_recording_of(arena);
    struct error error = {0};
    int result = seccomp_recording_read(&recording, "recording.json", bytes, size, &error);

    fuzz_expect(result, &error);
    if (result < 0)
        return;
    const struct text text = seccomp_recording_text(&recording);
    result = seccomp_recording_read(&again, "recording.json", text.bytes, text.size, &error);
    fuzz_require(result == 0 && again.architectures == recording.architectures &&
                 again.names.count == recording.names.count);
}

void fuzz_mounts(struct arena *arena, const char *bytes, size_t size)
{
    const struct spec_mounts *mounts;
    struct error error = {0};

    fuzz_expect(
        spec_read_mounts(arena, "mounts", &(struct spec_text){bytes, size}, &mounts, &error),
        &error);
}

/* state.json */
void fuzz_record(struct arena *arena, const char *bytes, size_t size)
{
    const struct spec_record *record;
    struct error error = {0};

    fuzz_expect(spec_read_record(arena, bytes, size, &record, &error), &error);
}

void fuzz_locate(struct arena *arena, const char *bytes, size_t size)
{
    size_t line, column, length;
    const char *path = input_part(&length);

    (void) arena;
    if (path != NULL && length < size &&
        spec_locate(bytes + length + 1, size - length - 1, path, &line, &column))
        fuzz_require(line > 0 && column > 0);
}

/* --- the plan, and init's messages ------------------------------------------------------------ */

/* Changes some bytes of a valid plan: pairs of a 16-bit offset and a value. A plan that is still
 * valid can be printed and is accepted by init, and neither reads beyond it. */
void fuzz_plan(struct arena *arena, const char *bytes, size_t size)
{
    static const char config[] =
        "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"mounts\":[{\"destination\":\"/"
        "p\","
        "\"type\":\"proc\"}],\"process\":{\"cwd\":\"/"
        "\",\"args\":[\"a\"],\"user\":{\"uid\":0,\"gid\":0}},"
        "\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"user\"}]}}";
    struct error error = {0};
    const struct plan_header *good = plan_config(arena, config, sizeof(config) - 1, &error);

    fuzz_require(good != NULL);
    struct plan_header *plan = arena_alloc(arena, good->size);
    const size_t plan_size = good->size;
    memcpy(plan, good, plan_size);
    for (size_t at = 0; at + 3 <= size; at += 3) {
        size_t offset = (unsigned char) bytes[at] | (size_t) (unsigned char) bytes[at + 1] << 8;

        ((char *) plan)[offset % plan_size] = bytes[at + 2];
    }
    const int result = plan_check(plan, plan_size, &error);
    const bool is_taken = fuzz_init_takes_plan((const char *) plan, plan_size);
    fuzz_expect(result, &error);
    if (result < 0)
        return;
    fuzz_require(is_taken);
    plan_print(plan, &(struct text){.arena = arena});
}

/* Init's messages for a small plan. Failures are explained. */
void fuzz_messages(struct arena *arena, const char *bytes, size_t size)
{
    static const struct sample {
        struct plan_header header;
        struct plan_step steps[3];
        char program[8];
    } plan = {
        .header = {PLAN_MAGIC, sizeof(plan), 3, sizeof(struct plan_header), 0, PLAN_NONE, 0, 0, 0},
        .steps =
            {{.op = PLAN_CLONE_INIT, .actor = PLAN_FIRST, .makes = PLAN_NONE, .wait = PLAN_NONE},
             {.op = PLAN_FIND_PROGRAM,
              .actor = PLAN_INIT,
              .flags = PLAN_ANNOUNCE,
              .makes = PLAN_NONE,
              .wait = PLAN_NONE,
              .find_program = {.program = {offsetof(struct sample, program)}}},
             {.op = PLAN_EXECUTE,
              .actor = PLAN_INIT,
              .makes = PLAN_NONE,
              .wait = PLAN_NONE,
              .execute = {.program = {offsetof(struct sample, program)}}}},
        .program = "a",
    };
    struct error error = {0};
    struct executor executor = executor_of(arena, &plan.header, &error);

    (void) bytes;
    (void) size;
    fuzz_expect(executor_run_until_exec(&executor), &error);
    executor_close(&executor);
}
