/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/json.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"

uint64_t trace_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000000000U + (uint64_t) now.tv_nsec;
}

void trace_add(struct trace *trace, const struct trace_event *event)
{
    trace->events =
        arena_grow(trace->arena, trace->events, trace->count, &trace->room, sizeof(*event));
    trace->events[trace->count++] = *event;
}

/* Writes microseconds with all digits of the nanoseconds. */
static void put_time(struct json *json, const char *key, uint64_t ns)
{
    json_key(json, key);
    json_raw(json,
             arena_printf(json->text.arena, "%" PRIu64 ".%03u", ns / 1000, (unsigned) (ns % 1000)));
}

static void put_number(struct json *json, const char *key, int number)
{
    json_key(json, key);
    json_i64(json, number);
}

static void put_actor(struct json *json, int actor)
{
    json_object_open(json);
    json_member(json, "name", "thread_name");
    json_member(json, "ph", "M");
    put_number(json, "pid", 1);
    put_number(json, "tid", actor + 1);
    json_key(json, "args");
    json_object_open(json);
    json_member(json, "name", plan_actor_name(actor));
    json_object_close(json);
    json_object_close(json);
}

static void put_event(struct json *json, const struct trace *trace, const struct plan_header *plan,
                      const struct trace_event *event)
{
    const char *failure = trace_failure(trace, event->step);
    const char *place = plan_step_place(plan, event->step);

    json_object_open(json);
    json_member(json, "name", plan_step_name(plan, event->step));
    json_member(json, "ph", "X");
    put_number(json, "pid", 1);
    put_number(json, "tid", plan_steps(plan)[event->step].actor + 1);
    put_time(json, "ts", event->begin_ns);
    put_time(json, "dur", event->end_ns - event->begin_ns);
    json_key(json, "args");
    json_object_open(json);
    put_number(json, "step", event->step);
    json_member(json, "words", plan_step_words(json->text.arena, plan, event->step));
    if (place != NULL)
        json_member(json, "place", place);
    if (failure != NULL)
        json_member(json, "error", failure);
    json_object_close(json);
    json_object_close(json);
}

static void put_chrome(const struct trace *trace, const struct plan_header *plan, struct json *json)
{
    json_object_open(json);
    json_key(json, "traceEvents");
    json_array_open(json);
    for (int actor = 0; actor < PLAN_ACTORS; actor++)
        put_actor(json, actor);
    for (size_t i = 0; i < trace->count; i++)
        put_event(json, trace, plan, &trace->events[i]);
    json_array_close(json);
    json_object_close(json);
}

int trace_write(const struct trace *trace, const struct plan_header *plan, const char *path,
                struct error *error)
{
    struct json json;

    json_start(&json, trace->arena, trace->context == NULL);
    if (trace->context == NULL)
        put_chrome(trace, plan, &json);
    else
        trace_put_spans(trace, plan, trace_now_ns(), &json);
    TRY_ERRNO(file_write_named(path, json.text.bytes, json.text.size, 0644), error,
              "write the trace %s", path);
    return 0;
}
