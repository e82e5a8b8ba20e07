/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a file of cases: a document and the lines it must be answered with.
 *
 *     -- check a relative working directory
 *     {"process": {"cwd": "tmp", "args": ["sh"]}}
 *     > process.cwd: must be absolute, got "tmp"
 *
 * The first word says what is run: `config`, `state`, `features`, `process`, `resources`, `mounts`
 * read the document as it stands, the last three check it too; `check-root` reads and checks a
 * configuration; `check` puts "ociVersion" and "root" in front of it. A text that ends with "..."
 * is compared up to there.
 */
#include <fcntl.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/file.h"
#include "berth/base/text.h"
#include "berth/spec/check.h"
#include "berth/spec/load.h"
#include "berth/spec/read.h"
#include "tap-error.h"
#include "tap.h"

struct document {
    struct arena *arena;
    const char *bytes;
    size_t size;
};

static int load(struct document *document, struct error *error)
{
    const struct spec_config *config;

    return spec_load_config(document->arena, document->bytes, document->size, &config, error);
}

/* Adds what every configuration needs. */
static struct document complete(const struct document *document)
{
    bool has_version = memmem(document->bytes, document->size, "\"ociVersion\"", 12) != NULL;
    bool has_root = memmem(document->bytes, document->size, "\"root\":", 7) != NULL;
    const char *text =
        arena_printf(document->arena, "{%s%s%.*s", has_version ? "" : "\"ociVersion\": \"1.3.0\", ",
                     has_root ? "" : "\"root\": {\"path\": \"rootfs\"}, ", (int) document->size - 1,
                     document->bytes + 1);

    return (struct document){document->arena, text, strlen(text)};
}

static int check_process(struct document *document, struct error *error)
{
    const struct spec_process *process = NULL;

    TRY(spec_read_process(document->arena, "process.json",
                          &(struct spec_text){document->bytes, document->size}, &process, error));
    return spec_check_process(process, error);
}

static int check_resources(struct document *document, struct error *error)
{
    const struct spec_resources *resources = NULL;

    TRY(spec_read_resources(document->arena, "resources.json",
                            &(struct spec_text){document->bytes, document->size}, &resources,
                            error));
    return spec_check_resources(resources, error);
}

static int check_mounts(struct document *document, struct error *error)
{
    const struct spec_text text = {document->bytes, document->size};
    const struct spec_mounts *mounts = NULL;

    TRY(spec_read_mounts(document->arena, "FILE", &text, &mounts, error));
    const struct spec_config config = {.mounts = mounts->mounts, .n_mounts = mounts->n_mounts};
    return spec_check_mounts(&config, error);
}

static int run(const char *kind, struct document *document, struct error *error)
{
    const struct spec_config *config;
    const struct spec_state *state;
    const struct spec_features *features;
    struct document whole;

    if (text_starts_with(kind, "config "))
        return spec_read_config(document->arena, document->bytes, document->size, &config, error);
    if (text_starts_with(kind, "state "))
        return spec_read_state(document->arena, document->bytes, document->size, &state, error);
    if (text_starts_with(kind, "features "))
        return spec_read_features(document->arena, document->bytes, document->size, &features,
                                  error);
    if (text_starts_with(kind, "process "))
        return check_process(document, error);
    if (text_starts_with(kind, "resources "))
        return check_resources(document, error);
    if (text_starts_with(kind, "mounts "))
        return check_mounts(document, error);
    if (text_starts_with(kind, "check-root "))
        return load(document, error);
    whole = complete(document);
    return load(&whole, error);
}

static bool is_expected(const char *got, const char *expected)
{
    size_t length = strlen(expected);

    if (length > 3 && text_equal(expected + length - 3, "..."))
        return strncmp(got, expected, length - 3) == 0;
    return text_equal(got, expected);
}

/* Takes the lines of a case: up to the next line that starts with `stop`. */
static char *take_lines(char **next, const char *stop)
{
    char *start = *next;
    char *end = start;

    while (*end != '\0' && !text_starts_with(end, stop)) {
        end += strcspn(end, "\n");
        end += *end == '\n';
    }
    *next = end;
    return start;
}

static void run_case(struct arena *arena, char **next)
{
    char *name = *next + strlen("-- ");
    struct error error = {0};
    struct text expected = {.arena = arena};

    *next = name + strcspn(name, "\n");
    *(*next)++ = '\0';
    char *rest = *next;
    char *end_of_case = rest;
    take_lines(&end_of_case, "-- ");
    char *lines = rest;
    char *bytes = take_lines(&lines, "> ");
    if (lines > end_of_case)
        lines = end_of_case;
    struct document document = {arena, bytes, (size_t) (lines - bytes)};
    while (document.size > 0 && document.bytes[document.size - 1] == '\n')
        document.size--;
    while (lines < end_of_case && text_starts_with(lines, "> ")) {
        size_t length = strcspn(lines, "\n");

        text_addf(&expected, "%s%.*s", expected.size > 0 ? "\n" : "", (int) length - 2, lines + 2);
        lines += length + 1;
    }
    *next = end_of_case;
    const char *wanted = expected.size > 0 ? expected.bytes : "";
    int result = run(name, &document, &error);
    const char *got = error.number == 0 ? "" : tap_error(&error);
    if (!tap_ok(is_expected(got, wanted) && (result < 0) == (wanted[0] != '\0'), "%s", name))
        printf("# expected:\n%s\n# got (%d):\n%s\n", wanted, result, got);
}

int main(int argc, char **argv)
{
    AUTO_ARENA arena = {0};
    char *bytes;

    for (int i = 1; i < argc; i++) {
        if (!tap_ok(file_read(&arena, AT_FDCWD, argv[i], &bytes, NULL) == 0, "read %s", argv[i]))
            continue;
        take_lines(&bytes, "-- ");
        while (*bytes != '\0')
            run_case(&arena, &bytes);
    }
    return tap_end();
}
