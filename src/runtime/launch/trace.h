/* SPDX-License-Identifier: Apache-2.0 */
/* The times of all steps of all actors, in the trace format that Chrome and Perfetto read, or as
 * spans of OpenTelemetry: an ExportTraceServiceRequest in the JSON of OTLP, on one line. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct json;
struct plan_header;
struct trace_context;

struct trace_event {
    int step;
    uint64_t begin_ns; /* CLOCK_MONOTONIC */
    uint64_t end_ns;
};

struct trace {
    struct arena *arena;
    const char *command;
    const char *id;                      /* of the container */
    const struct trace_context *context; /* of the spans; NULL: write a Chrome trace */
    uint64_t begin_ns;                   /* CLOCK_MONOTONIC */
    const char *failure;                 /* the error of the command; NULL: none */
    int failed_step;                     /* with a failure: the step, or PLAN_NONE */
    struct trace_event *events;
    size_t count;
    size_t room;
};

/* Returns the command's error if the step is the one that failed, else NULL. */
static inline const char *trace_failure(const struct trace *trace, int step)
{
    return trace->failure != NULL && trace->failed_step == step ? trace->failure : NULL;
}

uint64_t trace_now_ns(void);

void trace_add(struct trace *trace, const struct trace_event *event);

/* Writes the file `path`. */
int trace_write(const struct trace *trace, const struct plan_header *plan, const char *path,
                struct error *error);

/* For trace_write: writes the spans; that of the command ends at `now_ns`, CLOCK_MONOTONIC. */
void trace_put_spans(const struct trace *trace, const struct plan_header *plan, uint64_t now_ns,
                     struct json *json);
