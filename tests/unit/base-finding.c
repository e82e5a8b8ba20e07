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
    const char text[80];
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
    {{.path = "a[\"\n\"]", .act = "run \033]0;x\a", .cause = "no\x7f\n2", .hint = "\r\t\302\233"},
     "a[\"\n\"]: run \033]0;x\a: no\x7f\n2 (\r\t\302\233)"},
};

static void test_words(struct arena *arena)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        tap_text(finding_text(arena, &cases[i].finding), cases[i].text, cases[i].text);
}

static void test_parts(struct arena *arena)
{
    struct error error = {0};

    tap_text(tap_error(&error), "", "error_text of no error is empty");
    tap_ok(error_set(&error, EBUSY, "it is %s", "paused") == -EBUSY && error.number == EBUSY,
           "error_set sets the errno");
    tap_text(tap_error(&error), "it is paused", "error_set: the message is the cause");
    error_at(&error, JSON_PATH("mounts[%d]", 3), EINVAL, "must be absolute");
    tap_text(tap_error(&error), "mounts[3]: must be absolute",
             "error_at puts the JSON path before the cause");
    tap_text(error_finding(&error).path, "mounts[3]",
             "error_finding returns the JSON path of the error");
    error_errno(&error, ENOENT, "open %s", "/x");
    tap_text(tap_error(&error), "open /x: no such file or directory",
             "error_errno: the cause is the text of the errno");
    tap_text(error_finding(&error).path, "", "error_errno clears the parts of the error before");
    error_prefix(&error, "load %s", "it");
    error_prefix(&error, "run");
    tap_text(tap_error(&error), "run: load it: open /x: no such file or directory",
             "error_prefix says what the failed call was needed for");
    error_set_path(&error, "process");
    error_set_file(&error, "/x");
    error_hint(&error, "make it");
    error_hint(&error, "or not");
    tap_text(tap_error(&error),
             "process: run: load it: open /x: no such file or directory (make it) (or not)",
             "JSON path and two hints appear in the text");
    tap_text(error_finding(&error).file, "/x", "error_set_file sets the file");
    error_cause(&error, "it is gone");
    tap_text(error_finding(&error).cause, "it is gone",
             "error_cause replaces the text of the errno");
    struct error copy = error;
    tap_ok(strcmp(error_text(arena, &copy), tap_error(&error)) == 0,
           "a copy of an error has the same text");
}

static void add_to(struct error *error, const char *path, const char *cause)
{
    error_add(error, &(struct finding){.number = EINVAL, .path = path, .cause = cause});
}

static void test_lines(void)
{
    struct error error = {.exit_status = 255};

    add_to(&error, "a", "no");
    tap_text(tap_error(&error), "a: no", "error_add: the first error comes first");
    tap_ok(error.exit_status == 255, "error_add keeps the exit status that was set before");
    add_to(&error, "b", "no");
    error_hint(&error, "look");
    add_to(&error, "c", "no");
    add_to(&error, "d", "no");
    tap_text(tap_error(&error), "a: no (look)\nb: no\nc: no\nd: no",
             "error_add: further errors are lines of their own");
    tap_text(error_finding(&error).path, "a", "error_add keeps the JSON path of the first error");
    for (int i = 0; i < 1000; i++)
        add_to(&error, "and", "another line that is rather long");
    const char *text = tap_error(&error);
    const char *more = strstr(text, "\n(there are more errors)");
    tap_ok(more != NULL && strchr(more + 1, '\n') == NULL,
           "error_add says once that there is no room for more errors");
    error_set(&error, EINVAL, "%5000d", 1);
    error_hint(&error, "no room");
    add_to(&error, "a", "no room");
    tap_ok(strlen(tap_error(&error)) < sizeof(error.bytes) + 100,
           "a message that is too long is cut");
}

static void test_all_lines(void)
{
    struct error one = {0}, error = {0};

    add_to(&one, "a", "no");
    error_add_all(&error, &one);
    add_to(&one, "b", "no");
    add_to(&one, "c", "no");
    tap_ok(error_add_all(&error, &one) == -EINVAL,
           "error_add_all keeps the errno of the first error");
    tap_text(tap_error(&error), "a: no\na: no\nb: no\nc: no",
             "error_add_all adds all lines of the other error");
}

