/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the place of a path in a document. */
#include "berth/base/arena.h"
#include "berth/spec/load.h"
#include "tap.h"

static const char document[] = "{\n"
                               "  \"a\": 1, \"a\": 2,\n"
                               "  \"list\": [ {\"x\": \"}]\\\"\"}, [], {\"x\": {\"y\": null}} ],\n"
                               "  \"map\": {\"net.ipv4\": \"1\", \"b: ]\": 2, \"7\": 3},\n"
                               "  \"\xc3\xa4\": 0, \"last\": true\n"
                               "}\n";

static const struct {
    const char *path;
    size_t line;
    size_t column;
} cases[] = {
    {"a", 2, 16},
    {"list", 3, 11},
    {"list[0]", 3, 13},
    {"list[0].x", 3, 19},
    {"list[1]", 3, 28},
    {"list[1].x", 3, 28}, /* the nearest one that exists */
    {"list[2].x.y", 3, 44},
    {"list[3]", 3, 11},
    {"list.x", 3, 11},
    {"map[\"net.ipv4\"]", 4, 23},
    {"map[net.ipv4]", 4, 23},
    {"map[\"b: ]\"]", 4, 36},
    {"map[7]", 4, 44},
    {"last", 5, 19},
    {"last.deeper[3]", 5, 19},
    {"none", 0, 0},
    {"none.list", 0, 0},
    {"[", 0, 0},
    {"", 0, 0},
};

static void test_document(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t line = 0;
        size_t column = 0;
        bool found = spec_locate(document, sizeof(document) - 1, cases[i].path, &line, &column);

        if (!tap_ok(found == (cases[i].line > 0) && line == cases[i].line &&
                        column == cases[i].column,
                    "the position of \"%s\"", cases[i].path))
            printf("# expected %zu:%zu, got %zu:%zu\n", cases[i].line, cases[i].column, line,
                   column);
    }
}

/* With unbalanced brackets there is no such item, and the search ends. */
static void test_brackets(void)
{
    static const char broken[] = "{\"a\":[}";
    size_t line = 0, column = 0;

    tap_ok(spec_locate(broken, sizeof(broken) - 1, "a[18446744073709551615]", &line, &column) &&
               line == 1 && column == 6,
           "brackets that do not match end the search: %zu:%zu", line, column);
}

/* For any text, nothing beyond its end is read, which the sanitizer checks. */
static void test_fragments(void)
{
    size_t line, column;

    for (size_t size = 0; size < sizeof(document); size++) {
        AUTO_ARENA arena = {0};
        const char *text = size == 0 ? document : arena_copy(&arena, document, size);

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
            spec_locate(text, size, cases[i].path, &line, &column);
    }
    tap_ok(true, "documents that are cut off are not read beyond their end");
}

int main(void)
{
    test_document();
    test_brackets();
    test_fragments();
    return tap_end();
}
