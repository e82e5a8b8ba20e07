/* SPDX-License-Identifier: Apache-2.0 */
/* Errors and findings: their parts, their texts, and which findings are duplicates. */
#include "berth/base/finding.h"

#include <errno.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/json.h"
#include "tap-error.h"
#include "tap.h"

static const struct {
    struct finding finding;
    const char *text;
} cases[] = {
    {{.path = "process.cwd", .cause = "must be absolute"}, "process.cwd: must be absolute"},
    {{.number = ENOENT, .act = "open /x"}, "open /x: no such file or directory"},
    {{.number = ENOENT, .path = "mounts[3]", .act = "mount it", .hint = "there is no /x"},
     "mounts[3]: mount it: no such file or directory (there is no /x)"},
    {{.number = EIO, .act = "run it", .cause = "exit status 1"}, "run it: exit status 1"},
    {{.file = "config.json", .line = 12, .column = 7, .path = "root", .cause = "expected a string"},
     "config.json:12:7: root: expected a string"},
    {{.file = "/bundle", .number = ENOENT, .act = "bundle /bundle"},
     "bundle /bundle: no such file or directory"},
    {{.path = "", .act = "", .cause = "no", .hint = ""}, "no"},
};

static void test_words(struct arena *arena)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        tap_text(finding_text(arena, &cases[i].finding), cases[i].text, cases[i].text);
}

static void test_parts(struct arena *arena)
{
    struct error error = {0};

    tap_text(tap_error(&error), "", "no error has no words");
    tap_ok(error_set(&error, EBUSY, "it is %s", "paused") == -EBUSY && error.number == EBUSY,
           "the number");
    tap_text(tap_error(&error), "it is paused", "a cause");
    error_at(&error, JSON_PATH("mounts[%d]", 3), EINVAL, "must be absolute");
    tap_text(tap_error(&error), "mounts[3]: must be absolute", "a path");
    tap_text(error_finding(&error).path, "mounts[3]", "it is known");
    error_errno(&error, ENOENT, "open %s", "/x");
    tap_text(tap_error(&error), "open /x: no such file or directory", "the errno's text");
    tap_text(error_finding(&error).path, "", "nothing is left of the error before");
    error_prefix(&error, "load %s", "it");
    error_prefix(&error, "run");
    tap_text(tap_error(&error), "run: load it: open /x: no such file or directory", "what for");
    error_set_path(&error, "process");
    error_set_file(&error, "/x");
    error_hint(&error, "make it");
    error_hint(&error, "or not");
    tap_text(tap_error(&error),
             "process: run: load it: open /x: no such file or directory (make it) (or not)",
             "path and hints");
    tap_text(error_finding(&error).file, "/x", "the file is no part of the words");
    error_cause(&error, "it is gone");
    tap_text(error_finding(&error).cause, "it is gone", "a cause in place of the errno's text");
    struct error copy = error;
    tap_ok(strcmp(error_text(arena, &copy), tap_error(&error)) == 0, "a copy");
}

static void add_to(struct error *error, const char *path, const char *cause)
{
    error_add(error, &(struct finding){.number = EINVAL, .path = path, .cause = cause});
}

static void test_lines(void)
{
    struct error error = {.exit_status = 255};

    add_to(&error, "a", "no");
    tap_text(tap_error(&error), "a: no", "the first one is the error");
    tap_ok(error.exit_status == 255, "the exit status that was set before stays");
    add_to(&error, "b", "no");
    error_hint(&error, "look");
    add_to(&error, "c", "no");
    add_to(&error, "d", "no");
    tap_text(tap_error(&error), "a: no (look)\nb: no\nc: no\nd: no", "the others are lines");
    tap_text(error_finding(&error).path, "a", "whose path stays");
    for (int i = 0; i < 1000; i++)
        add_to(&error, "and", "another line that is rather long");
    const char *text = tap_error(&error);
    const char *more = strstr(text, "\n(there are more errors)");
    tap_ok(more != NULL && strchr(more + 1, '\n') == NULL, "too many are said to be, once");
    error_set(&error, EINVAL, "%5000d", 1);
    error_hint(&error, "no room");
    add_to(&error, "a", "no room");
    tap_ok(strlen(tap_error(&error)) < sizeof(error.bytes) + 100, "a long one is cut");
}

