/* SPDX-License-Identifier: Apache-2.0 */
/* The context of a distributed trace in environment variables: TRACEPARENT and TRACESTATE have the
 * values of the headers of W3C Trace Context. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "berth/base/text.h"

#define TRACE_ID_SIZE 33 /* 32 hexadecimal digits and a NUL */

struct trace_context {
    char trace_id[TRACE_ID_SIZE];
    uint64_t parent;   /* the caller's span; 0: none */
    unsigned flags;    /* bit 0: sampled */
    const char *state; /* TRACESTATE; NULL: none, or an invalid one */
    /* the span of this command, when it writes spans: that of step N is root + 1 + N; else 0 */
    uint64_t root;
};

/* Parses TRACEPARENT, and TRACESTATE or NULL. Returns false, as for no trace, if TRACEPARENT is
 * invalid. */
bool trace_context_parse(const char *parent, const char *state, struct trace_context *ret_context);

/* The same from the environment: false too if there is no trace. */
bool trace_context_read(struct trace_context *ret_context);

/* Starts the span of this command, in a new trace unless the context `has_trace`, with 24 bytes of
 * randomness. */
void trace_context_begin(struct trace_context *context, bool has_trace, const uint64_t random[3]);

/* Returns the ID of the span of a step, or the caller's if no spans are written. */
uint64_t trace_context_span(const struct trace_context *context, int step);

/* Adds "TRACEPARENT=..." for a child of `span` and "TRACESTATE=..." to the list. */
void trace_context_add(const struct trace_context *context, uint64_t span, struct text_list *list);

/* Returns whether an entry "NAME=VALUE" is one of these variables. */
bool trace_context_is_variable(const char *entry);
