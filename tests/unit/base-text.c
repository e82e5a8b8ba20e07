/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in a line of text, and control characters. */
#include "berth/base/text.h"

#include <inttypes.h>

#include "berth/base/arena.h"
#include "tap.h"

static const struct {
    const char *text;
    bool result;
    uint64_t number;
    const char *rest;
} cases[] = {
    {"0", true, 0, ""},
    {"  \t42 7", true, 42, " 7"},
    {"18446744073709551615\n", true, UINT64_MAX, "\n"},
    {"007x", true, 7, "x"},
    {"18446744073709551616", false, 0, "18446744073709551616"},
    {"184467440737095516150", false, 0, "184467440737095516150"},
    {"", false, 0, ""},
    {"x1", false, 0, "x1"},
    {"-1", false, 0, "-1"},
    {"\n1", false, 0, "\n1"},
};

static const struct {
    const char *text, *quoted, *kept, *printable;
} control[] = {
    {"\033]0;x\a \177", "", "", "\\x1b]0;x\\x07 \\x7f"},
    {"\n\r\t", "", "", "\\n\\r\\t"},
    {"\n\r\t", "", "\t\n", "\n\\r\t"},
    {"a\"\\b", "\"\\", "", "a\\\"\\\\b"},
    {"\302\233 \302\200 \302\237", "", "", "\\xc2\\x9b \\xc2\\x80 \\xc2\\x9f"},
    {"\233"
     "31m \200 \377",
     "", "", "\\x9b31m \\x80 \\xff"},
    {"\303", "", "", "\\xc3"},
    {"\303\233\233", "", "", "\303\233\\x9b"},
    {"\300\233 \355\240\200 \342\202", "", "", "\\xc0\\x9b \\xed\\xa0\\x80 \\xe2\\x82"},
    {"\303\274 \302\240 \342\202\254 \360\237\230\200 \\n", "", "",
     "\303\274 \302\240 \342\202\254 \360\237\230\200 \\n"},
};

static void test_printable(void)
{
    AUTO_ARENA arena = {0};

    for (size_t i = 0; i < sizeof(control) / sizeof(control[0]); i++) {
        struct text text = {.arena = &arena};

        text_add_printable(&text, control[i].text, control[i].quoted, control[i].kept);
        tap_text(text.bytes, control[i].printable, "text_add_printable escapes control characters");
    }
}

static void test_wrapped(void)
{
    static const struct {
        size_t margin, columns;
        const char *words, *wrapped;
    } lines[] = {
        {0, 0, "one two three", "one two three\n"},
        {0, 7, "one two three", "one two\nthree\n"},
        {2, 7, "one two", "one\n  two\n"},
        {2, 9, "one two", "one two\n"},
        {2, 6, "one-long-word two", "one-long-word\n  two\n"},
        {4, 20, "", "\n"},
        {0, 9, "'a  b'   c d", "'a  b'\nc d\n"},
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        AUTO_ARENA arena = {0};
        struct text text = {.arena = &arena};

        text_add_wrapped(&text, lines[i].margin, lines[i].columns, lines[i].words);
        tap_text(text.bytes, lines[i].wrapped, "text_add_wrapped breaks lines at blanks");
    }

    AUTO_ARENA arena = {0};
    struct text text = {.arena = &arena};

    text_add_wrapped_after(&text, 6, 2, 10, "one two three");
    text_add_wrapped_after(&text, 8, 2, 10, "one two");
    tap_text(text.bytes, "one\n  two\n  three\n\n  one two\n",
             "text_add_wrapped_after counts what comes before");
}

static void test_ranges(void)
{
    static const struct {
        const char *text;
        bool result;
        uint64_t first, last;
        const char *rest;
    } ranges[] = {
        {"7", true, 7, 7, ""},       {"0-3,7", true, 0, 3, ",7"},
        {"3-3 x", true, 3, 3, " x"}, {"5-99999999999999999999", true, 5, UINT64_MAX, ""},
        {"3-0", false, 0, 0, NULL},  {"3-", false, 0, 0, NULL},
        {"-3", false, 0, 0, NULL},   {" 3", false, 0, 0, NULL},
        {"", false, 0, 0, NULL},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const char *rest = ranges[i].text;
        uint64_t first, last;
        bool result = text_next_range(&rest, &first, &last);

        tap_ok(result == ranges[i].result &&
                   (!result || (first == ranges[i].first && last == ranges[i].last &&
                                strcmp(rest, ranges[i].rest) == 0)),
               "text_next_range: \"%s\" is %s", ranges[i].text,
               ranges[i].result ? "a range" : "no range");
    }
}

int main(void)
{
    test_printable();
    test_wrapped();
    test_ranges();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *rest = cases[i].text;
        uint64_t number = 0;
        bool result = text_next_u64(&rest, &number);

        tap_ok(result == cases[i].result && (!result || number == cases[i].number),
               "case %zu: %d, %" PRIu64, i, result, number);
        tap_text(result ? rest : cases[i].rest, cases[i].rest,
                 "text_next_u64 leaves the rest of the text");
    }
    return tap_end();
}