static void add(struct findings *findings, enum finding_severity severity, const char *path,
                const char *cause)
{
    findings_add_new(findings,
                     &(struct finding){.severity = severity, .path = path, .cause = cause});
}

static void test_same(struct arena *arena)
{
    struct findings findings = {.arena = arena};

    add(&findings, FINDING_WARNING, "mounts[1]", "a warning hides nothing");
    tap_ok(!findings_have_error(&findings), "a warning is no error");
    add(&findings, FINDING_ERROR, "mounts[1]", "no");
    tap_ok(findings.count == 2 && findings_have_error(&findings), "an error is one");
    add(&findings, FINDING_ERROR, "mounts[1].source", "no");
    add(&findings, FINDING_ERROR, "mounts", "no");
    add(&findings, FINDING_ERROR, "mounts[1]", "no again");
    tap_ok(findings.count == 2, "what is within, around or there is known");
    add(&findings, FINDING_ERROR, "mounts[10]", "no");
    add(&findings, FINDING_ERROR, NULL, "nowhere in it");
    add(&findings, FINDING_ERROR, NULL, "nowhere else in it");
    add(&findings, FINDING_ERROR, "", "nowhere in it");
    tap_ok(findings.count == 5, "other paths and words are new");
}

static void test_collect(struct arena *arena)
{
    struct findings findings = {.arena = arena};
    struct error error = {0};

    tap_ok(error_collect(&error, error_set(&error, 5, "a")) == -5 && error.number == 5,
           "without findings an error stays");
    error_clear(&error);
    error.findings = &findings;
    error_at(&error, "a", EIO, "b");
    tap_ok(error_collect(&error, error_hint(&error, "c")) == 0 && error.number == 0,
           "with findings it goes there");
    tap_ok(findings.count == 1 && findings.item[0].number == EIO, "it is one of them");
    tap_text(findings.item[0].hint, "c", "with its parts");
    add_to(&error, "d", "no");
    tap_ok(error_collect(&error, -EINVAL) == 0 && findings.count == 2,
           "what was added is there once");
    tap_ok(error_collect(&error, 3) == 3 && findings.count == 2, "success is no finding");
}

static void test_writers(struct arena *arena)
{
    struct findings findings = {.arena = arena};
    struct text text = {.arena = arena};
    struct json json;

    findings_add(&findings, &(struct finding){.number = ENOENT,
                                              .path = "a",
                                              .file = "/f",
                                              .line = 2,
                                              .column = 3,
                                              .act = "open b",
                                              .hint = "c"});
    findings_add(&findings, &(struct finding){.severity = FINDING_WARNING, .cause = "d e"});
    findings_print(&findings, "x/c.json", &text);
    tap_text(text.bytes,
             "x/c.json:2:3: error: a: open b: no such file or directory (c)\n"
             "x/c.json: warning: d e\n",
             "as text");
    json_start(&json, arena, false);
    findings_write_json(&findings, &json);
    tap_text(json.text.bytes,
             "[{\"severity\":\"error\",\"message\":\"open b: no such file or directory\","
             "\"path\":\"a\",\"file\":\"/f\",\"line\":2,\"column\":3,\"errno\":2,\"hint\":\"c\"},"
             "{\"severity\":\"warning\",\"message\":\"d e\"}]",
             "as JSON");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_words(&arena);
    test_parts(&arena);
    test_lines();
    test_same(&arena);
    test_collect(&arena);
    test_writers(&arena);
    return tap_end();
}
