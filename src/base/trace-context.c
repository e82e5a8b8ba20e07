/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/base/trace-context.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "berth/base/arena.h"

#define PARENT "TRACEPARENT"
#define STATE "TRACESTATE"

/* "VV-" + 32 digits + "-" + 16 digits + "-FF" */
#define TRACE_ID_AT 3
#define SPAN_AT 36
#define FLAGS_AT 53
#define PARENT_LENGTH 55
#define FLAGS_KNOWN 3U /* sampled, random: others must be 0 in what is passed on */
#define SAMPLED 1U

#define STATE_MEMBERS_MAX 32
#define STATE_WORD_MAX 256 /* a key or a value */

static bool read_hex(const char *text, size_t length, uint64_t *ret_number)
{
    static const char digits[] = "0123456789abcdef";

    *ret_number = 0;
    for (size_t i = 0; i < length; i++) {
        const char *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);

        if (digit == NULL)
            return false;
        *ret_number = *ret_number << 4 | (uint64_t) (digit - digits);
    }
    return true;
}

static bool is_of_key(char letter, bool is_first)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') ||
           (!is_first && letter != '\0' && strchr("_-*/@", letter) != NULL);
}

/* One "KEY=VALUE" of TRACESTATE, without the blanks around it. */
static bool is_member(const char *text, size_t length)
{
    size_t key = 0;

    while (key < length && is_of_key(text[key], key == 0))
        key++;
    if (key == 0 || key > STATE_WORD_MAX || key == length || text[key] != '=')
        return false;
    const size_t value = length - key - 1;
    for (size_t i = key + 1; i < length; i++)
        if (text[i] < ' ' || text[i] > '~' || text[i] == '=')
            return false;
    return value > 0 && value <= STATE_WORD_MAX;
}

static bool is_state(const char *text)
{
    size_t members = 0;

    for (const char *at = text;; at++) {
        size_t length;

        at += strspn(at, " \t");
        length = strcspn(at, ",");
        const char *end = at + length;
        while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == '\t'))
            length--;
        if (length > 0 && (!is_member(at, length) || ++members > STATE_MEMBERS_MAX))
            return false;
        at = end;
        if (*at == '\0')
            return members > 0;
    }
}

bool trace_context_parse(const char *parent, const char *state, struct trace_context *ret_context)
{
    const size_t length = strlen(parent);
    uint64_t version, high, low, flags;
    struct trace_context context = {0};

    if (length < PARENT_LENGTH || !read_hex(parent, 2, &version) || version == 0xff ||
        (version == 0 && length > PARENT_LENGTH) ||
        (length > PARENT_LENGTH && parent[PARENT_LENGTH] != '-') ||
        parent[TRACE_ID_AT - 1] != '-' || parent[SPAN_AT - 1] != '-' || parent[FLAGS_AT - 1] != '-')
        return false;
    if (!read_hex(parent + TRACE_ID_AT, 16, &high) ||
        !read_hex(parent + TRACE_ID_AT + 16, 16, &low) ||
        !read_hex(parent + SPAN_AT, 16, &context.parent) || !read_hex(parent + FLAGS_AT, 2, &flags))
        return false;
    if ((high | low) == 0 || context.parent == 0)
        return false;
    memcpy(context.trace_id, parent + TRACE_ID_AT, TRACE_ID_SIZE - 1);
    context.flags = (unsigned) flags & FLAGS_KNOWN;
    context.state = state != NULL && is_state(state) ? state : NULL;
    *ret_context = context;
    return true;
}

bool trace_context_read(struct trace_context *ret_context)
{
    const char *parent = text_environment(PARENT);

    return parent != NULL && trace_context_parse(parent, text_environment(STATE), ret_context);
}

void trace_context_begin(struct trace_context *context, bool has_trace, const uint64_t random[3])
{
    if (!has_trace) {
        *context = (struct trace_context){.flags = SAMPLED};
        snprintf(context->trace_id, sizeof(context->trace_id), "%016" PRIx64 "%016" PRIx64,
                 random[1] | 1, random[2]);
    }
    /* The IDs of the steps' spans follow: none of them is 0. */
    context->root = random[0] >> 1 | 1;
}

uint64_t trace_context_span(const struct trace_context *context, int step)
{
    return context->root == 0 ? context->parent : context->root + 1 + (uint64_t) step;
}

void trace_context_add(const struct trace_context *context, uint64_t span, struct text_list *list)
{
    text_list_add(list, arena_printf(list->arena, PARENT "=00-%s-%016" PRIx64 "-%02x",
                                     context->trace_id, span, context->flags));
    if (context->state != NULL)
        text_list_add(list, arena_printf(list->arena, STATE "=%s", context->state));
}

bool trace_context_is_variable(const char *entry)
{
    return text_starts_with(entry, PARENT "=") || text_starts_with(entry, STATE "=");
}
