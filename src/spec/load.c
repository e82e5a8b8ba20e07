/* SPDX-License-Identifier: Apache-2.0 */
#include "berth/spec/load.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "berth/base/error.h"
#include "berth/base/finding.h"
#include "berth/base/log.h"
#include "berth/spec/check.h"
#include "reader.h"
#include "report.h"

/* Returns whether the line contains a path or name, by itself or as the start of a longer path:
 * `linux` is in `linux.namespaces`. */
static bool has_name(const char *line, const char *name, size_t length)
{
    for (const char *at = line; (at = strchr(at, name[0])) != NULL; at++) {
        if (strncmp(at, name, length) == 0 && (at == line || at[-1] == ' ') &&
            !isalnum((unsigned char) at[length]))
            return true;
    }
    return false;
}

/* Returns whether a rule's line depends on the property at `path`: it is about that property or
 * names it (rules.h). */
static bool hangs_on(const char *line, const char *path)
{
    const char *dot = strrchr(path, '.');

    if (path[0] == '\0')
        return false;
    if (has_name(line, path, strlen(path)))
        return true;
    /* Lines cannot name an array item or a map key. */
    if (dot == NULL || dot[1] == '\0' || strchr(dot, ']') != NULL)
        return false;
    size_t around = (size_t) (dot - path);
    return strncmp(line, path, around) == 0 && line[around] != '\0' &&
           strchr(":.[", line[around]) != NULL &&
           has_name(line + around + 1, dot + 1, strlen(dot + 1));
}

static bool follows(const char *line, const struct text_list *at_fault)
{
    for (size_t i = 0; i < at_fault->count; i++) {
        if (hangs_on(line, at_fault->item[i]))
            return true;
    }
    return false;
}

static void add_broken(const struct findings *broken, const struct text_list *at_fault,
                       struct error *error)
{
    for (size_t i = 0; i < broken->count; i++) {
        const char *line = finding_text(broken->arena, &broken->item[i]);

        if (follows(line, at_fault))
            continue;
        if (broken->item[i].severity == FINDING_WARNING)
            log_warning_of(&broken->item[i]);
        else
            error_add(error, &broken->item[i]);
    }
}

int spec_load_config(struct arena *arena, const char *bytes, size_t size,
                     const struct spec_config **ret_config, struct error *error)
{
    struct reader reader = {.arena = arena,
                            .name = "config.json",
                            .bytes = bytes,
                            .size = size,
                            .error = error,
                            .warns = true};
    struct findings broken = {.arena = arena};
    struct error broken_rules = {.findings = &broken};
    const struct spec_config *config;
    int result = reader_read_config(&reader, &config);

    *ret_config = result < 0 ? NULL : spec_settle(arena, config);
    if (config != NULL && spec_check_config(config, &broken_rules) < 0)
        result = -EINVAL;
    add_broken(&broken, &reader.at_fault, error);
    return result;
}
