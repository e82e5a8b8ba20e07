/* SPDX-License-Identifier: Apache-2.0 */
/* TRACEPARENT and TRACESTATE, by the examples and rules of W3C Trace Context. */
#include "berth/base/trace-context.h"

#include "berth/base/arena.h"
#include "tap.h"

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"
#define PARENT "00-" ID "-" SPAN "-01"
#define TEN(text) text text text text text text text text text text

static void test_parents(void)
{
    static const struct {
        const char *text;
        int flags; /* -1: invalid */
    } rows[] = {
        {PARENT, 1},
        {"00-" ID "-" SPAN "-00", 0},
        {"00-" ID "-" SPAN "-03", 3},
        {"00-" ID "-" SPAN "-ff", 3}, /* flags that are not known are not passed on */
        {"cc-" ID "-" SPAN "-01", 1}, /* a later version may be longer */
        {"cc-" ID "-" SPAN "-01-what-comes", 1},
        {"cc-" ID "-" SPAN "-01.what", -1},
        {PARENT "-more", -1},
        {PARENT " ", -1},
        {"ff-" ID "-" SPAN "-01", -1},
        {"0-" ID "-" SPAN "-01", -1},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01", -1},
        {"00-00000000000000000000000000000000-" SPAN "-01", -1},
        {"00-" ID "-0000000000000000-01", -1},
        {"00-" ID "-" SPAN "-0g", -1},
        {"00-" ID "-" SPAN "-1", -1},
        {"00-" ID "-" SPAN, -1},
        {"00-" ID "--" SPAN "01", -1},
        {"00_" ID "-" SPAN "-01", -1},
        {"00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "0-01", -1},
        {"", -1},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct trace_context context = {.flags = 99};
        bool is = trace_context_parse(rows[i].text, NULL, &context);

        tap_ok(is == (rows[i].flags >= 0), "is this valid: \"%s\"", rows[i].text);
        tap_ok(context.flags == (is ? (unsigned) rows[i].flags : 99), "its flags");
        if (is)
            tap_text(context.trace_id, ID, "its trace");
        tap_ok(!is || context.parent == 0x00f067aa0ba902b7, "its span");
    }
}

static void test_states(void)
{
    static const struct {
        const char *text;
        bool is_valid;
    } rows[] = {
        {"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true},
        {"rojo=1 , congo=2", true},
        {"rojo=1,,congo=2,", true},
        {"1a-2@b/c*_=! ~", true},
        {TEN("a=1,") TEN("b=1,") TEN("c=1,") "d=1,e=2", true},
        {TEN("a=1,") TEN("b=1,") TEN("c=1,") "d=1,e=2,f=3", false},
        {"", false},
        {",", false},
        {"rojo", false},
        {"rojo=", false},
        {"=1", false},
        {"Rojo=1", false},
        {"-a=1", false},
        {"a=1=2", false},
        {"a=\x01", false},
        {"a=\xc3\xa9", false},
        {TEN(TEN("aaa")) "=1", false},
        {"a=" TEN(TEN("aaa")), false},
    };
    struct trace_context context;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tap_ok(trace_context_parse(PARENT, rows[i].text, &context),
               "the parent stays valid with the state \"%s\"", rows[i].text);
        tap_text(context.state, rows[i].is_valid ? rows[i].text : NULL, "that state");
    }
}

static void test_children(struct arena *arena)
{
    static const uint64_t none[3] = {0}, most[3] = {UINT64_MAX, 1, 0x2a};
    struct text_list list = {.arena = arena};
    struct trace_context context;

    trace_context_parse(PARENT, "a=1", &context);
    tap_ok(trace_context_span(&context, 7) == context.parent, "without spans the caller's counts");
    trace_context_add(&context, trace_context_span(&context, 7), &list);
    tap_text(list.item[0], "TRACEPARENT=" PARENT, "it is handed on as it is");
    tap_text(list.item[1], "TRACESTATE=a=1", "and the state too");
    trace_context_begin(&context, true, none);
    tap_ok(context.root != 0 && context.root != context.parent, "a span of its own");
    tap_text(context.trace_id, ID, "in the same trace");
    tap_ok(trace_context_span(&context, -1) == context.root, "that of the command");
    tap_ok(trace_context_span(&context, 0) == context.root + 1, "that of the first step");
    trace_context_begin(&context, false, none);
    tap_text(context.trace_id, "00000000000000010000000000000000", "a trace is never 0");
    tap_ok(context.parent == 0 && context.state == NULL && context.flags == 1, "it has no parent");
    trace_context_begin(&context, false, most);
    tap_text(context.trace_id, "0000000000000001000000000000002a", "a new trace");
    tap_ok(trace_context_span(&context, 1 << 30) > context.root, "no span is 0");
    list = (struct text_list){.arena = arena};
    trace_context_add(&context, 0x2a, &list);
    tap_text(list.item[0], "TRACEPARENT=00-0000000000000001000000000000002a-000000000000002a-01",
             "a child");
    tap_ok(list.count == 1, "without a state");
    tap_ok(trace_context_is_variable("TRACESTATE=") && !trace_context_is_variable("TRACESTATE"),
           "the variables");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_parents();
    test_states();
    test_children(&arena);
    return tap_end();
}
