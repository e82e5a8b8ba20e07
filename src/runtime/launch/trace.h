/* SPDX-License-Identifier: Apache-2.0 */
/* The times of all steps of all actors, in the trace format that Chrome and Perfetto read. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;
struct error;
struct plan_header;

struct trace_event {
    int step;
    uint64_t begin_ns; /* CLOCK_MONOTONIC */
    uint64_t end_ns;
};

struct trace {
    struct arena *arena;
    struct trace_event *events;
    size_t count;
    size_t room;
};

uint64_t trace_now_ns(void);

void trace_add(struct trace *trace, const struct trace_event *event);

/* Writes the file `path`. */
int trace_write(const struct trace *trace, const struct plan_header *plan, const char *path,
                struct error *error);
