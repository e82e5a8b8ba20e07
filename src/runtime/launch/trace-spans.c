/* SPDX-License-Identifier: Apache-2.0 */
/* A trace as spans: opentelemetry-proto's ExportTraceServiceRequest in protobuf's JSON, but with
 * hexadecimal IDs, as OTLP has it. Numbers of 64 bits are strings, enumerations are numbers. */
#include <inttypes.h>
#include <time.h>

#include "berth/base/arena.h"
#include "berth/base/json.h"
#include "berth/base/trace-context.h"
#include "berth/plan/plan.h"
#include "berth/plan/print.h"
#include "trace.h"

#define SPAN_KIND_INTERNAL 1
#define STATUS_ERROR 2
#define ROOT (-1) /* the step whose span is the command's */

static void put_attribute(struct json *json, const char *key, const char *type, const char *value)
{
    json_object_open(json);
    json_member(json, "key", key);
    json_key(json, "value");
    json_object_open(json);
    json_member(json, type, value);
    json_object_close(json);
    json_object_close(json);
}

static void put_id(struct json *json, const char *key, uint64_t id)
{
    json_member(json, key, arena_printf(json->text.arena, "%016" PRIx64, id));
}

static uint64_t real_time_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t) now.tv_sec * 1000000000U + (uint64_t) now.tv_nsec;
}

struct writer {
    struct json *json;
    const struct trace *trace;
    const struct plan_header *plan;
    uint64_t now_ns;
    uint64_t offset_ns; /* from CLOCK_MONOTONIC to the time since 1970 */
};

struct span {
    const char *name;
    int step;
    uint64_t parent; /* 0: none */
    uint64_t begin_ns, end_ns;
    const char *failure; /* NULL: none */
};

/* Opens the object; its attributes follow. */
static void open_span(const struct writer *writer, const struct span *span)
{
    const struct trace_context *context = writer->trace->context;
    struct json *json = writer->json;

    json_object_open(json);
    json_member(json, "traceId", context->trace_id);
    put_id(json, "spanId", trace_context_span(context, span->step));
    if (span->parent != 0)
        put_id(json, "parentSpanId", span->parent);
    if (context->state != NULL)
        json_member(json, "traceState", context->state);
    json_key(json, "flags");
    json_i64(json, context->flags);
    json_member(json, "name", span->name);
    json_key(json, "kind");
    json_i64(json, SPAN_KIND_INTERNAL);
    json_member(json, "startTimeUnixNano",
                arena_printf(json->text.arena, "%" PRIu64, span->begin_ns + writer->offset_ns));
    json_member(json, "endTimeUnixNano",
                arena_printf(json->text.arena, "%" PRIu64, span->end_ns + writer->offset_ns));
    if (span->failure != NULL) {
        json_key(json, "status");
        json_object_open(json);
        json_key(json, "code");
        json_i64(json, STATUS_ERROR);
        json_member(json, "message", span->failure);
        json_object_close(json);
    }
    json_key(json, "attributes");
    json_array_open(json);
}

static void close_span(struct json *json)
{
    json_array_close(json);
    json_object_close(json);
}

static void put_step(const struct writer *writer, const struct trace_event *event)
{
    const struct plan_header *plan = writer->plan;
    const char *place = plan_step_place(plan, event->step);
    struct json *json = writer->json;

    open_span(writer, &(struct span){plan_step_name(plan, event->step), event->step,
                                     writer->trace->context->root, event->begin_ns, event->end_ns,
                                     trace_failure(writer->trace, event->step)});
    put_attribute(json, "berth.step", "intValue",
                  arena_printf(json->text.arena, "%d", event->step));
    put_attribute(json, "berth.actor", "stringValue",
                  plan_actor_name(plan_steps(plan)[event->step].actor));
    put_attribute(json, "berth.words", "stringValue",
                  plan_step_words(json->text.arena, plan, event->step));
    if (place != NULL)
        put_attribute(json, "berth.path", "stringValue", place);
    close_span(json);
}

static void put_command(const struct writer *writer)
{
    const struct trace *trace = writer->trace;
    struct json *json = writer->json;
    const char *name = arena_printf(json->text.arena, "berth %s", trace->command);

    open_span(writer, &(struct span){name, ROOT, trace->context->parent, trace->begin_ns,
                                     writer->now_ns, trace->failure});
    put_attribute(json, "container.id", "stringValue", trace->id);
    close_span(json);
}

void trace_put_spans(const struct trace *trace, const struct plan_header *plan, uint64_t now_ns,
                     struct json *json)
{
    const struct writer writer = {json, trace, plan, now_ns, real_time_ns() - now_ns};

    json_object_open(json);
    json_key(json, "resourceSpans");
    json_array_open(json);
    json_object_open(json);
    json_key(json, "resource");
    json_object_open(json);
    json_key(json, "attributes");
    json_array_open(json);
    put_attribute(json, "service.name", "stringValue", "berth");
    json_array_close(json);
    json_object_close(json);
    json_key(json, "scopeSpans");
    json_array_open(json);
    json_object_open(json);
    json_key(json, "scope");
    json_object_open(json);
    json_member(json, "name", "berth");
    json_object_close(json);
    json_key(json, "spans");
    json_array_open(json);
    put_command(&writer);
    for (size_t i = 0; i < trace->count; i++)
        put_step(&writer, &trace->events[i]);
    json_array_close(json);
    json_object_close(json);
    json_array_close(json);
    json_object_close(json);
    json_array_close(json);
    json_object_close(json);
    text_add(&json->text, "\n");
}
