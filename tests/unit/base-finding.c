/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of errors taken apart and put together; which findings say the same. */
#include "berth/base/finding.h"

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/json.h"
#include "tap.h"

static const struct {
    const char *line;
    size_t at[2]; /* line and column */
    const char *place;
    const char *words;
    const char *remedy;
} cases[] = {
    {"process.cwd: must be absolute, got \"tmp\"",
     {0, 0},
     "process.cwd",
     "must be absolute, got \"tmp\"",
     ""},
    {"config.json:12:7: mounts[1].source: expected a string",
     {12, 7},
     "mounts[1].source",
     "expected a string",
     ""},
    {"config.json:3:1: broken JSON: unallowed token",
     {3, 1},
     "",
     "broken JSON: unallowed token",
     ""},
    {"annotations[\"a: b]\"]: wrong", {0, 0}, "annotations[\"a: b]\"]", "wrong", ""},
    {"linux.resources.unified[memory.high]: no (try it)",
     {0, 0},
     "linux.resources.unified[memory.high]",
     "no",
     "try it"},
    {"mounts[3]: mount proc on /proc: no (needs it (here) and there)",
     {0, 0},
     "mounts[3]",
     "mount proc on /proc: no",
     "needs it (here) and there"},
    {"a.b: set it to 1 (hard 2): no", {0, 0}, "a.b", "set it to 1 (hard 2): no", ""},
    {"a.b: call()", {0, 0}, "a.b", "call()", ""},
    {"a.b: (alone)", {0, 0}, "a.b", "(alone)", ""},
    {"bundle /x: no such file", {0, 0}, "", "bundle /x: no such file", ""},
    {"--log: no", {0, 0}, "", "--log: no", ""},
    {"mounts[3: no", {0, 0}, "", "mounts[3: no", ""},
    {"", {0, 0}, "", "", ""},
};

static void test_lines(struct arena *arena)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct finding finding = finding_of_line(arena, FINDING_ERROR, cases[i].line);
        const char *rest = strstr(cases[i].line, ": ");
        const char *whole = cases[i].at[0] == 0 ? cases[i].line : rest + 2;

        tap_text(finding.place, cases[i].place, cases[i].line);
        tap_text(finding.words, cases[i].words, cases[i].line);
        tap_text(finding.remedy, cases[i].remedy, cases[i].line);
        tap_ok(finding.line == cases[i].at[0] && finding.column == cases[i].at[1], "its position");
        tap_text(finding_line(arena, &finding), whole, "put together again");
    }
}

static void add(struct findings *findings, enum finding_severity severity, const char *line)
{
    struct finding finding = finding_of_line(findings->arena, severity, line);

    findings_add_new(findings, &finding);
}

static void test_same(struct arena *arena)
{
    struct findings findings = {.arena = arena};

    add(&findings, FINDING_WARNING, "mounts[1]: a warning hides nothing");
    tap_ok(!findings_have_error(&findings), "a warning is no error");
    add(&findings, FINDING_ERROR, "mounts[1]: no");
    tap_ok(findings.count == 2 && findings_have_error(&findings), "an error is one");
    add(&findings, FINDING_ERROR, "mounts[1].source: no");
    add(&findings, FINDING_ERROR, "mounts: no");
    add(&findings, FINDING_ERROR, "mounts[1]: no again");
    tap_ok(findings.count == 2, "what is within, around or there is known");
    add(&findings, FINDING_ERROR, "mounts[10]: no");
    add(&findings, FINDING_ERROR, "nowhere in it");
    add(&findings, FINDING_ERROR, "nowhere else in it");
    add(&findings, FINDING_ERROR, "nowhere in it");
    tap_ok(findings.count == 5, "other places and words are new");
}

static void test_error(struct arena *arena)
{
    struct findings findings = {.arena = arena};
    struct error error = {0};

    tap_ok(error_collect(&error, error_set(&error, 5, "a: b")) == -5 && error.number == 5,
           "without findings an error stays");
    error_clear(&error);
    error.findings = &findings;
    error_set(&error, 5, "a: b");
    tap_ok(error_collect(&error, error_add(&error, 6, "c: d (e)")) == 0 && error.number == 0,
           "with findings it goes there");
    tap_ok(findings.count == 2 && findings.item[1].remedy[0] == 'e', "a finding for each line");
    tap_ok(error_collect(&error, 3) == 3 && findings.count == 2, "success is no finding");
}

static void test_writers(struct arena *arena)
{
    struct findings findings = {.arena = arena};
    struct text text = {.arena = arena};
    struct json json;

    add(&findings, FINDING_ERROR, "c.json:2:3: a: b (c)");
    add(&findings, FINDING_WARNING, "d e");
    findings_print(&findings, "x/c.json", &text);
    tap_text(text.bytes, "x/c.json:2:3: error: a: b (c)\nx/c.json: warning: d e\n", "as text");
    json_start(&json, arena, false);
    findings_write_json(&findings, &json);
    tap_text(json.text.bytes,
             "[{\"severity\":\"error\",\"place\":\"a\",\"line\":2,\"column\":3,\"words\":\"b\","
             "\"remedy\":\"c\"},{\"severity\":\"warning\",\"words\":\"d e\"}]",
             "as JSON");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_lines(&arena);
    test_same(&arena);
    test_error(&arena);
    test_writers(&arena);
    return tap_end();
}
