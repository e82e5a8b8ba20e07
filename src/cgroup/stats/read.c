/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "berth/base/arena.h"
#include "berth/base/error.h"
#include "berth/base/text.h"
#include "berth/cgroup/setting.h"
#include "hierarchy/files.h"
#include "stats.h"

#define NS_IN_US 1000
#define NS_IN_S 1000000000

/* The content of a file, for all rows that use it. */
struct stats_file {
    struct stats_file *next;
    const struct cgroup_place *place;
    const char *name;
    const char *text; /* NULL: the file does not exist */
};

bool stats_is_source(const struct stats_source *source)
{
    return source->file != NULL || source->setting != NULL;
}

static const char *file_of(const struct stats_writer *writer, const struct stats_source *source)
{
    if (source->setting == NULL)
        return source->file;
    return cgroup_file_of_setting(source->setting, writer->place->hierarchy->v2);
}

static const struct stats_file *find_read(const struct stats_writer *writer, const char *name)
{
    for (const struct stats_file *file = writer->files; file != NULL; file = file->next)
        if (file->place == writer->place && text_equal(file->name, name))
            return file;
    return NULL;
}

/* A file can be missing because its controller or PSI is off, the kernel has no such file, the
 * cgroup is threaded, or it is gone; cgroup_stats checks for the last at the end. */
static bool is_absent(int result)
{
    return result == -ENOENT || result == -EOPNOTSUPP || result == -ENODEV;
}

int stats_read(struct stats_writer *writer, const char *name, const char **ret_text)
{
    const struct stats_file *known = find_read(writer, name);
    char *text = NULL;

    if (known != NULL) {
        *ret_text = known->text;
        return 0;
    }
    int result = cgroup_read(writer->arena, writer->place->path, name, &text);
    if (result < 0 && !is_absent(result))
        return error_errno(writer->error, -result, "read %s/%s", writer->place->path, name);
    struct stats_file *file = ARENA_NEW(writer->arena, struct stats_file);
    *file = (struct stats_file){writer->files, writer->place, arena_string(writer->arena, name),
                                result < 0 ? NULL : text};
    writer->files = file;
    *ret_text = file->text;
    return 0;
}

char *stats_next_line(struct stats_writer *writer, const char **rest)
{
    if (**rest == '\0')
        return NULL;
    size_t length = strcspn(*rest, "\n");
    char *line = arena_copy(writer->arena, *rest, length);
    *rest += length + ((*rest)[length] == '\n');
    return line;
}

/* The text after "KEY " at the start of a line. */
static const char *find_key(struct stats_writer *writer, const char *text, const char *key)
{
    size_t length = strlen(key);
    const char *line = text;

    while (line != NULL && !(strncmp(line, key, length) == 0 && line[length] == ' ')) {
        line = strchr(line, '\n');
        line += line != NULL;
    }
    if (line == NULL)
        return NULL;
    line += length + 1;
    return arena_copy(writer->arena, line, strcspn(line, "\n"));
}

int stats_find(struct stats_writer *writer, const struct stats_source *source,
               const char **ret_text)
{
    const char *text;

    TRY(stats_read(writer, file_of(writer, source), &text));
    *ret_text = text == NULL || source->key == NULL ? text : find_key(writer, text, source->key);
    return 0;
}

int stats_find_file(struct stats_writer *writer, const struct stats_source **ret_source,
                    const char **ret_text)
{
    *ret_source = NULL;
    for (const struct stats_source *source = writer->sources;
         writer->place != NULL && stats_is_source(source); source++) {
        const char *text;

        TRY(stats_read(writer, file_of(writer, source), &text));
        if (text == NULL || text[0] == '\0')
            continue;
        *ret_source = source;
        *ret_text = text;
        break;
    }
    return 0;
}

int stats_malformed(struct stats_writer *writer, const struct stats_source *source,
                    const char *text)
{
    return error_set(writer->error, EBADMSG, "%s/%s: not as the kernel writes statistics: \"%.*s\"",
                     writer->place->path, file_of(writer, source), (int) strcspn(text, "\n"), text);
}

int stats_take(struct stats_writer *writer, const struct stats_source *source, uint64_t *ret_number,
               bool *ret_found)
{
    const char *text;

    TRY(stats_find(writer, source, &text));
    *ret_found = text != NULL;
    if (text == NULL)
        return 0;
    stats_convert_function *convert = source->convert != NULL ? source->convert : stats_number;
    return convert(text, ret_number) < 0 ? stats_malformed(writer, source, text) : 0;
}

/* --- conversions ------------------------------------------------------------------------------ */

int stats_number(const char *text, uint64_t *ret_number)
{
    uint64_t below;

    if (text_equal(text, "max")) {
        *ret_number = UINT64_MAX;
        return 0;
    }
    if (text[0] == '-' && text_to_u64(text + 1, &below) != -EINVAL) {
        *ret_number = 0;
        return 0;
    }
    return text_to_u64(text, ret_number) < 0 ? -EBADMSG : 0;
}

int stats_or_none(const char *text, uint64_t *ret_number)
{
    TRY(stats_number(text, ret_number));
    if (*ret_number == UINT64_MAX)
        *ret_number = 0;
    return 0;
}

static int convert_times(const char *text, uint64_t factor, uint64_t *ret_number)
{
    TRY(stats_number(text, ret_number));
    if (__builtin_mul_overflow(*ret_number, factor, ret_number))
        *ret_number = UINT64_MAX;
    return 0;
}

int stats_microseconds(const char *text, uint64_t *ret_number)
{
    return convert_times(text, NS_IN_US, ret_number);
}

int stats_ticks(const char *text, uint64_t *ret_number)
{
    return convert_times(text, NS_IN_S / (uint64_t) sysconf(_SC_CLK_TCK), ret_number);
}

int stats_lines(const char *text, uint64_t *ret_number)
{
    *ret_number = text[0] != '\0';
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        ++*ret_number;
    return 0;
}