static void test_long_path(void)
{
    struct error_path path;

    for (int width = 245; width <= 260; width++) {
        const char *text = error_format_path(&path, "%*s\xc3\xa9\xc3\xa9", width, "x");
        const char *end = text + strlen(text);

        if (width + 4 < (int) sizeof(path.text))
            tap_text(end - 5, "x\xc3\xa9\xc3\xa9", "a JSON path that fits is shown whole");
        else
            tap_ok(strcmp(end - 3, "...") == 0 &&
                       (end[-4] == 'x' || end[-4] == ' ' || end[-4] == '\xa9'),
                   "a longer JSON path ends with dots and is not cut within a character");
    }
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
    tap_ok(!findings_have_error(&findings), "a warning does not count as an error");
    add(&findings, FINDING_ERROR, "mounts[1]", "no");
    tap_ok(findings.count == 2 && findings_have_error(&findings),
           "an error among the findings counts");
    add(&findings, FINDING_ERROR, "mounts[1].source", "no");
    add(&findings, FINDING_ERROR, "mounts", "no");
    add(&findings, FINDING_ERROR, "mounts[1]", "no again");
    tap_ok(findings.count == 2, "a finding within, around or at a known path is known");
    add(&findings, FINDING_ERROR, "mounts[10]", "no");
    add(&findings, FINDING_ERROR, NULL, "nowhere in it");
    add(&findings, FINDING_ERROR, NULL, "nowhere else in it");
    add(&findings, FINDING_ERROR, "", "nowhere in it");
    tap_ok(findings.count == 5, "a finding with another path and words is new");
}

static void test_collect(struct arena *arena)
{
    struct findings findings = {.arena = arena};
    struct error error = {0};

    tap_ok(error_collect(&error, error_set(&error, 5, "a")) == -5 && error.number == 5,
           "error_collect without findings returns the error");
    error_clear(&error);
    error.findings = &findings;
    error_at(&error, "a", EIO, "b");
    tap_ok(error_collect(&error, error_hint(&error, "c")) == 0 && error.number == 0,
           "error_collect with findings returns 0");
    tap_ok(findings.count == 1 && findings.item[0].number == EIO,
           "error_collect moves the error into the findings");
    tap_text(findings.item[0].hint, "c", "error_collect keeps the parts of the error");
    add_to(&error, "d", "no");
    tap_ok(error_collect(&error, -EINVAL) == 0 && findings.count == 2,
           "an error that was added to the findings is there once");
    tap_ok(error_collect(&error, 3) == 3 && findings.count == 2,
           "error_collect adds nothing after success");
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
             "findings as text");
    json_start(&json, arena, false);
    findings_write_json(&findings, &json);
    tap_text(json.text.bytes,
             "[{\"severity\":\"error\",\"message\":\"open b: no such file or directory\","
             "\"path\":\"a\",\"file\":\"/f\",\"line\":2,\"column\":3,\"errno\":2,\"hint\":\"c\"},"
             "{\"severity\":\"warning\",\"message\":\"d e\"}]",
             "findings as JSON");
}

static void test_control_characters(struct arena *arena)
{
    struct findings findings = {.arena = arena};
    struct text text = {.arena = arena};
    struct json json;

    findings_add(&findings, &(struct finding){.cause = "\033[1m\tb\nc\233\177\302\233\302\240"});
    findings_print(&findings, "x\033.json", &text);
    tap_text(text.bytes, "x\\x1b.json: error: \\x1b[1m\tb\nc\\x9b\\x7f\\xc2\\x9b\302\240\n",
             "text shows control characters by their codes, except tab and newline");
    json_start(&json, arena, false);
    findings_write_json(&findings, &json);
    tap_text(json.text.bytes,
             "[{\"severity\":\"error\",\"message\":\"\\u001b[1m\\tb\\nc\xef\xbf\xbd"
             "\\u007f\\u009b\xc2\xa0\"}]",
             "JSON escapes control characters, also those from U+007F on");
}

int main(void)
{
    AUTO_ARENA arena = {0};

    test_words(&arena);
    test_parts(&arena);
    test_lines();
    test_all_lines();
    test_long_path();
    test_same(&arena);
    test_collect(&arena);
    test_writers(&arena);
    test_control_characters(&arena);
    return tap_end();
}
